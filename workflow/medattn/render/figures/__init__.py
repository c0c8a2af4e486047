"""Figures: the kinds in kinds/, and the look, panels and images that they share."""
