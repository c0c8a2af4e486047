"""DICOM and NIfTI files, where pydicom and nibabel are installed."""

import gzip
import io
import logging
import struct
import sys
import warnings

import numpy as np
import pytest
from PIL import Image

from medattn.errors import UserError

from .test_depths import pixels, read, saved

STORED = np.arange(64, dtype=np.uint16).reshape(8, 8) * 16  # 0 to 1008


def dicom(values=STORED, bits=12, **tags) -> bytes:
    pydicom = pytest.importorskip("pydicom")
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", "1.2.3"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset(None, {}, file_meta=meta, preamble=bytes(128))
    dataset.SOPClassUID, dataset.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    dataset.Rows, dataset.Columns = values.shape[:2]
    dataset.SamplesPerPixel = 3 if values.ndim == 3 else 1
    if values.ndim == 3:
        dataset.PlanarConfiguration = 0
    dataset.PhotometricInterpretation = "RGB" if values.ndim == 3 else "MONOCHROME2"
    dataset.BitsAllocated = 8 * values.dtype.itemsize
    dataset.BitsStored, dataset.HighBit = bits, bits - 1
    dataset.PixelRepresentation = int(values.dtype.kind == "i")
    for name, value in tags.items():
        setattr(dataset, name, value)
    dataset.PixelData = values.tobytes()
    stream = io.BytesIO()
    pydicom.dcmwrite(stream, dataset)
    return stream.getvalue()


def nifti(values, affine=None, second=False, **header) -> bytes:
    nibabel = pytest.importorskip("nibabel")
    image = (nibabel.Nifti2Image if second else nibabel.Nifti1Image)(values, np.eye(4) if affine is None else affine)
    image.header.set_slope_inter(header.get("slope", 1), header.get("intercept", 0))
    return image.to_bytes()


WINDOW = {"low": 0.0, "high": 1020.0}


@pytest.mark.parametrize("name", ["x.dcm", "x.IMA", "without-ending"])
def test_dicom_needs_a_declared_window(tmp_path, name):
    with pytest.raises(UserError, match=f"row 2: train-{name} is not an 8-bit image: it holds 12-bit values from 0 to"):
        read(tmp_path / "a", name, dicom())
    assert np.array_equal(pixels(tmp_path / "a", name, dicom(), window=WINDOW)[..., 0], np.rint(STORED / 4))


def test_the_window_is_in_rescaled_units(tmp_path):
    content = dicom(RescaleSlope=2, RescaleIntercept=-1024)
    image = pixels(tmp_path / "a", "x.dcm", content, window={"center": 0.0, "width": 1000.0})
    expected = np.clip((STORED * 2.0 - 1024 + 500) / 1000, 0, 1) * 255
    assert np.array_equal(image[..., 0], np.rint(expected))


def test_signed_values_and_full_range(tmp_path):
    values = STORED.astype(np.int16) - 500
    image = pixels(tmp_path / "a", "x.dcm", dicom(values, bits=16), scaling="full-range")
    assert np.array_equal(image[..., 0], np.rint((values.astype(float) + 32768) / 65535 * 255))
    image = pixels(tmp_path / "a", "x.dcm", dicom(bits=12, RescaleSlope=3, RescaleIntercept=7), scaling="full-range")
    assert np.array_equal(image[..., 0], np.rint(STORED / 4095 * 255))


def test_monochrome1_is_inverted(tmp_path):
    normal = pixels(tmp_path / "a", "x.dcm", dicom(), window=WINDOW)
    inverted = pixels(tmp_path / "a", "x.dcm", dicom(PhotometricInterpretation="MONOCHROME1"), window=WINDOW)
    assert np.array_equal(inverted, 255 - normal)


