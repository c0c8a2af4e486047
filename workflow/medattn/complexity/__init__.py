"""Costs of networks: parameters, multiply-accumulates by several counting rules, activation memory, speed."""
