"""Embedding of data in the page: compressed JSON, and files as data URLs."""

import base64
import gzip
import json
import math
from collections.abc import Mapping
from typing import Any

_BEST_COMPRESSION = 9


def compressed_json(value: Any) -> str:
    """Return a value as gzip-compressed JSON in Base64; equal values give equal texts."""
    plain = json.dumps(_without_nan(value), ensure_ascii=False, separators=(",", ":")).encode()
    return base64.b64encode(gzip.compress(plain, _BEST_COMPRESSION, mtime=0)).decode()


def data_url(content: bytes, media_type: str) -> str:
    """Return a URL that contains `content`."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def _without_nan(value: Any) -> Any:
    """Replace NaN and infinity by None, because JSON has neither."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return value
