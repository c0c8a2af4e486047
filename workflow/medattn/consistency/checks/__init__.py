"""The checks, one a file: each reads the evidence of one paper and yields findings."""
