"""Images made here: the same anatomy in each, lesions only inside a known region, distractors outside it.

They look like a retina: a round field, a bright disc on the left from which vessels run, and a darker pit
right of the middle. The pit is the region: lesions lie inside it alone, more and larger ones the higher the
class, none in class 0. The rest of the field has spots that look like lesions, in number and size
independent of the class. No pixel outside the region carries information on the label, and counting all
spots tells little: a network has to learn where to look.

Lengths are in units of the image's side, so that images of all sizes show the same. Every image has random
streams of its own.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from medattn.config.models.dataset import DatasetEntry
from medattn.config.sources.sources import PhantomSource
from medattn.datasets.source import SPLITS, Images, Region, SourceData, Split
from medattn.datasets.spooled_images import SpooledImages
from medattn.seeding import derive_seed

Plane = npt.NDArray[np.float64]

REGION_CENTER = (0.64, 0.53)
REGION_RADIUS = 0.17
_DISC_CENTER = (0.26, 0.49)
_DISC_RADIUS = 0.075
_FIELD_CENTER = (0.5, 0.5)
_FIELD_RADII = (0.47, 0.45)
_LESION_RADII = (0.038, 0.058)
_MOST_LESIONS = 4
_BUMPS = 0.2

# Colors (red, green, blue, full range 1) of a fundus photograph; a gray image shows `_GRAY_WEIGHTS` of them.
_GROUND = (0.72, 0.36, 0.17)
_PIT = (-0.28, -0.19, -0.09)
_DISC = (0.22, 0.40, 0.30)
_VESSEL = (-0.32, -0.26, -0.12)
_LESION = (0.75, 1.0, 0.75)
_GRAY_WEIGHTS = (0.3, 0.6, 0.1)


@dataclass(frozen=True)
class _Canvas:
    """Coordinates of the pixels' centers, (size, size) each, and the side of a pixel."""

    x: Plane
    y: Plane
    pixel: float


@dataclass(frozen=True)
class _Spot:
    """A bright spot with a bumpy outline: center, mean radius, peak brightness, phase of the bumps."""

    x: float
    y: float
    radius: float
    peak: float
    phase: float


def read_phantom(entry: DatasetEntry, path: Path, scratch: Path | None = None) -> SourceData:
    """Make the phantom images of an entry; the same seed gives the same images.

    Args:
        entry: an entry whose source is `phantom`.
        path: unused; there is no original.
        scratch: folder on whose file system many images may lie for a while.
    """
    source = entry.source
    assert isinstance(source, PhantomSource)
    splits: dict[str, Split] = {}
    for name in SPLITS:
        if name in source.counts:
            labels = np.repeat(np.arange(len(entry.classes), dtype=np.int64), source.counts[name])
            labels = _generator(source, f"{name}/order").permutation(labels)
            pile = SpooledImages(scratch)
            for image in _images(source, name, labels, len(entry.classes)):
                pile.add(image)
            splits[name] = Split(pile.array(), labels, _patients(source, name, labels))
    return SourceData(splits, region=region_mask(source.size))


def region_mask(size: int) -> Region:
    """Return the pixels where lesions can lie: bool, (size, size)."""
    canvas = _canvas(size)
    return np.asarray(_distance(canvas, *REGION_CENTER) < REGION_RADIUS, dtype=np.bool_)


def make_images(source: PhantomSource, split: str, labels: npt.NDArray[np.int64], classes: int) -> Images:
    """Make an image for each label: uint8, (N, size, size, channels).

    An image depends on seed, split, position and label; outside the region it does not depend on the label.
    """
    return np.stack(list(_images(source, split, labels, classes)))


def _images(source: PhantomSource, split: str, labels: npt.NDArray[np.int64], classes: int) -> Iterator[Images]:
    canvas, region = _canvas(source.size), region_mask(source.size)
    tint = _color(_LESION, source.channels)
    for index, label in enumerate(labels):
        image = _anatomy(canvas, _generator(source, f"{split}/{index}/anatomy"), source.channels)
        for spot in _distractors(source, _generator(source, f"{split}/{index}/distractors"), classes):
            image += (~region * _spot(canvas, spot))[..., np.newaxis] * tint
        for spot in _lesions(source, _generator(source, f"{split}/{index}/lesions"), int(label), classes):
            image += (region * _spot(canvas, spot))[..., np.newaxis] * tint
        noise = _generator(source, f"{split}/{index}/noise").standard_normal(image.shape)
        yield np.rint(255 * np.clip(image + source.noise * noise, 0, 1)).astype(np.uint8)


