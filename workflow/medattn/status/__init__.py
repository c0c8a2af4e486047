"""The status of a plan while it is trained, read from the files of its runs, on any machine."""
