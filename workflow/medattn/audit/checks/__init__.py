"""The checks of an audit, one file each; registry.py lists them in order."""
