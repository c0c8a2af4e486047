"""Tuning: what cross-validation chooses. Test images choose nothing: only validation folds of training images are read."""
