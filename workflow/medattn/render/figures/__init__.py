"""The kinds of figure, one file a kind; the file has the name of the kind."""
