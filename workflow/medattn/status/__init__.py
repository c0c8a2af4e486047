"""How far the training of a plan is, seen from the files that it leaves while it goes on, on whatever machine."""
