"""Image networks by name from torchvision and timm, with stem, head and weights as a configuration says."""
