"""Comparisons of arms: the paper's own tests over epochs, and tests with runs as replicates, paired by seed."""
