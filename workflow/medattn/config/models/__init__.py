"""Pydantic models of the configuration files: selection, paper, facts, data set registry."""
