"""The closed, typed configuration: selections (config.yaml), papers (paper.yaml) and data sets (registry.yaml)."""
