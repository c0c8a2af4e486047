"""Seeds of random streams that do not depend on how a run is executed.

Each use of randomness has its own stream, seeded by a hash of seed, purpose and epoch. Packing order, resuming and the
number of workers therefore can't change a result.
"""

import hashlib


def derive_seed(seed: int, purpose: str, epoch: int = 0) -> int:
    """Return the 63-bit seed of the stream for `purpose` ("initialization", "order", ...) at `epoch`."""
    digest = hashlib.sha256(f"{seed}/{purpose}/{epoch}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
