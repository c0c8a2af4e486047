"""What networks cost: parameters, multiply-accumulates by several counting rules, activation memory, speed."""
