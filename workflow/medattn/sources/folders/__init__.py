"""Helpers of sources that list a folder of image files; they open no image."""
