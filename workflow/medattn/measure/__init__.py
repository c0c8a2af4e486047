"""From finished runs to numbers."""
