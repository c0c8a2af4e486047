"""DICOM files of one image, by pydicom: stored values, rescaled by the file's slope and intercept."""

import io
from typing import Any

import numpy as np

from medattn.errors import UserError
from medattn.sources.pixels.stored_image import StoredImage, refuse_large

_PREAMBLE = 128
_DEFLATED = (b"1.2.840.10008.1.2.1.99", b"1.2.840.10008.1.2.8.1")  # transfer syntaxes
_COLOR = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_RCT", "YBR_ICT")


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
    if "PixelData" not in dataset:
        raise UserError(f"{named} holds no image")
    if int(dataset.get("NumberOfFrames") or 1) > 1:
        raise UserError(f"{named} holds {dataset.NumberOfFrames} images; keep one")
    refuse_large(int(dataset.Columns), int(dataset.Rows), named)
    photometric = str(dataset.PhotometricInterpretation)
    bits, signed = int(dataset.BitsStored), int(dataset.PixelRepresentation) == 1
    if photometric in _COLOR:
        if bits != 8 or signed:
            raise UserError(f"{named} is a color image with {bits} bits; convert it to 8 bits")
        return StoredImage(np.asarray(pixel_array(dataset)), "8-bit color values", (0, 255), is_8_bit=True)
    if photometric not in ("MONOCHROME1", "MONOCHROME2"):
        raise UserError(f"{named} has the photometric interpretation {photometric}, which is not supported; convert it")
    stored = np.asarray(pixel_array(dataset))
    limits = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    values, full_range = np.asarray(apply_modality_lut(stored, dataset)), _rescaled(dataset, limits)
    unchanged = full_range == limits and "ModalityLUTSequence" not in dataset
    return StoredImage(
        values,
        f"{bits}-bit values" + ("" if unchanged else " rescaled by the file"),
        full_range,
        is_8_bit=bits == 8 and not signed and unchanged,
        inverted=photometric == "MONOCHROME1",
    )


def _rescaled(dataset: Any, limits: tuple[int, int]) -> tuple[float, float] | None:
    """Return the range of the rescaled values; None where a table of the file rescales them."""
    if "ModalityLUTSequence" in dataset:
        return None
    slope, intercept = float(dataset.get("RescaleSlope", 1)), float(dataset.get("RescaleIntercept", 0))
    first, second = (slope * limit + intercept for limit in limits)
    return min(first, second), max(first, second)
