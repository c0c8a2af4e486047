"""The closed, typed configuration: selections, papers and data sets."""
