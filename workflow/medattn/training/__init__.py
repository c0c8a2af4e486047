"""Training: images on the device, the loop over epochs, checkpoints, runs and packs."""
