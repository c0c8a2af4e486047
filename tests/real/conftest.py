"""Where the official images are."""

import os
from pathlib import Path

import pytest


@pytest.fixture
def real_data() -> Path:
    folder = os.environ.get("MEDATTN_DATA")
    if not folder:
        pytest.skip("needs real data: set MEDATTN_DATA to a folder with breastmnist.npz and retinamnist.npz")
    return Path(folder)
