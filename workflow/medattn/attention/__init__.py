"""Attention mechanisms, one file each; the name of the file is the name of the mechanism.

To add a mechanism, add a file with a class that derives from `mechanism.BlockAttention` (inside a network) or
`mechanism.InputAttention` (on the images), registered under the file's name. Its hyper-parameters are the
keyword-only arguments of its constructor, annotated with bounds and meaning.

All mechanisms share one vocabulary of hyper-parameters: `reduction` (divisor of the channels in a bottleneck), `kernel`
(side in pixels), `bias`, `scales` (number of scales 1, 2, 4, ...), `normalization`, `weight_shape`, `initial_weight`,
`slots` (rows of a memory), `eps` (term added to a divisor), `coefficient` (weight of a term of the loss).
"""
