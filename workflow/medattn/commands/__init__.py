"""The commands of `medattn`, one file each: `add_arguments` declares its arguments, `run` executes it."""
