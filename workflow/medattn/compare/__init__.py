"""Comparing arms twice: by the paper's own tests over epochs, and with runs as replicates, paired by seed."""
