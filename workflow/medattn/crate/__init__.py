"""Export of results as a research object (RO-Crate) that can be read without this software."""
