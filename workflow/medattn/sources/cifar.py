"""CIFAR-10 and CIFAR-100 from the official binary archives: 32 x 32 color images, 50,000 to train and 10,000 to test.

The better known Python archives are pickles, which are never loaded. The members are read from the archive by name and
checked by size; nothing is unpacked to disk.
"""

import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from medattn.closed_model import MAX_FILE
from medattn.errors import UserError
from medattn.sources.base import Channels, DatasetFacts, ImageSource
from medattn.sources.original_file import Download, check_original

if TYPE_CHECKING:
    from medattn.sources.pixels.source_data import Images, Labels, SourceData

_SIDE = 32
_PIXELS = 3 * _SIDE * _SIDE


@dataclass(frozen=True)
class _ArchiveFormat:
    """Members of an archive, and the bytes of labels before each image, of which the last is used."""

    train: tuple[str, ...]
    test: str
    names: str
    label_bytes: int


_FORMATS = {
    10: _ArchiveFormat(
        tuple(f"cifar-10-batches-bin/data_batch_{number}.bin" for number in range(1, 6)),
        "cifar-10-batches-bin/test_batch.bin",
        "cifar-10-batches-bin/batches.meta.txt",
        1,
    ),
    100: _ArchiveFormat(
        ("cifar-100-binary/train.bin",), "cifar-100-binary/test.bin", "cifar-100-binary/fine_label_names.txt", 2
    ),
}
_LARGEST_MEMBER = 50_000 * (_PIXELS + 2)


class CifarSource(ImageSource):
    """CIFAR-10 or CIFAR-100 (fine labels), the official binary archive, by path or by download."""

    kind: Literal["cifar"]
    labels: Literal[10, 100] = Field(description="number of classes: 10, or 100 (the fine labels)")
    url: str = Field(pattern=r"^https?://", description="address of the archive, for `medattn fetch`")
    md5: str = Field(pattern=r"^[0-9a-f]{32}$", description="official MD5 of the archive")
    bytes: int = Field(gt=0, le=MAX_FILE, description="size of the archive in bytes")

    @property
    def download(self) -> Download:
        """The official binary archive."""
        return Download(f"cifar-{self.labels}-binary.tar.gz", self.url, self.md5, self.bytes)

    @property
    def shape(self) -> tuple[int, Channels]:
        """Height (which is the width) in pixels, and channels of the images."""
        return 32, 3

    def read(self, dataset: DatasetFacts, path: Path, scratch: Path | None = None) -> "SourceData":
        """Read the binary archive at `path` after checking its size and MD5.

        Raises:
            UserError: the archive is missing, is not the official one or lacks a member, or its classes are not those
                of the data set.
        """
        import numpy as np

        from medattn.sources.pixels.source_data import SourceData, Split

        file = check_original(self.download, path)
        form = _FORMATS[self.labels]
        members = _members(path, {*form.train, form.test, form.names})
        names = [name for name in members[form.names].decode("ascii", "replace").split("\n") if name.strip()]
        if names != list(dataset.classes):
            raise UserError(
                f"{path}: its classes are {', '.join(names[:4])}, ..., not those of the data set, in this order"
            )
        train = [_images(members[name], form, f"{path}: {name}") for name in form.train]
        images, labels = (np.concatenate(part) for part in zip(*train, strict=True))
        test = _images(members[form.test], form, f"{path}: {form.test}")
        return SourceData({"train": Split(images, labels), "test": Split(*test)}, (file,))


def _members(path: Path, wanted: set[str]) -> dict[str, bytes]:
    """Return the contents of the wanted members, which must be plain files of the size that they can have."""
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                if member.name not in wanted:
                    continue
                stream = archive.extractfile(member) if member.isreg() and member.size <= _LARGEST_MEMBER else None
                if stream is None or member.name in found:
                    raise UserError(f"{path}: {member.name} is not the plain file that it should be")
                found[member.name] = stream.read()
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise UserError(f"{path}: not a readable tar.gz archive ({error})") from error
    for name in sorted(wanted - set(found)):
        raise UserError(f"{path}: has no {name}")
    return found


def _images(content: bytes, form: _ArchiveFormat, where: str) -> tuple["Images", "Labels"]:
    """Return uint8 (N, 32, 32, 3) and int64 (N,): a record is the labels, then planes of red, green and blue."""
    import numpy as np

    record = form.label_bytes + _PIXELS
    if not content or len(content) % record:
        raise UserError(f"{where} has {len(content)} bytes, no multiple of the {record} of a record")
    records = np.frombuffer(content, dtype=np.uint8).reshape(-1, record)
    planes = records[:, form.label_bytes :].reshape(-1, 3, _SIDE, _SIDE)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), records[:, form.label_bytes - 1].astype(np.int64)
