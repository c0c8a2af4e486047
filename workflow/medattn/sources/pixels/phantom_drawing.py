"""Drawing of phantoms: the same anatomy in each image, lesions only inside a known region, distractors outside it.

A phantom looks like a retina: a round field, a bright disc on the left from which vessels run, and a darker pit
right of the middle. The pit is the region: only it contains lesions, more and larger ones the higher the class, none
in class 0. The rest of the field has spots that look like lesions; their number and size do not depend on the
class. No pixel outside the region carries information on the label, and the number of all spots says little: a
network has to learn where to look.

Lengths are in units of the side of the image, so images of all sizes show the same. Every image has separate random
streams.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from medattn.seeding import derive_seed
from medattn.sources.pixels.source_data import Images, Region

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


class PhantomOptions(Protocol):
    """Options of the images; `PhantomSource` describes them."""

    @property
    def size(self) -> int:
        """Height and width in pixels."""

    @property
    def channels(self) -> int:
        """Number of channels, 1 or 3."""

    @property
    def noise(self) -> float:
        """Standard deviation of pixel noise."""

    @property
    def contrast(self) -> float:
        """Brightness of a lesion."""

    @property
    def distractors(self) -> int:
        """Mean number of distractors."""

    @property
    def seed(self) -> int:
        """Seed of the images."""


@dataclass(frozen=True)
class _Canvas:
    """Coordinates of the pixels' centers, (size, size) each, and the side of a pixel."""

    x: Plane
    y: Plane
    pixel: float


@dataclass(frozen=True)
class _BrightSpot:
    """A bright spot with a bumpy outline: center, mean radius, peak brightness, phase of the bumps."""

    x: float
    y: float
    radius: float
    peak: float
    phase: float


def region_mask(size: int) -> Region:
    """Return the pixels that lesions can cover: bool, (size, size)."""
    canvas = _canvas(size)
    return np.asarray(_distance(canvas, *REGION_CENTER) < REGION_RADIUS, dtype=np.bool_)


def make_images(options: PhantomOptions, split: str, labels: npt.NDArray[np.int64], classes: int) -> Images:
    """Draw an image for each label: uint8, (N, size, size, channels).

    An image depends on seed, split, position and label; outside the region it does not depend on the label.
    """
    return np.stack(list(draw_images(options, split, labels, classes)))


def draw_images(options: PhantomOptions, split: str, labels: npt.NDArray[np.int64], classes: int) -> Iterator[Images]:
    """Draw an image for each label, one at a time; see `make_images`."""
    canvas, region = _canvas(options.size), region_mask(options.size)
    tint = _color(_LESION, options.channels)
    for index, label in enumerate(labels):
        image = _anatomy(canvas, phantom_generator(options, f"{split}/{index}/anatomy"), options.channels)
        for spot in _distractors(options, phantom_generator(options, f"{split}/{index}/distractors"), classes):
            image += (~region * _spot(canvas, spot))[..., np.newaxis] * tint
        for spot in _lesions(options, phantom_generator(options, f"{split}/{index}/lesions"), int(label), classes):
            image += (region * _spot(canvas, spot))[..., np.newaxis] * tint
        noise = phantom_generator(options, f"{split}/{index}/noise").standard_normal(image.shape)
        yield np.rint(255 * np.clip(image + options.noise * noise, 0, 1)).astype(np.uint8)


def phantom_generator(options: PhantomOptions, purpose: str) -> np.random.Generator:
    """Return the random stream of a purpose."""
    return np.random.default_rng(derive_seed(options.seed, f"phantom/{purpose}"))


def _canvas(size: int) -> _Canvas:
    centers = (np.arange(size) + 0.5) / size
    x, y = np.meshgrid(centers, centers)
    return _Canvas(x, y, 1 / size)


def _distance(canvas: _Canvas, x: float, y: float) -> Plane:
    return np.hypot(canvas.x - x, canvas.y - y)


def _color(color: tuple[float, float, float], channels: int) -> npt.NDArray[np.float64]:
    return np.array(color) if channels == 3 else np.array([np.dot(color, _GRAY_WEIGHTS)])


