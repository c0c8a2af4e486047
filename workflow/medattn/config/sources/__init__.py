"""Options of the sources that images are read from."""
