"""The kinds of figure: a file per kind, which has the name of the kind and a function `draw`."""