def _patients(source: PhantomSource, split: str, labels: npt.NDArray[np.int64]) -> list[str] | None:
    """Return the patient of each image: one after the other, images of a class share one."""
    if not source.images_per_patient:
        return None
    seen: Counter[int] = Counter()
    patients = []
    for label in labels.tolist():
        patients.append(f"{split}-{label}-{seen[label] // source.images_per_patient}")
        seen[label] += 1
    return patients


def _generator(source: PhantomSource, purpose: str) -> np.random.Generator:
    return np.random.default_rng(derive_seed(source.seed, f"phantom/{purpose}"))


def _canvas(size: int) -> _Canvas:
    centers = (np.arange(size) + 0.5) / size
    x, y = np.meshgrid(centers, centers)
    return _Canvas(x, y, 1 / size)


def _distance(canvas: _Canvas, x: float, y: float) -> Plane:
    return np.hypot(canvas.x - x, canvas.y - y)


def _color(color: tuple[float, float, float], channels: int) -> npt.NDArray[np.float64]:
    return np.array(color) if channels == 3 else np.array([np.dot(color, _GRAY_WEIGHTS)])


def _inside(distance: Plane, canvas: _Canvas, softness: float = 0.0) -> Plane:
    """Lease a signed distance (negative inside) into coverage 0 to 1, over a pixel or `softness`."""
    return np.clip(0.5 - distance / max(canvas.pixel, softness), 0, 1)


def _anatomy(canvas: _Canvas, random: np.random.Generator, channels: int) -> Plane:
    """Draw field, pit, disc and vessels, moved and lit a little at random: (size, size, channels)."""
    shift_x, shift_y = random.uniform(-0.012, 0.012, 2)
    turn = random.uniform(-0.07, 0.07)
    x, y = canvas.x - 0.5 - shift_x, canvas.y - 0.5 - shift_y
    moved = _Canvas(0.5 + x * np.cos(turn) - y * np.sin(turn), 0.5 + x * np.sin(turn) + y * np.cos(turn), canvas.pixel)
    ground = _color(_GROUND, channels) * _light(moved, random)[..., np.newaxis]
    pit = np.exp(-((_distance(moved, *REGION_CENTER) / (0.75 * REGION_RADIUS)) ** 2))
    disc = _inside(_distance(moved, *_DISC_CENTER) - _DISC_RADIUS * random.uniform(0.9, 1.1), canvas, 0.02)
    cup = _inside(_distance(moved, *_DISC_CENTER) - 0.4 * _DISC_RADIUS, canvas, 0.02)
    image = ground + pit[..., np.newaxis] * _color(_PIT, channels)
    image += (disc + 0.4 * cup)[..., np.newaxis] * _color(_DISC, channels)
    image += _vessels(moved, random)[..., np.newaxis] * _color(_VESSEL, channels)
    radius = np.hypot((moved.x - _FIELD_CENTER[0]) / _FIELD_RADII[0], (moved.y - _FIELD_CENTER[1]) / _FIELD_RADII[1])
    field = _inside((radius - 1) * min(_FIELD_RADII), canvas)
    shade = 1 - 0.3 * radius**4
    return np.asarray((field * shade)[..., np.newaxis] * image)


def _light(canvas: _Canvas, random: np.random.Generator) -> Plane:
    """Return uneven lighting around 1: a slope and three faint waves."""
    slope_x, slope_y = random.uniform(-0.15, 0.15, 2)
    light = 1 + random.uniform(-0.06, 0.06) + slope_x * (canvas.x - 0.5) + slope_y * (canvas.y - 0.5)
    for _ in range(3):
        angle, length, phase = (
            random.uniform(0, 2 * np.pi),
            random.uniform(0.25, 0.6),
            random.uniform(0, 2 * np.pi),
        )
        along = canvas.x * np.cos(angle) + canvas.y * np.sin(angle)
        light = light + 0.025 * np.sin(2 * np.pi * along / length + phase)
    return np.asarray(light)