def test_8_bit_dicom_is_read_as_it_is(tmp_path):
    gray = (STORED // 16).astype(np.uint8)
    assert np.array_equal(pixels(tmp_path / "a", "x.dcm", dicom(gray, bits=8))[..., 0], gray)
    color = np.stack([gray, gray * 2, gray * 3], axis=-1)
    assert np.array_equal(pixels(tmp_path / "a", "x.dcm", dicom(color, bits=8), 3), color)


@pytest.mark.parametrize(("slope", "intercept"), [(3, None), (None, -1024), (1, 0)])
def test_a_missing_slope_is_1_and_a_missing_intercept_0(tmp_path, slope, intercept):
    tags = {"RescaleSlope": slope, "RescaleIntercept": intercept}
    content = dicom(**{key: value for key, value in tags.items() if value is not None})
    low, high = (1 if slope is None else slope) * 0 + (intercept or 0), (slope or 1) * 1020 + (intercept or 0)
    image = pixels(tmp_path / "a", "x.dcm", content, window={"low": float(low), "high": float(high)})
    assert np.array_equal(image[..., 0], np.rint(STORED / 4))
    image = pixels(tmp_path / "a", "x.dcm", content, scaling="full-range")
    assert np.array_equal(image[..., 0], np.rint(STORED / 4095 * 255))


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ({"HighBit": 15}, "stores 12 bits up to bit 15"),
        ({"BitsStored": 8, "HighBit": 7}, "values from 0 to 1008, but its 8 stored bits allow 0 to 255"),
        ({"RescaleSlope": 0, "RescaleIntercept": 5}, "RescaleSlope 0"),
        ({"RescaleSlope": "1e305", "RescaleIntercept": 5}, "which leave no range of values"),
        ({"RescaleSlope": None, "RescaleIntercept": 5}, "a RescaleSlope that is not a number"),
        ({"RescaleIntercept": "1e300"}, "which leave no range of values"),
        ({"SamplesPerPixel": 3}, "has 3 values a pixel, which MONOCHROME2 can't have"),
        ({"PhotometricInterpretation": "RGB"}, "has 1 values a pixel, which RGB can't have"),
        ({"Rows": 2, "Columns": 8}, "holds the data of several images"),
        ({"NumberOfFrames": 3}, "holds 3 images"),
        ({"Rows": 60000, "Columns": 60000}, "too large: 60000 x 60000"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "PALETTE COLOR, which is not supported"),
        ({"Rows": 9}, "not a readable image .DICOM. or is damaged"),
    ],
)
def test_other_dicom_files_are_refused_in_a_line(tmp_path, tags, message):
    with pytest.raises(UserError, match=message) as caught:
        read(tmp_path / "a", "x.dcm", dicom(**tags), window=WINDOW)
    assert "\n" not in str(caught.value)


