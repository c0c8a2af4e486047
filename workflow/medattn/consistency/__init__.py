"""The arithmetic of published values: what a paper's tables say about themselves, without training anything."""