def _inside(distance: Plane, canvas: _Canvas, softness: float = 0.0) -> Plane:
    """Return the coverage, 0 to 1, at a signed distance (negative inside), smoothed over a pixel or `softness`."""
    return np.clip(0.5 - distance / max(canvas.pixel, softness), 0, 1)


def _anatomy(canvas: _Canvas, random: np.random.Generator, channels: int) -> Plane:
    """Draw field, pit, disc and vessels, slightly shifted, rotated and lit at random: (size, size, channels)."""
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


def _new_spot(options: PhantomOptions, random: np.random.Generator, severity: float) -> tuple[float, float, float]:
    """Draw radius, peak and phase of a spot of a class of this severity (0 to 1)."""
    small, large = _LESION_RADII
    radius = (small + (large - small) * severity) * random.uniform(0.9, 1.1)
    peak = options.contrast * random.uniform(0.85, 1.0)
    # A spot must not fall between the centers of the pixels of a small image.
    return max(radius, 0.9 / options.size), peak, random.uniform(0, 2 * np.pi)


def _lesions(options: PhantomOptions, random: np.random.Generator, label: int, classes: int) -> list[_BrightSpot]:
    """Draw the lesions of a class: up to four, spread over the region, with their whole outline inside it."""
    severity = _severity(label, classes)
    number = int(np.ceil(_MOST_LESIONS * severity))
    start, spots = random.uniform(0, 2 * np.pi), []
    for index in range(number):
        radius, peak, phase = _new_spot(options, random, severity)
        reach = max(0.0, REGION_RADIUS - radius * (1 + _BUMPS))
        away = reach * (np.sqrt(random.uniform(0, 1)) if number == 1 else random.uniform(0.55, 1))
        angle = start + 2 * np.pi * (index + random.uniform(-0.15, 0.15)) / max(number, 1)
        x, y = REGION_CENTER[0] + away * np.cos(angle), REGION_CENTER[1] + away * np.sin(angle)
        spots.append(_BrightSpot(x, y, radius, peak, phase))
    return spots


def _distractors(options: PhantomOptions, random: np.random.Generator, classes: int) -> list[_BrightSpot]:
    """Draw spots outside region and disc that look like the lesions of a random class."""
    spots: list[_BrightSpot] = []
    for _ in range(int(random.integers(0, 2 * options.distractors, endpoint=True))):
        radius, peak, phase = _new_spot(options, random, _severity(int(random.integers(1, classes)), classes))
        outline = radius * (1 + _BUMPS)
        for _attempt in range(100):
            away, angle = 0.92 * np.sqrt(random.uniform(0, 1)), random.uniform(0, 2 * np.pi)
            x = _FIELD_CENTER[0] + away * (_FIELD_RADII[0] - outline) * np.cos(angle)
            y = _FIELD_CENTER[1] + away * (_FIELD_RADII[1] - outline) * np.sin(angle)
            to_region = np.hypot(x - REGION_CENTER[0], y - REGION_CENTER[1]) - REGION_RADIUS
            to_disc = np.hypot(x - _DISC_CENTER[0], y - _DISC_CENTER[1]) - _DISC_RADIUS
            if min(to_region, to_disc) > outline:
                spots.append(_BrightSpot(float(x), float(y), radius, peak, phase))
                break
    return spots


def _spot(canvas: _Canvas, spot: _BrightSpot) -> Plane:
    """Return the brightness of a spot: flat inside, falling smoothly to exactly 0 at its bumpy outline."""
    x, y = canvas.x - spot.x, canvas.y - spot.y
    angle = np.arctan2(y, x)
    bumps = 0.6 * np.sin(2 * angle + spot.phase) + 0.4 * np.sin(3 * angle - 2 * spot.phase)
    relative = np.hypot(x, y) / (spot.radius * (1 + _BUMPS * bumps))
    return np.asarray(spot.peak * np.clip(1 - relative**2, 0, 1) ** 0.8)
