"""PNG, JPEG, TIFF, BMP and PPM files with the depth that the file has.

Pillow gives 8 bits for files that have more, such as color PNG with 16 bits: the depth is read from the file itself.
"""

import io
import re
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile, ImageOps

from medattn.errors import UserError
from medattn.sources.pixels.image_bands import as_array, has_transparent_pixels
from medattn.sources.pixels.stored_image import StoredImage, refuse_large

FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "PPM")
_EIGHT_BIT = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr"}
_BITS, _PHOTOMETRIC, _SAMPLE_FORMAT, _ORIENTATION = 258, 262, 339, 274  # tags of TIFF and EXIF
_UNSIGNED, _SIGNED, _FLOAT = 1, 2, 3
_PNG_COLOR_TYPE = {0: "gray", 2: "color", 3: "palette", 4: "gray with alpha", 6: "color with alpha"}


def read_picture(content: bytes, named: str, channels: int) -> StoredImage:
    """Decode a file.

    Args:
        content: its bytes.
        named: what to call the image in messages.
        channels: 1 or 3, those of the data set.

    Raises:
        UserError: the file holds several images, too many pixels, transparent pixels or values that can't be read
            exactly.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
                refuse_large(opened.width, opened.height, named)
                if getattr(opened, "n_frames", 1) > 1:
                    raise UserError(f"{named} holds several images; keep one")
                return _deep(opened, content, named) or _eight_bit(opened, named, channels)
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            raise UserError(f"{named} is too large ({error})") from error


def _eight_bit(opened: Image.Image, named: str, channels: int) -> StoredImage:
    if opened.mode not in _EIGHT_BIT:
        raise UserError(f"{named} is not an 8-bit image (mode {opened.mode}); convert it")
    ImageOps.exif_transpose(opened, in_place=True)
    if has_transparent_pixels(opened):
        raise _transparent(named)
    return StoredImage(as_array(opened, "L" if channels == 1 else "RGB"), "8-bit values", (0, 255), True)


def _deep(opened: ImageFile.ImageFile, content: bytes, named: str) -> StoredImage | None:
    """Return the values of a file that stores more than 8 bits, or signed numbers or floats; else None."""
    if opened.format == "PNG":
        return _deep_png(opened, content, named) if content[24] > 8 else None
    if opened.format == "TIFF":
        return _deep_tiff(opened, named)
    if opened.format == "PPM":
        return _deep_ppm(opened, content, named)
    return None


def _deep_png(opened: Image.Image, content: bytes, named: str) -> StoredImage:
    bits, kind = content[24], _PNG_COLOR_TYPE.get(content[25], "unknown")
    if kind == "gray":
        ImageOps.exif_transpose(opened, in_place=True)
        values = np.asarray(opened).astype(np.uint16, copy=False)
    else:
        if opened.getexif().get(_ORIENTATION, 1) != 1:
            raise UserError(f"{named} has {bits} bits and is rotated by its EXIF data; save it upright")
        values = _png_by_torchvision(content)
        if "alpha" in kind:
            if values[..., -1].min() < (1 << bits) - 1:
                raise _transparent(named)
            values = values[..., :-1]
        values = values[..., 0] if values.shape[-1] == 1 else values
    if (key := opened.info.get("transparency")) is not None and _has_pixel(values, key):
        raise _transparent(named)
    return StoredImage(values, f"{bits}-bit {kind} values", (0, (1 << bits) - 1))


def _has_pixel(values: npt.NDArray[Any], key: int | tuple[int, ...]) -> bool:
    """Return whether a pixel has the value, or in color the values, that a file declares transparent."""
    if isinstance(key, int):
        return bool((values == key).any())
    return bool(np.logical_and.reduce([values[..., channel] == value for channel, value in enumerate(key)]).any())


def _transparent(named: str) -> UserError:
    return UserError(f"{named} has transparent pixels, whose brightness is not known; remove the alpha channel")


def _png_by_torchvision(content: bytes) -> npt.NDArray[Any]:
    """Decode with all bits, (H, W, C); torchvision takes seconds to import, and few files need it."""
    import torch
    from torchvision.io import ImageReadMode, decode_png

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        tensor = decode_png(torch.frombuffer(bytearray(content), dtype=torch.uint8), ImageReadMode.UNCHANGED)
    return np.asarray(tensor.numpy()).transpose(1, 2, 0).astype(np.uint16)


def _deep_tiff(opened: Image.Image, named: str) -> StoredImage | None:
    tags = opened.tag_v2  # type: ignore[attr-defined]  # TIFF files have tags
    bits, formats = tuple(tags.get(_BITS, (1,))), set(tags.get(_SAMPLE_FORMAT, (_UNSIGNED,)))
    if max(bits) <= 8 and formats <= {_UNSIGNED, 4}:
        return None
    if len(bits) > 1:
        raise UserError(
            f"{named} is a TIFF file with {max(bits)} bits for each of {len(bits)} channels, which can't be read "
            "exactly; save it as PNG with 16 bits"
        )
    depth, signed = bits[0], formats == {_SIGNED}
    ImageOps.exif_transpose(opened, in_place=True)
    values = np.asarray(opened)
    inverted = tags.get(_PHOTOMETRIC) == 0 and depth > 8  # Pillow inverts 8 bits itself
    if formats == {_FLOAT}:
        return StoredImage(values, f"{depth}-bit floats", None, inverted=inverted)
    if depth == 32 and not signed:
        values = values.view(np.uint32)
    elif depth == 16 and signed:
        values = values.astype(np.int16)
    elif depth == 8:
        values = values.view(np.int8)
    limits = (-(1 << depth - 1), (1 << depth - 1) - 1) if signed else (0, (1 << depth) - 1)
    return StoredImage(values, f"{depth}-bit {'signed ' if signed else ''}values", limits, inverted=inverted)


def _deep_ppm(opened: ImageFile.ImageFile, content: bytes, named: str) -> StoredImage | None:
    if _ppm_goes_on(opened, content):
        raise UserError(f"{named} holds several images; keep one")
    if opened.mode == "F":
        return StoredImage(np.asarray(opened), "floats", None)
    largest = _ppm_largest(opened)
    if largest <= 255:
        return None
    if opened.mode == "RGB":
        raise UserError(
            f"{named} is a color PPM file with values up to {largest}, which can't be read exactly; save it as PNG "
            "with 16 bits"
        )
    # Pillow stretches the values to 16 bits.
    values = np.rint(np.asarray(opened).astype(np.float64) * (largest / 65535)).astype(np.uint16)
    return StoredImage(values, f"values of at most {largest}", (0, largest))


def _ppm_largest(opened: ImageFile.ImageFile) -> int:
    """Return the largest value that the header of a file allows, which Pillow has read for its decoder."""
    arguments = opened.tile[0].args
    return int(arguments[1]) if isinstance(arguments, tuple) else 65535 if arguments == "I;16B" else 255


def _ppm_goes_on(opened: ImageFile.ImageFile, content: bytes) -> bool:
    """Return whether another image begins after the first one, which Pillow passes over."""
    rest = content[opened.tile[0].offset :]
    if content[:2] in (b"P1", b"P2", b"P3"):
        return re.search(rb"P[1-6]\s", re.sub(rb"#[^\r\n]*", b"", rest)) is not None
    bits = {"1": 1, "F": 32}.get(opened.mode) or 8 * len(opened.getbands()) * (2 if _ppm_largest(opened) > 255 else 1)
    return re.match(rb"\s*P[1-6]\s", rest[(opened.width * bits + 7) // 8 * opened.height :]) is not None
