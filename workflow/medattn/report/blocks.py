"""Blocks: values that the page carries compressed and unpacks when they are looked at."""

import base64
import gzip
import json
import math
from collections.abc import Mapping
from typing import Any

_STRONGEST = 9


def packed(value: Any) -> str:
    """Return a JSON value, compressed, in Base64: the same value gives the same text."""
    plain = json.dumps(_finite(value), ensure_ascii=False, separators=(",", ":")).encode()
    return base64.b64encode(gzip.compress(plain, _STRONGEST, mtime=0)).decode()


def data_url(content: bytes, kind: str) -> str:
    """Return bytes as a URL that holds them; `kind` is their media type."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _finite(value: Any) -> Any:
    """Return `value` with nothing in the place of numbers that are none: JSON has no NaN."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
