"""Protocols: how the runs of a cell become a measurement. One file a kind; `registry` finds them."""
