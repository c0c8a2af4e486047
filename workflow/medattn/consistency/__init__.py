"""The arithmetic of printed numbers: what a paper's tables say about themselves, without training anything."""
