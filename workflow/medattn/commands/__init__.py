"""The commands of `medattn`, one file each; the docstring of the file is the manual page."""
