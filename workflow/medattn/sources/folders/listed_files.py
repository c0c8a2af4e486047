"""Content of the files of a listing: bytes and hashes, without decoding an image."""

import hashlib
import stat

from medattn.errors import UserError
from medattn.sources.image_folder import ImageListing, ListedImage
from medattn.sources.original_file import SourceFile, source_file

LARGEST_IMAGE_FILE = 1 << 30
"""Bytes of the largest image file that is read."""


class HashOfImages:
    """One hash of all image files: that of lines `<SHA-256>  <name>` of each, in the order of the listing."""

    def __init__(self) -> None:
        self._digest, self._bytes, self._files = hashlib.sha256(), 0, 0

    def add(self, image: ListedImage, content: bytes) -> None:
        """Add an image file with its bytes."""
        self._digest.update(f"{hashlib.sha256(content).hexdigest()}  {image.name}\n".encode())
        self._bytes += len(content)
        self._files += 1

    def file(self) -> SourceFile:
        """Return number, bytes and hash of all image files as those of one file."""
        return SourceFile(f"images ({self._files} files)", self._bytes, self._digest.hexdigest())


def listed_files(listing: ImageListing) -> tuple[SourceFile, ...]:
    """Return size and hash of the tables and of all images together, as reading the images records them.

    Raises:
        UserError: a file can't be read.
    """
    together = HashOfImages()
    for image in listing.images:
        together.add(image, image_content(image))
    return (*table_files(listing), together.file())


def table_files(listing: ImageListing) -> tuple[SourceFile, ...]:
    """Return size and hash of the tables."""
    return tuple(source_file(table) for table in listing.tables)


def image_content(image: ListedImage) -> bytes:
    """Return the bytes of an image file.

    Raises:
        UserError: the file is missing, unreadable, too large, or no plain file, such as a pipe or a device.
    """
    named = f"{image.where}: {image.name}"
    try:
        found = image.file.stat()
        if not stat.S_ISREG(found.st_mode):
            raise UserError(f"{named} is not a file; replace it by the image")
        if found.st_size > LARGEST_IMAGE_FILE:
            raise UserError(f"{named} has {found.st_size} bytes; image files of up to {LARGEST_IMAGE_FILE} are read")
        return image.file.read_bytes()
    except FileNotFoundError as error:
        raise UserError(f"{named} is missing from the folder; put it back") from error
    except OSError as error:
        raise UserError(f"{named} can't be read ({error.strerror})") from error
