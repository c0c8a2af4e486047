"""The commands of `medattn`, one file each: `add_arguments` says what it takes, `run` does it."""
