"""JAFFE's layout: YM.HA2.53.tiff, and a text of ratings with headings and, in some copies, a second block."""

from collections import Counter

import numpy as np
import pytest
from PIL import Image

from medattn.config.load import registered_datasets
from medattn.datasets.check_source import check_source
from medattn.errors import UserError

from .conftest import entry_of

EMOTIONS = ["happiness", "sadness", "surprise", "anger", "disgust", "fear"]
CODES = ["HA", "SA", "SU", "AN", "DI", "FE", "NE"]
PEOPLE = ["KA", "KL", "KM", "KR", "MK", "NA", "NM", "TM", "UY", "YM"]


def entry(**options):
    return entry_of(source={"kind": "jaffe", "size": 8, **options}, classes=EMOTIONS)


def ratings_of(index, highest):
    values = [1.2 + 0.1 * ((index + k) % 7) for k in range(6)]
    for place in highest:
        values[place] = 4.5
    return values


@pytest.fixture
def jaffe(tmp_path):
    """Ten people with seven faces each: the rating of emotion `index % 6` is the highest."""
    folder = tmp_path / "jaffe"
    folder.mkdir()
    lines = ["Semantic ratings", "", "# HAP SAD SUR ANG DIS FEA PIC", "-" * 40]
    second = ["Fear Excluded", "# HAP SAD SUR ANG DIS PIC"]
    for index, (person, code) in enumerate((p, c) for p in PEOPLE for c in CODES):
        key = f"{person}-{code}1"
        shade = np.full((16, 16), index * 3, dtype=np.uint8)
        Image.fromarray(shade).save(folder / f"{person}.{code}1.{index + 1}.tiff")
        values = ratings_of(index, [index % 6])
        lines.append(f"{index + 1} " + " ".join(f"{v:.2f}" for v in values) + f" {key}")
        second.append(f"{index + 1} " + " ".join(f"{v:.2f}" for v in values[:5]) + f" {key}")
    (folder / "ratings.txt").write_text("\r\n".join(lines + second) + "\r\n")
    return folder


def test_the_highest_rating_is_the_label_and_gray_is_repeated(jaffe):
    data = entry().source.read(entry(), jaffe)
    assert {name: len(split.labels) for name, split in data.splits.items()} == {"train": 56, "test": 14}
    train = data.splits["train"]
    assert train.images.shape == (56, 8, 8, 3)
    assert np.ptp(train.images, axis=3).max() == 0
    for split in data.splits.values():
        assert [int(image[0, 0, 0]) // 3 % 6 for image in split.images] == split.labels.tolist()
        assert split.groups is None
    assert data.notes == ()
    assert [file.name for file in data.source_files] == ["ratings.txt", "images (70 files)"]


def test_the_split_depends_on_its_seed_alone(jaffe):
    def tested(seed):
        return {
            image.name
            for image in entry(split_seed=seed).source.listing(entry(split_seed=seed), jaffe).images
            if image.split == "test"
        }

    assert tested(0) == tested(0)
    assert len({frozenset(tested(seed)) for seed in range(5)}) == 5


def test_people_can_be_kept_together(jaffe):
    listing = entry(split_by="person").source.listing(entry(split_by="person"), jaffe)
    people = {split: {i.patient for i in listing.images if i.split == split} for split in ("train", "test")}
    assert len(people["test"]) == 2
    assert not people["train"] & people["test"]
    assert people["train"] | people["test"] == set(PEOPLE)
    by_image = entry().source.listing(entry(), jaffe).images
    both = {i.name[:2] for i in by_image if i.split == "train"} & {i.name[:2] for i in by_image if i.split == "test"}
    assert both, "by image, both parts have images of a person"


def test_of_213_images_43_are_test_images(jaffe):
    for index in range(143):
        code = f"{CODES[index % 7]}{2 + index // 70}"
        person = PEOPLE[index // 7 % 10]
        Image.new("L", (4, 4)).save(jaffe / f"{person}.{code}.{index + 100}.tiff")
        with (jaffe / "ratings.txt").open("a") as stream:
            stream.write(f"{index + 100} 1 2 3 4 3 2 {person}-{code}\n")
    registered = registered_datasets()["jaffe"]
    listing = registered.source.listing(registered, jaffe)
    assert Counter(image.split for image in listing.images) == registered.images == {"train": 170, "test": 43}


def rewrite(folder, old, new):
    path = folder / "ratings.txt"
    path.write_text(path.read_text().replace(old, new, 1))


def test_ties_go_to_the_first_and_are_told(jaffe):
    text = (jaffe / "ratings.txt").read_text().splitlines()
    line = next(line for line in text if line.endswith(" KA-SA1") and len(line.split()) == 8)
    rewrite(jaffe, line, "2 1.00 3.00 1.00 3.00 1.00 1.00 KA-SA1")
    listing = entry().source.listing(entry(), jaffe)
    assert [image.label for image in listing.images if image.name == "KA.SA1.2.tiff"] == [1]
    assert listing.notes == ("1 image has more than one highest rating; the first of them is the label",)


def test_rated_faces_without_an_image_are_told_or_refused(jaffe):
    (jaffe / "KA.SA1.2.tiff").unlink()
    assert entry().source.listing(entry(), jaffe).notes == ("the ratings name KA-SA1, without images",)
    counted = entry().model_copy(update={"images": {"train": 56, "test": 14}})
    with pytest.raises(UserError, match="the image of KA-SA1 is missing from the folder"):
        counted.source.listing(counted, jaffe)


def test_the_promised_number_of_images_is_checked(jaffe):
    promised = entry().model_copy(update={"images": {"train": 50, "test": 20}})
    with pytest.raises(UserError, match="split 'train' has 56 images, but `images` of the data set says 50"):
        check_source(promised, promised.source.read(promised, jaffe), "jaffe")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: (f / "ratings.txt").write_text("nothing"), "has no line of a number, 6 ratings and a key"),
        (lambda f: (f / "ratings.txt").unlink(), "ratings.txt: can't be read"),
        (lambda f: rewrite(f, " KL-HA1", " KA-HA1"), "KA-HA1 is rated in 5 as well"),
        (lambda f: rewrite(f, "4.50", "45.0"), "line 5: a rating lies outside 0 to 10"),
        (lambda f: rewrite(f, "4.50", "four"), "line 5: could not convert"),
        (lambda f: rewrite(f, "4.50", "\u0664"), "line 5: not a number: '\u0664'"),
        (lambda f: rewrite(f, "4.50 ", ""), "the image|KA.HA1.1.tiff: has no ratings"),
        (lambda f: Image.new("L", (4, 4)).save(f / "KA.HA1.99.tiff"), "is the same face; keep one"),
        (lambda f: Image.new("L", (4, 4)).save(f / "KA.HA9.99.tiff"), "KA.HA9.99.tiff: has no ratings in"),
        (lambda f: Image.new("L", (4, 4)).save(f / "me.tiff"), "me.tiff: not a name such as YM.HA2.53.tiff"),
        (lambda f: (f / "KA.HA1.1.tiff").write_bytes(b"II*"), "KA.HA1.1.tiff is not a readable image"),
    ],
)
def test_what_is_wrong_is_named_in_a_line(jaffe, damage, message):
    damage(jaffe)
    with pytest.raises(UserError, match=message) as caught:
        entry().source.read(entry(), jaffe)
    assert "\n" not in str(caught.value)
