"""medattn re-runs papers on attention in medical image classification and proves where every number came from."""

from medattn.version import __version__

__all__ = ["__version__"]
