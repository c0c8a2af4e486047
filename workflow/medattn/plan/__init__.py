"""The plan: from a configuration to cells, runs and packs. It imports no numerical library, to start fast."""
