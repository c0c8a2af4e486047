"""Tuning: what cross-validation chooses. Test images choose nothing: only folds of training images are read."""
