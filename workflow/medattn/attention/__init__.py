"""Attention mechanisms, one file each; the name of the file is the name of the mechanism.

To add a mechanism, add a file: a class that derives from `mechanism.InputAttention`, registered under the file's
name. Its hyper-parameters are the keyword-only arguments of its constructor, annotated with bounds and meaning.
"""