def _vessels(canvas: _Canvas, random: np.random.Generator) -> Plane:
    """Return the coverage by vessels, 0 to 1: curved branches from the disc, thinner the farther they run."""
    x, y = canvas.x - _DISC_CENTER[0], canvas.y - _DISC_CENTER[1]
    away = np.hypot(x, y)
    coverage = np.zeros_like(x)
    # Direction (radians, 0 = right, to the pit), bend, width and length of each branch.
    branches = [
        (-1.05, 0.95, 0.030, 0.75),
        (1.05, -0.95, 0.030, 0.75),
        (-0.75, -0.9, 0.019, 0.55),
        (0.75, 0.9, 0.019, 0.55),
        (-0.28, 0.5, 0.012, 0.30),
        (2.3, 0.9, 0.019, 0.32),
        (-2.3, -0.9, 0.019, 0.32),
    ]
    for direction, bend, width, length in branches:
        direction += random.uniform(-0.12, 0.12)
        bend *= random.uniform(0.85, 1.15)
        along = x * np.cos(direction) + y * np.sin(direction)
        across = -x * np.sin(direction) + y * np.cos(direction)
        wave = 0.008 * np.sin(along * random.uniform(18, 30) + random.uniform(0, 2 * np.pi))
        slope = 2 * bend * along
        distance = np.abs(across - bend * along**2 - wave) / np.sqrt(1 + slope**2)
        half = 0.5 * width * np.clip(1 - 0.6 * away / length, 0.25, 1)
        # The share of a pixel that a line of this width covers, also where it is thinner than the pixel.
        edge = canvas.pixel
        line = np.clip((half - distance) / edge + 0.5, 0, 1) - np.clip((-half - distance) / edge + 0.5, 0, 1)
        ends = np.clip((length - away) / 0.06, 0, 1) * np.clip((along + 0.01) / 0.02, 0, 1)
        coverage = np.maximum(coverage, line * ends)
    return coverage


def _severity(label: int, classes: int) -> float:
    return label / (classes - 1)


def _new_spot(source: PhantomSource, random: np.random.Generator, severity: float) -> tuple[float, float, float]:
    """Draw radius, peak and phase of a spot of a class of this severity (0 to 1)."""
    small, large = _LESION_RADII
    radius = (small + (large - small) * severity) * random.uniform(0.9, 1.1)
    peak = source.contrast * random.uniform(0.85, 1.0)
    # A spot must not fall between the centers of the pixels of a small image.
    return max(radius, 0.9 / source.size), peak, random.uniform(0, 2 * np.pi)


def _lesions(source: PhantomSource, random: np.random.Generator, label: int, classes: int) -> list[_Spot]:
    """Draw the lesions of a class: up to four, spread over the region, with their whole outline inside it."""
    severity = _severity(label, classes)
    number = int(np.ceil(_MOST_LESIONS * severity))
    start, spots = random.uniform(0, 2 * np.pi), []
    for index in range(number):
        radius, peak, phase = _new_spot(source, random, severity)
        reach = max(0.0, REGION_RADIUS - radius * (1 + _BUMPS))
        away = reach * (np.sqrt(random.uniform(0, 1)) if number == 1 else random.uniform(0.55, 1))
        angle = start + 2 * np.pi * (index + random.uniform(-0.15, 0.15)) / max(number, 1)
        x, y = REGION_CENTER[0] + away * np.cos(angle), REGION_CENTER[1] + away * np.sin(angle)
        spots.append(_Spot(x, y, radius, peak, phase))
    return spots


def _distractors(source: PhantomSource, random: np.random.Generator, classes: int) -> list[_Spot]:
    """Draw spots outside region and disc that look like the lesions of a random class."""
    spots: list[_Spot] = []
    for _ in range(int(random.integers(0, 2 * source.distractors, endpoint=True))):
        radius, peak, phase = _new_spot(source, random, _severity(int(random.integers(1, classes)), classes))
        outline = radius * (1 + _BUMPS)
        for _attempt in range(100):
            away, angle = 0.92 * np.sqrt(random.uniform(0, 1)), random.uniform(0, 2 * np.pi)
            x = _FIELD_CENTER[0] + away * (_FIELD_RADII[0] - outline) * np.cos(angle)
            y = _FIELD_CENTER[1] + away * (_FIELD_RADII[1] - outline) * np.sin(angle)
            to_region = np.hypot(x - REGION_CENTER[0], y - REGION_CENTER[1]) - REGION_RADIUS
            to_disc = np.hypot(x - _DISC_CENTER[0], y - _DISC_CENTER[1]) - _DISC_RADIUS
            if min(to_region, to_disc) > outline:
                spots.append(_Spot(float(x), float(y), radius, peak, phase))
                break
    return spots


def _spot(canvas: _Canvas, spot: _Spot) -> Plane:
    """Return the brightness of a spot: flat inside, falling smoothly to exactly 0 at its bumpy outline."""
    x, y = canvas.x - spot.x, canvas.y - spot.y
    angle = np.arctan2(y, x)
    bumps = 0.6 * np.sin(2 * angle + spot.phase) + 0.4 * np.sin(3 * angle - 2 * spot.phase)
    relative = np.hypot(x, y) / (spot.radius * (1 + _BUMPS * bumps))
    return np.asarray(spot.peak * np.clip(1 - relative**2, 0, 1) ** 0.8)
