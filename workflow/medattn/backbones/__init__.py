"""Backbones by name from torchvision, timm and this folder, with the configured stem, classes and weights."""
