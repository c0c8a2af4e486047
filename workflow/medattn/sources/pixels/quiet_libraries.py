"""Silence of the libraries that decode images: a refusal is one line, and a success is none."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

_LOGGERS = ("PIL", "pydicom", "nibabel.global")


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Keep warnings and log messages of the libraries from stderr within the block."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.CRITICAL + 1)  # without handlers of ours, Python would print their warnings
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