def test_more_compressed_bytes_than_an_image_can_have_are_not_unpacked(tmp_path):
    uid, encaps = pytest.importorskip("pydicom.uid"), pytest.importorskip("pydicom.encaps")
    pydicom = pytest.importorskip("pydicom")
    dataset = pydicom.dcmread(io.BytesIO(dicom((STORED // 16).astype(np.uint8), bits=8)))
    dataset.file_meta.TransferSyntaxUID = uid.RLELossless
    dataset.PixelData = encaps.encapsulate([struct.pack("<16I", 1, 64, *[0] * 14) + b"\x81\0" * (1 << 12)])
    stream = io.BytesIO()
    pydicom.dcmwrite(stream, dataset)
    with pytest.raises(UserError, match="holds 8260 compressed bytes, more than its 8 x 8 pixels need"):
        read(tmp_path / "a", "x.dcm", stream.getvalue())


@pytest.mark.parametrize(("kind", "syntax"), [("JPEG", "JPEGBaseline8Bit"), ("JPEG2000", "JPEG2000Lossless")])
def test_a_compressed_image_that_is_larger_than_stated_is_not_decoded(tmp_path, monkeypatch, kind, syntax):
    uid, encaps = pytest.importorskip("pydicom.uid"), pytest.importorskip("pydicom.encaps")
    pydicom = pytest.importorskip("pydicom")
    gray = (STORED // 16).astype(np.uint8)

    def compressed(size):
        dataset = pydicom.dcmread(io.BytesIO(dicom(gray, bits=8)))
        dataset.file_meta.TransferSyntaxUID = getattr(uid, syntax)
        dataset.PixelData = encaps.encapsulate([saved(Image.new("L", size, 100), kind, no_jp2=True)])
        stream = io.BytesIO()
        pydicom.dcmwrite(stream, dataset)
        return stream.getvalue()

    assert (pixels(tmp_path / "a", "x.dcm", compressed((8, 8))) == 100).all()
    monkeypatch.setattr(Image.Image, "tobytes", None)
    with pytest.raises(UserError, match="states 8 x 8 pixels, but the compressed image in it has 300 x 200"):
        read(tmp_path / "a", "x.dcm", compressed((300, 200)))


def test_signed_values_may_have_zeros_in_unused_bits(tmp_path):
    values = (STORED * 2).astype(np.int16) - 1024
    window = {"low": -1024.0, "high": 1016.0}
    expected = pixels(tmp_path / "a", "x.dcm", dicom(values), window=window)
    assert np.array_equal(expected, pixels(tmp_path / "a", "x.dcm", dicom(values & 0xFFF), window=window))


def test_rescaling_that_leaves_no_range_is_refused_in_a_line(tmp_path, capfd):
    content = bytearray(nifti(STORED.astype(np.int16)[..., None]))
    struct.pack_into("<ff", content, 112, 1e-45, 3e38)  # scl_slope and scl_inter
    with pytest.raises(UserError, match="which leave no range of values"):
        read(tmp_path / "a", "x.nii", bytes(content), window=WINDOW)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("bits", [12, 13])
def test_what_libraries_say_does_not_reach_the_terminal(tmp_path, monkeypatch, capfd, bits):
    pydicom = pytest.importorskip("pydicom")
    real = pydicom.dcmread

    def noisy(stream):
        warnings.warn("noise", UserWarning, stacklevel=1)
        logging.getLogger("pydicom").error("noise")
        return real(stream)

    monkeypatch.setattr(pydicom, "dcmread", noisy)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if bits == 12:
            read(tmp_path / "a", "x.dcm", dicom(), window=WINDOW)
        else:
            with pytest.raises(UserError, match="up to bit 11"):
                read(tmp_path / "a", "x.dcm", dicom(BitsStored=13), window=WINDOW)
    assert not caught
    assert capfd.readouterr().err == ""


def test_damaged_dicom_files_are_refused_in_a_line(tmp_path):
    content = dicom()
    for damaged in (content[:200], content[:-9], content[128:], b"DICM" * 60):
        with pytest.raises(UserError, match=r"train-x\.dcm"):
            read(tmp_path / "a", "x.dcm", damaged, window=WINDOW)


def test_missing_libraries_are_named(tmp_path, monkeypatch):
    for library, name, content in (("pydicom", "x.dcm", bytes(128) + b"DICM"), ("nibabel", "x.nii", bytes(400))):
        monkeypatch.setitem(sys.modules, library, None)
        with pytest.raises(UserError, match=f"needs {library}; run `pip install {library}` in"):
            read(tmp_path / "a", name, content)


@pytest.mark.parametrize("second", [False, True])
@pytest.mark.parametrize("zipped", [False, True])
def test_nifti_of_one_slice(tmp_path, second, zipped):
    values = STORED.astype(np.int16)[..., None]
    content = nifti(values, second=second, slope=2, intercept=10)
    content, name = (gzip.compress(content), "x.nii.gz") if zipped else (content, "x.nii")
    with pytest.raises(UserError, match="16-bit values rescaled by the file from 10 to 2026"):
        read(tmp_path / "a", name, content)
    image = pixels(tmp_path / "a", name, content, window={"low": 10.0, "high": 2050.0})
    assert np.array_equal(image[..., 0], np.rint(STORED.T[::-1] / 4))


def volume():
    """x to the right, y to the front, z to the top; each voxel holds its place."""
    x, y, z = np.mgrid[:8, :8, :8]
    return (x + 8 * y).astype(np.uint8), (x + 8 * z).astype(np.uint8), (y + 8 * z).astype(np.uint8)


@pytest.mark.parametrize(("plane", "position"), [("axial", 0), ("coronal", 1), ("sagittal", 2)])
def test_slices_follow_the_orientation_of_the_file(tmp_path, plane, position):
    values = volume()[position]
    expected = np.arange(64).reshape(8, 8)[::-1]
    assert np.array_equal(pixels(tmp_path / "a", "x.nii", nifti(values), slice={"plane": plane})[..., 0], expected)
    # The same body in a file whose axes are z, x to the left, y to the back.
    turned = np.flip(values.transpose(2, 0, 1), (1, 2))
    affine = np.array([[0, -1, 0, 7], [0, 0, -1, 7], [1, 0, 0, 0], [0, 0, 0, 1]])
    image = pixels(tmp_path / "a", "x.nii", nifti(turned, affine), slice={"plane": plane, "index": 2})
    assert np.array_equal(image[..., 0], expected)


def test_the_number_of_a_slice_counts_from_left_back_and_bottom(tmp_path):
    values = np.broadcast_to(np.arange(8, dtype=np.uint8), (8, 8, 8))
    flipped = np.diag([1, 1, -1, 1])
    for content in (nifti(values), nifti(values[..., ::-1], flipped)):
        assert pixels(tmp_path / "a", "x.nii", content, slice={"plane": "axial", "index": 2}).max() == 2
    with pytest.raises(UserError, match=r"has 8 axial slices, but source.slice.index is 8"):
        read(tmp_path / "a", "x.nii", nifti(values), slice={"plane": "axial", "index": 8})


def test_volumes_need_a_declared_slice_and_series_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"is a volume of \(8, 8, 8\); declare"):
        read(tmp_path / "a", "x.nii", nifti(volume()[0]))
    with pytest.raises(UserError, match="not an image or a volume"):
        read(tmp_path / "a", "x.nii", nifti(np.zeros((4, 4, 4, 2), np.uint8)), slice={"plane": "axial"})


def test_damaged_nifti_files_are_refused_in_a_line(tmp_path):
    content = nifti(volume()[0])
    for damaged in (content[:100], content[:-9], bytes(400), gzip.compress(content)[:50]):
        with pytest.raises(UserError, match=r"train-x\.nii") as caught:
            read(tmp_path / "a", "x.nii", damaged, slice={"plane": "axial", "index": 7})
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("zipped", [False, True])
def test_a_volume_is_refused_before_it_is_read(tmp_path, monkeypatch, zipped):
    content = nifti(volume()[0])
    content, name = (gzip.compress(content), "x.nii.gz") if zipped else (content, "x.nii")
    monkeypatch.setattr("medattn.sources.pixels.listed_images.image_content", None)
    with pytest.raises(UserError, match=r"is a volume of \(8, 8, 8\); declare"):
        read(tmp_path / "a", name, content)


def test_no_more_than_a_slice_is_unpacked(tmp_path):
    content = gzip.compress(nifti(volume()[0]) + bytes(1 << 22), 0)
    image = pixels(tmp_path / "a", "x.nii.gz", content[: 1 << 12], slice={"plane": "axial", "index": 7})
    assert np.array_equal(image[..., 0], np.arange(64).reshape(8, 8)[::-1])


def test_a_volume_that_unpacks_to_gigabytes_is_refused_by_its_header(tmp_path):
    nibabel = pytest.importorskip("nibabel")
    header = nibabel.Nifti1Header()
    header.set_data_shape((30000, 30000, 300))
    header.set_data_dtype(np.float32)
    with pytest.raises(UserError, match="too large"):
        read(tmp_path / "a", "x.nii.gz", gzip.compress(header.binaryblock + bytes(4)), slice={"plane": "axial"})
