import numpy as np
import pytest
from PIL import Image

from medattn.datasets.check_source import check_source
from medattn.errors import UserError
from medattn.sources.pixels.listed_images import middle

from .conftest import entry_of

GOOD = [
    ("0.png", "healthy", "train"),
    ("1.png", "1", "train"),
    ("2.png", "healthy", "test"),
    ("3.png", "ill", "test"),
]


def test_images_are_read_by_name_or_position_of_the_class(image_folder, folder_entry):
    data = folder_entry.source.read(folder_entry, image_folder(GOOD))
    assert list(data.splits) == ["train", "test"]
    assert data.splits["train"].images.shape == (2, 8, 8, 3)
    assert data.splits["train"].labels.tolist() == [0, 1]
    assert data.splits["train"].groups is None
    assert [file.name for file in data.source_files] == ["images.csv", "images (4 files)"]


def test_classes_named_by_numbers_are_meant_by_name(image_folder):
    entry = entry_of(source={"kind": "folder", "size": 8}, classes=["1", "2"])
    rows = [("0.png", "1", "train"), ("1.png", "2", "train"), ("2.png", "1", "test")]
    assert entry.source.read(entry, image_folder(rows)).splits["train"].labels.tolist() == [0, 1]
    with pytest.raises(UserError, match="row 2: unknown class '0'"):
        entry.source.read(entry, image_folder([("0.png", "0", "train")]))


def test_patients_are_kept(image_folder, folder_entry):
    rows = [(*row, patient) for row, patient in zip(GOOD, "aabc", strict=True)]
    data = folder_entry.source.read(folder_entry, image_folder(rows, ("image", "label", "split", "patient")))
    assert data.splits["train"].groups == ["a", "a"]
    rows[2] = (*GOOD[2], "a")
    with pytest.raises(UserError, match=r"row 4: patient a is in split 'test', but in 'train' in .* row 2"):
        folder_entry.source.read(folder_entry, image_folder(rows, ("image", "label", "split", "patient")))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("9.png", "ill", "train"), "row 6: 9.png is missing"),
        (("", "ill", "train"), "row 6: names no image"),
        (("../secret.png", "ill", "train"), "row 6: ../secret.png lies outside the folder"),
        (("/etc/hostname", "ill", "train"), "row 6: /etc/hostname lies outside the folder"),
        (("link.png", "ill", "train"), "row 6: link.png lies outside the folder"),
        (("0.png", "ill", "test"), "row 6: 0.png is in .* row 2 as well"),
        (("./0.png", "ill", "test"), "row 6: ./0.png is in .* row 2 as well"),
        (("4.png", "il", "train"), "row 6: unknown class 'il'; did you mean 'ill'?"),
        (("4.png", "2", "train"), "row 6: unknown class '2'"),
        (("4.png", "\u0661", "train"), "row 6: unknown class '\u0661'"),
        (("4.png", "x" * (1 << 17), "train"), "row 6: has 131086 characters; rows of up to 131072 are read"),
        (("4.png", "ill", "tets"), "row 6: unknown split 'tets'; did you mean 'test'?"),
        (("4.png", "ill"), "row 6: the number of values is not"),
        (("4.png", "ill", "test", "x"), "row 6: the number of values is not"),
        (("text.png", "ill", "test"), "row 6: text.png is not a readable image"),
        (("cut.png", "ill", "test"), "row 6: cut.png is not a readable image .* or is damaged"),
        (("deep.png", "ill", "test"), "row 6: deep.png is not an 8-bit image"),
        (("huge.png", "ill", "test"), "row 6: huge.png is too large"),
        (("several.tiff", "ill", "test"), "row 6: several.tiff holds several images"),
    ],
)
def test_a_wrong_row_is_named_with_its_number(tmp_path, monkeypatch, image_folder, folder_entry, row, message):
    folder = image_folder([*GOOD, row])
    (tmp_path / "secret.png").write_bytes((folder / "0.png").read_bytes())
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    (folder / "text.png").write_text("no image")
    (folder / "cut.png").write_bytes((folder / "0.png").read_bytes()[:300])
    Image.fromarray(np.full((9, 9), 900, dtype=np.uint16)).save(folder / "deep.png")
    Image.fromarray(np.zeros((40, 40), dtype=np.uint8)).save(folder / "huge.png")
    frames = [Image.new("L", (9, 9), value) for value in (1, 2)]
    frames[0].save(folder / "several.tiff", save_all=True, append_images=frames[1:])
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(UserError, match=message) as caught:
        folder_entry.source.read(folder_entry, folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (("image", "label"), "no column 'split'"),
        (("image", "label", "split", "pateint"), "unknown column 'pateint'; did you mean 'patient'?"),
        (("image", "label", "split", "split"), "names a column twice"),
    ],
)
def test_a_wrong_header_is_named(image_folder, folder_entry, header, message):
    with pytest.raises(UserError, match=message):
        folder_entry.source.read(folder_entry, image_folder([], header))


