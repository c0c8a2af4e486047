"""Training: data on the device, the loop over epochs, checkpoints, and the life of a run and of a pack."""
