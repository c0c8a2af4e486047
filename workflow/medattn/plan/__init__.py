"""The plan: from a configuration to cells, runs and packs. Standard library and configuration only, so that it is fast."""
