"""Litter: files that systems and programs leave in folders, which are neither images nor results.

Readers of image folders and of folders of YAML files skip litter, and the seal of a results folder leaves it out.
"""

import re
from fnmatch import translate
from pathlib import PurePath

LITTER = (
    # Hidden files and folders of any program: .DS_Store, ._x.png, .nfs0000, .~lock.x#, .Trash-1000, .directory, .git
    ".*",
    # macOS
    "__MACOSX",
    "Icon\r",
    # Windows
    "Thumbs.db",
    "Thumbs.db:encryptable",
    "ehthumbs*.db",
    "desktop.ini",
    "$RECYCLE.BIN",
    "RECYCLER",
    "System Volume Information",
    "*:Zone.Identifier",
    # Linux
    "lost+found",
    # File servers and synchronization
    "@*",  # Synology and QNAP: @eaDir, @Recycle, @Recently-Snapshot, @tmp
    "#recycle",
    "#snapshot",
    "~snapshot",
    "*.sync-conflict-*",
    # Editors and office programs
    "~$*",
    "~WR[DLA]*.tmp",
    "#*#",
    "*~",
    "*.sw[op]",
    "*.bak",
    "*.tmp",
    "*.temp",
    "__pycache__",
    "Picasa.ini",
    "ZbThumbnail.info",
    # Unfinished downloads and copies
    "*.part",
    "*.partial",
    "*.filepart",
    "*.crdownload",
    "*.download",
    "*.opdownload",
    "*.aria2",
)
"""Patterns of names, of files and folders, regardless of case."""

_PATTERN = re.compile("|".join(translate(pattern) for pattern in LITTER), re.IGNORECASE)


def is_litter_name(name: str) -> bool:
    """Return whether a file or folder of this name, without folders, is litter."""
    return name not in (".", "..") and _PATTERN.match(name) is not None


def is_litter(path: PurePath) -> bool:
    """Return whether a file or a folder above it has a name of litter.

    Args:
        path: path relative to the folder that is read, so that folders above that one do not count.
    """
    return any(is_litter_name(part) for part in path.parts)