def test_a_missing_or_empty_table_is_named(tmp_path, image_folder, folder_entry):
    with pytest.raises(UserError, match="no such file"):
        folder_entry.source.read(folder_entry, tmp_path / "nowhere")
    with pytest.raises(UserError, match="has no row"):
        folder_entry.source.read(folder_entry, image_folder([]))


def test_resizing_averages_areas(tmp_path, folder_entry):
    folder = tmp_path / "f"
    folder.mkdir()
    ramp = np.arange(12, dtype=np.uint8)[np.newaxis].repeat(16, 0) * 20
    for name in ("a", "b"):
        Image.fromarray(ramp).save(folder / f"{name}.png")
    (folder / "images.csv").write_text("image,label,split\na.png,0,train\nb.png,1,test\n")
    image = folder_entry.source.read(folder_entry, folder).splits["train"].images[0]
    # 12 columns onto 8: each new one covers 1.5 old ones.
    first, second = (0 * 1 + 20 * 0.5) / 1.5, (20 * 0.5 + 40 * 1) / 1.5
    assert image[0, :2, 0].tolist() == [round(first), round(second)]
    assert np.ptp(image, axis=0).max() == 0
    assert np.ptp(image, axis=2).max() == 0


@pytest.mark.parametrize(
    ("counts", "splits", "message"),
    [
        (
            {"train": [2, 1], "test": [1, 1]},
            "train test",
            r"has 1 images of class 'healthy', but `counts` of the data set says 2; where these are the right images, "
            r"set counts of the data set to \{train: \[1, 1\], test: \[1, 1\]\}",
        ),
        (
            {"train": [2, 2], "test": [1, 1]},
            "train train",
            r"has no split 'test'; .* declare one pool of images by counts without a test split: "
            r"counts: \{train: \[2, 2\]\}",
        ),
        (None, "train train", r"has no split 'test'; .* counts: \{train: \[2, 2\]\}"),
        (
            {"train": [1, 1]},
            "train test",
            r"split 'test' is in the data .* set counts of the data set to \{train: \[1, 1\]",
        ),
    ],
)
def test_other_counts_are_refused_with_the_entry_that_works(image_folder, counts, splits, message):
    entry = entry_of(source={"kind": "folder", "size": 8}, classes=["healthy", "ill"], counts=counts)
    first, second = splits.split()
    rows = [(image, label, second if split == "test" else first) for image, label, split in GOOD]
    data = entry.source.read(entry, image_folder(rows))
    with pytest.raises(UserError, match=message):
        check_source(entry, data, "mine")


def test_a_pool_with_counts_of_its_own_is_taken(image_folder):
    entry = entry_of(source={"kind": "folder", "size": 8}, classes=["healthy", "ill"], counts={"train": [2, 2]})
    data = entry.source.read(entry, image_folder([(image, label, "train") for image, label, _ in GOOD]))
    check_source(entry, data, "mine")


def test_images_are_resampled_and_cut_and_not_squeezed(image_folder):
    source = {"kind": "folder", "size": 8, "channels": 1, "spacing": 1.5, "crop": 8}
    folder = image_folder([("wide.png", "healthy", "train")])
    # A square of 4 x 4 pixels in the middle of an oblong image stays a square, of 6 x 6.
    pixels = np.zeros((12, 20), dtype=np.uint8)
    pixels[4:8, 8:12] = 200
    Image.fromarray(pixels).save(folder / "wide.png")
    entry = entry_of(source=source, classes=["healthy", "ill"])
    (image,) = entry.source.read(entry, folder).splits["train"].images
    assert image.shape == (8, 8, 1)
    bright = image[..., 0] > 100
    assert bright.sum() == 36 and bright[1:7, 1:7].all()


def test_what_is_smaller_than_the_crop_gets_a_border_of_zeros():
    cut = middle(np.full((3, 10, 1), 7, dtype=np.uint8), 6)
    assert cut.shape == (6, 6, 1)
    assert (cut[:, 0, 0] > 0).tolist() == [False, True, True, True, False, False]
