"""Files that are not 8-bit: refused, or read exactly by a declared window or scaling."""

import io
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from medattn.errors import UserError

from .conftest import entry_of

RAMP = np.arange(64, dtype=np.int64).reshape(8, 8)


def png(values: np.ndarray, color_type: int, key: tuple[int, ...] = ()) -> bytes:
    """A PNG of 16 bits, which Pillow can't write in color, with the values of a transparent pixel, if any."""
    height, width = values.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 16, color_type, 0, 0, 0)),
        *([(b"tRNS", struct.pack(f">{len(key)}H", *key))] if key else []),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    parts = (struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d)) for t, d in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def saved(image: Image.Image, kind: str, **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def color(values):
    return np.stack([values] * 3, axis=-1)


def with_alpha(values, alpha):
    return np.concatenate([values, np.full((8, 8, 1), alpha)], axis=-1)


def signed_tiff(values: np.ndarray) -> bytes:
    """A TIFF of signed 16-bit values, little-endian, in one strip."""
    data = values.astype("<i2").tobytes()
    tags = [(256, 3, 8), (257, 3, 8), (258, 3, 16), (259, 3, 1), (262, 3, 1), (273, 4, 8), (277, 3, 1), (278, 3, 8),
            (279, 4, len(data)), (339, 3, 2)]  # fmt: skip
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return b"II*\0" + struct.pack("<I", 8 + len(data)) + data + struct.pack("<H", len(tags)) + entries + bytes(4)


DEEP = {
    "gray16.png": lambda: png(RAMP * 16, 0),
    "color16.png": lambda: png(color(RAMP * 16), 2),
    "gray-alpha16.png": lambda: png(with_alpha((RAMP * 16)[..., None], 65535), 4),
    "color-alpha16.png": lambda: png(with_alpha(color(RAMP * 16), 65535), 6),
    "gray16.tiff": lambda: saved(Image.fromarray((RAMP * 16).astype(np.uint16)), "TIFF"),
    "signed16.tif": lambda: signed_tiff(RAMP * 16),
    "whole32.tiff": lambda: saved(Image.fromarray((RAMP * 16).astype(np.int32)), "TIFF"),
    "float32.tiff": lambda: saved(Image.fromarray((RAMP * 16).astype(np.float32)), "TIFF"),
    "gray12.pgm": lambda: b"P5 # scanner\n8 8\n4095\n" + (RAMP * 16).astype(">u2").tobytes(),
    "plain12.pgm": lambda: f"P2 8 8 4095 {' '.join(map(str, (RAMP * 16).ravel()))}".encode(),
    "comment.pgm": lambda: b"P5 #" + b"x" * 5000 + b"\n8 8\n4095\n" + (RAMP * 16).astype(">u2").tobytes(),
    "gray16.pgm": lambda: b"P5 8 8 65535\n" + (RAMP * 16).astype(">u2").tobytes(),
}


def read(folder, name, content, channels=1, **source):
    """Read one image as training and as test image of a folder; return the training image."""
    folder.mkdir(exist_ok=True)
    for split in ("train", "test"):
        (folder / f"{split}-{name}").write_bytes(content)
    rows = [f"train-{name},healthy,train", f"test-{name},ill,test"]
    (folder / "images.csv").write_text("\n".join(["image,label,split", *rows, ""]))
    entry = entry_of(source={"kind": "folder", "size": 8, "channels": channels, **source})
    return entry.source.read(entry, folder)


def pixels(*arguments, **source):
    return read(*arguments, **source).splits["train"].images[0]


@pytest.mark.parametrize("name", DEEP)
@pytest.mark.parametrize("channels", [1, 3])
def test_deep_files_are_refused_unless_a_window_is_declared(tmp_path, name, channels):
    content = DEEP[name]()
    with pytest.raises(UserError, match=rf"row 2: train-{name} is not an 8-bit image: .* from 0 to 1008; declare") as e:
        read(tmp_path / "a", name, content, channels)
    assert "\n" not in str(e.value)
    image = pixels(tmp_path / "a", name, content, channels, window={"low": 0.0, "high": 1020.0})
    expected = np.rint(RAMP * 16 / 4).astype(np.uint8)
    assert image.shape == (8, 8, channels)
    assert all(np.array_equal(image[..., channel], expected) for channel in range(channels))


@pytest.mark.parametrize(("color_type", "key"), [(0, (5,)), (2, (512, 512, 513))])
def test_a_transparent_value_that_no_pixel_has_changes_nothing(tmp_path, color_type, key):
    values = RAMP * 16 if color_type == 0 else color(RAMP * 16)
    plain, keyed = (
        pixels(tmp_path / "a", "x.png", png(values, color_type, each), 3, scaling="full-range") for each in ((), key)
    )
    assert np.array_equal(plain, keyed)


def test_a_window_by_center_and_width_is_the_same(tmp_path):
    content = DEEP["gray16.png"]()
    one = pixels(tmp_path / "a", "x.png", content, window={"low": 200.0, "high": 600.0})
    other = pixels(tmp_path / "a", "x.png", content, window={"center": 400.0, "width": 400.0})
    assert np.array_equal(one, other)
    assert (one.min(), one.max()) == (0, 255)


@pytest.mark.parametrize(
    ("name", "largest"), [("gray16.png", 65535), ("color16.png", 65535), ("gray16.tiff", 65535), ("gray12.pgm", 4095)]
)
def test_full_range_is_that_of_the_depth_of_the_file(tmp_path, name, largest):
    data = read(tmp_path / "a", name, DEEP[name](), scaling="full-range")
    assert np.array_equal(data.splits["train"].images[0, ..., 0], np.rint(RAMP * 16 / largest * 255))
    dark = "the brightest pixel of all images has 4 of 255"
    assert any(dark in note for note in data.notes) == (largest == 65535)


def test_floats_have_no_full_range(tmp_path):
    with pytest.raises(UserError, match=r"32-bit floats from 0 to 1008; declare .* by `window`$"):
        read(tmp_path / "a", "x.tiff", DEEP["float32.tiff"](), scaling="full-range")
    content = saved(Image.fromarray(np.full((8, 8), np.nan, dtype=np.float32)), "TIFF")
    with pytest.raises(UserError, match="not finite"):
        read(tmp_path / "a", "x.tiff", content, window={"low": 0.0, "high": 1.0})


def test_full_range_leaves_8_bit_images_as_they_are(tmp_path):
    content = saved(Image.fromarray(RAMP.astype(np.uint8) * 4), "PNG")
    plain, scaled = (pixels(tmp_path / "a", "x.png", content, **s) for s in ({}, {"scaling": "full-range"}))
    assert np.array_equal(plain[..., 0], RAMP * 4)
    assert np.array_equal(plain, scaled)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.ppm", b"P6 8 8 65535\n" + bytes(384), "color PPM file with values up to 65535"),
        ("x.pgm", b"P5 8 8 4095\n" + bytes(128) + b"P5 8 8 4095\n" + bytes(128), "holds several images"),
        ("x.ppm", 2 * (b"P6 8 8 255\n" + bytes(192)), "holds several images"),
        ("x.pgm", b"P4 8 8\n" + bytes(8) + b"\nP4 8 8\n" + bytes(8), "holds several images"),
        ("x.pgm", b"P2 8 8 9 #P2 \n" + b"1 " * 64 + b"P2 8 8 9 " + b"1 " * 64, "holds several images"),
        ("x.png", png(with_alpha(color(RAMP), 9), 6), "transparent pixels"),
        ("x.png", saved(Image.new("RGBA", (8, 8), (9, 9, 9, 100)), "PNG"), "transparent pixels"),
        ("x.png", saved(Image.new("P", (8, 8)), "PNG", transparency=0), "transparent pixels"),
        ("x.png", png(RAMP * 16, 0, (512,)), "transparent pixels"),
        ("x.png", png(color(RAMP * 16), 2, (512, 512, 512)), "transparent pixels"),
        ("x.png", saved(Image.new("L", (8, 8)), "PNG", save_all=True, append_images=[Image.new("L", (8, 8), 9)]),
         "holds several images"),
    ],
)  # fmt: skip
def test_what_can_not_be_read_exactly_is_refused_whatever_is_declared(tmp_path, name, content, message):
    with pytest.raises(UserError, match=message):
        read(tmp_path / "a", name, content, 3, scaling="full-range")


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA"])
def test_kinds_of_8_bit_images_are_read(tmp_path, mode):
    image = Image.fromarray(RAMP.astype(np.uint8) // 32 * 255).convert(mode)
    assert np.array_equal(pixels(tmp_path / "a", "x.png", saved(image, "PNG"))[..., 0], RAMP // 32 * 255)


def test_a_narrow_window_is_no_reason_for_a_warning(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        image = pixels(tmp_path / "a", "x.png", DEEP["gray16.png"](), window={"low": 0.0, "high": 5e-324})
    assert np.array_equal(image[..., 0], np.where(RAMP > 0, 255, 0))


@pytest.mark.parametrize(
    "content",
    [
        *(f"P{kind} #P2 \n8 8 255 #P5 \n".encode() + bytes(size) + b"\n" for kind, size in ((5, 64), (6, 192))),
        b"P4 8 8\n" + bytes(8),
        b"P1 8 8 " + b"01" * 32,
        b"P3 8 8 255 " + b"7 " * 192 + b"# P3 ",
    ],
)
def test_one_image_of_8_bits_is_no_series(tmp_path, content):
    assert pixels(tmp_path / "a", "x.ppm", content, 3).shape == (8, 8, 3)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"window": {"low": 1.0}}, "window needs low and high, or center and width"),
        ({"window": {"low": 1.0, "width": 3.0}}, "window needs low and high"),
        ({"window": {"low": 2.0, "high": 2.0}}, "low of window should be less than high"),
        ({"window": {"low": 0.0, "high": 9.0}, "scaling": "full-range"}, "exclude each other"),
    ],
)
def test_a_window_is_one_range(source, message):
    with pytest.raises(UserError, match=message):
        entry_of(source={"kind": "folder", "size": 8, **source})
