"""Attention mechanisms, one file each; the name of the file is the name of the mechanism.

To add a mechanism, add a file: a class that derives from `mechanism.BlockAttention` (inside a network) or
`mechanism.InputAttention` (on the images), registered under the file's name. Its hyper-parameters are the
keyword-only arguments of its constructor, annotated with bounds and meaning.

One vocabulary of hyper-parameters: `reduction` (divisor of the channels in a bottleneck), `kernel` (side in pixels),
`bias`, `scales` (1, 2, 4, ...: how many of them), `normalization`, `weight_shape`, `initial_weight`, `slots` (rows of a
memory), `eps` (added to what is divided by), `coefficient` (weight of a term of the loss).
"""
