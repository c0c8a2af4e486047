"""The answer: the effect of each attention mechanism, pooled over data sets, with its interval, cost and verdict."""
