"""The plan: from a configuration to cells, runs and packs. No numerical library, so that it is fast."""
