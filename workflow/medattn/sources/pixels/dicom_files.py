"""DICOM files of one image, by pydicom: stored values, rescaled by the file's slope and intercept."""

import io
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from medattn.errors import UserError
from medattn.sources.pixels.compressed_size import stated_sizes
from medattn.sources.pixels.stored_image import StoredImage, refuse_large, rescaled_range

_PREAMBLE = 128
_DEFLATED = (b"1.2.840.10008.1.2.1.99", b"1.2.840.10008.1.2.8.1")  # transfer syntaxes
_COLOR = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_RCT", "YBR_ICT")
_GRAY = ("MONOCHROME1", "MONOCHROME2")


def is_dicom(content: bytes, name: str) -> bool:
    """Return whether a file is DICOM, by its mark or its name."""
    return content[_PREAMBLE : _PREAMBLE + 4] == b"DICM" or name.lower().endswith((".dcm", ".dicom", ".ima"))


def read_dicom(content: bytes, named: str) -> StoredImage:
    """Read the image of a file; MONOCHROME1 is inverted.

    Raises:
        UserError: pydicom is not installed, or the file holds no image, several, or one of an unsupported kind.
    """
    try:
        import pydicom
        from pydicom.pixels import apply_modality_lut, pixel_array
    except ImportError as error:
        raise UserError(
            f"{named} is a DICOM file, which needs pydicom; run `pip install pydicom` in this environment"
        ) from error
    if content[_PREAMBLE : _PREAMBLE + 4] != b"DICM":
        raise UserError(f"{named} is not a DICOM file: it lacks the preamble with DICM")
    if any(syntax in content for syntax in _DEFLATED):
        raise UserError(f"{named} is a deflated DICOM file, whose size is not known before it is read; convert it")
    dataset = pydicom.dcmread(io.BytesIO(content))
    photometric, bits, signed = _checked_kind(dataset, named)
    limits = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    # By itself, pydicom would cut larger values to the stored bits.
    stored = _within(np.asarray(pixel_array(dataset, correct_unused_bits=False)), bits, limits, named)
    if photometric in _COLOR:
        return StoredImage(stored, "8-bit color values", limits, is_8_bit=True)
    full_range: tuple[float, float] | None = limits
    if "ModalityLUTSequence" in dataset:
        stored, full_range = np.asarray(apply_modality_lut(stored, dataset)), None
    elif (rescaling := _rescaling(dataset, named)) is not None:
        slope, intercept = rescaling
        full_range = rescaled_range(limits, slope, intercept, named)
        stored = stored.astype(np.float64)
        stored *= slope
        stored += intercept
    unchanged = full_range == limits
    return StoredImage(
        stored,
        f"{bits}-bit values" + ("" if unchanged else " rescaled by the file"),
        full_range,
        is_8_bit=bits == 8 and not signed and unchanged,
        inverted=photometric == "MONOCHROME1",
    )


def _within(values: npt.NDArray[Any], bits: int, limits: tuple[int, int], named: str) -> npt.NDArray[Any]:
    """Return the values, which the stored bits allow; negative ones may have zeros in the bits above.

    Raises:
        UserError: a value needs more bits.
    """
    smallest, largest = int(values.min()), int(values.max())
    if smallest < limits[0] or largest >= 1 << bits:
        raise UserError(
            f"{named} holds values from {smallest} to {largest}, but its {bits} stored bits allow {limits[0]} to "
            f"{limits[1]}; convert it"
        )
    return values if largest <= limits[1] else np.where(values > limits[1], values - (1 << bits), values)


def _checked_kind(dataset: Any, named: str) -> tuple[str, int, bool]:
    """Return photometric interpretation, stored bits and whether values are signed, of one image of a supported kind.

    Raises:
        UserError: the file holds no image, several, too large a one, or one of another kind.
    """
    if "PixelData" not in dataset:
        raise UserError(f"{named} holds no image")
    if (frames := int(dataset.get("NumberOfFrames") or 1)) > 1:
        raise UserError(f"{named} holds {frames} images; keep one")
    width, height = int(dataset.Columns), int(dataset.Rows)
    refuse_large(width, height, named)
    photometric, samples = str(dataset.PhotometricInterpretation), int(dataset.get("SamplesPerPixel", 1))
    bits, signed = int(dataset.BitsStored), int(dataset.PixelRepresentation) == 1
    if photometric not in (*_COLOR, *_GRAY):
        raise UserError(f"{named} has the photometric interpretation {photometric}, which is not supported; convert it")
    if samples != (3 if photometric in _COLOR else 1):
        raise UserError(f"{named} has {samples} values a pixel, which {photometric} can't have; correct the file")
    if photometric in _COLOR and (bits != 8 or signed):
        raise UserError(f"{named} is a color image with {bits} bits; convert it to 8 bits")
    highest = int(dataset.get("HighBit", bits - 1))
    if highest != bits - 1:
        raise UserError(
            f"{named} stores {bits} bits up to bit {highest}, but they are read from bit 0 to {bits - 1}; convert it"
        )
    _refuse_more_than_stated(dataset, width, height, samples, named)
    return photometric, bits, signed


def _refuse_more_than_stated(dataset: Any, width: int, height: int, samples: int, named: str) -> None:
    """Refuse pixel data that hold more than the one image that the file states.

    Raises:
        UserError: the compressed image is larger, or the data have room for a second image.
    """
    from pydicom.encaps import generate_fragments
    from pydicom.uid import RLELossless

    expected = width * height * samples * (int(dataset.BitsAllocated) + 7) // 8
    if not dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        if len(dataset.PixelData) > 2 * expected:  # an image of one byte has one of padding
            raise UserError(f"{named} holds the data of several images but states one; keep one")
        return
    compressed = b"".join(generate_fragments(dataset.PixelData))
    # RLE takes 129 bytes for 128 at most, and each can unpack to 64.
    if dataset.file_meta.TransferSyntaxUID == RLELossless and len(compressed) > 2 * expected + 1024:
        raise UserError(
            f"{named} holds {len(compressed)} compressed bytes, more than its {width} x {height} pixels need"
        )
    for columns, rows in stated_sizes(compressed):
        if columns > width or rows > height:
            raise UserError(
                f"{named} states {width} x {height} pixels, but the compressed image in it has {columns} x {rows}; "
                "correct the file"
            )


def _rescaling(dataset: Any, named: str) -> tuple[float, float] | None:
    """Return slope and intercept of a file, of which one may be missing; None if both are.

    Raises:
        UserError: one of them is not a number, or the slope is 0.
    """
    found = {}
    for key, default in (("RescaleSlope", 1.0), ("RescaleIntercept", 0.0)):
        value = dataset.get(key, default)
        try:
            found[key] = float(value)
        except (TypeError, ValueError) as error:
            raise UserError(f"{named} has a {key} that is not a number; correct the file") from error
        if not math.isfinite(found[key]) or found["RescaleSlope"] == 0:
            raise UserError(
                f"{named} has the {key} {found[key]:g}, by which values can't be rescaled; correct the file"
            )
    present = any(key in dataset for key in found)
    return (found["RescaleSlope"], found["RescaleIntercept"]) if present else None
