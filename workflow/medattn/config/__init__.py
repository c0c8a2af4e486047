"""The configuration: reading, validating and resolving selections and papers, without importing torch.

- models/: pydantic models of all configuration files.
- sources/: models of the sources of data sets.
- networks/: facts about networks that planning needs (catalog, architectures).
- mechanisms.py, constructor_options.py: mechanisms and their options, read from source files.
- yaml_files.py, validation.py: reading a file, and errors as one line.
- load.py, experiments.py, arms.py, overrides.py, cross_references.py: from files to the resolved configuration.
- resolved.py: the resolved configuration, the only part that later stages pass around.
- manual/: generator of config/README.md and of the JSON schemas.
"""
