"""The consistency checks, one file each: each reads the values of one paper and yields results."""
