"""The research object: results, records and what made them, described for people and programs without this software."""
