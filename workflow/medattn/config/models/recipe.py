"""The training recipe: optimizer, schedule, batch size, epochs, loss, augmentation and numerics."""

import itertools
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from medattn.closed_model import Closed

InputNormalization = Literal["imagenet", "half", "training"]
Probability = Annotated[float, Field(ge=0, le=1)]
Share = Annotated[float, Field(gt=0, le=1)]
MAX_EPOCHS = 100_000
AspectRatio = Annotated[float, Field(ge=0.1, le=10)]


class RandomResizedCrop(Closed):
    """A random crop of the stored image, resized to the input size of the network with bilinear interpolation."""

    scale: list[Share] = Field(
        [0.08, 1.0],
        min_length=2,
        max_length=2,
        description="minimum and maximum area of the crop as a share of the image; drawn uniformly",
    )
    ratio: list[AspectRatio] = Field(
        [3 / 4, 4 / 3],
        min_length=2,
        max_length=2,
        description="minimum and maximum ratio of width to height; drawn log-uniformly",
    )
    scored_images: bool = Field(
        False, description="crop validation and test images, too; each by a crop that is drawn once for the run"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for key, (low, high) in (("scale", self.scale), ("ratio", self.ratio)):
            if low > high:
                raise ValueError(f"{key}: the first value must not be greater than the second")
        return self


class ColorJitter(Closed):
    """Random changes of brightness, contrast, saturation and hue, as in ColorJitter of torchvision.

    Each factor is drawn uniformly from 1 - x to 1 + x, the hue's shift from -x to x. The changes are applied in this
    order.
    """

    brightness: Probability = Field(0.0, description="change of the brightness; 0.4 draws factors from 0.6 to 1.4")
    contrast: Probability = Field(0.0, description="change of the contrast, around the image's mean gray value")
    saturation: Probability = Field(0.0, description="change of the saturation; no effect on gray images")
    hue: float = Field(
        0.0,
        ge=0,
        le=0.5,
        description="maximum shift of the hue as a share of the color circle; no effect on gray images",
    )

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not (self.brightness or self.contrast or self.saturation or self.hue):
            raise ValueError("set brightness, contrast, saturation or hue")
        return self


class Augmentation(Closed):
    """Random changes to training images, drawn separately for each image and epoch; none by default."""

    horizontal_flip: Probability = Field(0.0, description="probability of a left-right flip")
    vertical_flip: Probability = Field(0.0, description="probability of an up-down flip")
    crop_padding: int = Field(
        0, ge=0, le=64, description="zero padding in pixels on each side before a random crop to the original size"
    )
    random_resized_crop: RandomResizedCrop | None = Field(
        None, description="random crop of the stored image, resized to the network's input size; default: none"
    )
    rotation: float = Field(
        0.0, ge=0, le=180, description="maximum rotation in either direction, in degrees; bilinear, zeros outside"
    )
    color_jitter: ColorJitter | None = Field(
        None, description="random changes of brightness, contrast, saturation and hue; default: none"
    )
    noise: float = Field(0.0, ge=0, le=1, description="standard deviation of normal noise, of full range 1")


class CopyChange(Closed):
    """Difference between a copy and its image; at least one key is required."""

    rotations: list[Annotated[float, Field(ge=-180, le=180)]] = Field(
        [], description="angles in degrees; one is drawn for each copy; bilinear, zeros outside"
    )
    opposite: bool = Field(
        False, description="turn by the opposite of the angle that was drawn for the image's copy before this one"
    )
    horizontal_flip: bool = Field(False, description="flip the copy left to right")
    noise: float = Field(0.0, ge=0, le=1, description="standard deviation of normal noise, of full range 1")
    unchanged: bool = Field(
        False, description="copy the image as it is: for a recipe whose augmentation changes every training image"
    )

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        changed = self.rotations or self.opposite or self.horizontal_flip or self.noise
        if self.unchanged and changed:
            raise ValueError("an unchanged copy has no other key; remove them or unchanged")
        if not (self.unchanged or changed):
            raise ValueError(
                "a copy must differ from its image: set rotations, opposite, horizontal_flip or noise; or set unchanged"
            )
        if self.opposite and self.rotations:
            raise ValueError("opposite takes the angle of the copy before; remove rotations")
        return self


class Oversampling(Closed):
    """Copies of the training images of rare classes, made once before training.

    Every image of a class is copied equally often; if the factor leaves a remainder, the images for it are drawn at
    random. The copies of an image cycle through `changes`.
    """

    classes: list[str] = Field(min_length=1, description="names of the rare classes")
    factor: float = Field(
        gt=1,
        le=1000,
        description="images of the class after copying, divided by the images before; 3 makes two copies of each image",
    )
    changes: list[CopyChange] = Field(
        min_length=1, max_length=1000, description="differences between copies and their images, one after the other"
    )

    @model_validator(mode="after")
    def _each_class_once(self) -> Self:
        if len(set(self.classes)) < len(self.classes):
            raise ValueError("classes names a class twice")
        if self.changes[0].opposite:
            raise ValueError("opposite follows a copy of the same image, so the first of the changes can't have it")
        return self


class Recipe(Closed):
    """How a network is trained."""

    epochs: int = Field(ge=1, le=MAX_EPOCHS, description="number of training epochs")
    batch_size: int = Field(
        32, ge=1, le=100_000, description="images per optimization step; the last batch of an epoch may be smaller"
    )
    optimizer: Literal["adam", "adamw", "sgd"] = Field("adam", description="optimizer of torch.optim")
    learning_rate: float = Field(gt=0, description="initial learning rate")
    new_layers_learning_rate: float | None = Field(
        None,
        gt=0,
        description="initial learning rate of layers without ImageNet weights (the last layer and attention); default: "
        "`learning_rate`",
    )
    weight_decay: float = Field(
        0.0,
        ge=0,
        le=1000,
        description="weight decay as in torch.optim: an L2 penalty in the gradient of `adam` and `sgd`, decoupled from "
        "it in `adamw`",
    )
    momentum: float = Field(0.0, ge=0, lt=1, description="momentum of `sgd`")
    nesterov: bool = Field(False, description="Nesterov momentum of `sgd`")
    schedule: Literal["constant", "step", "cosine"] = Field(
        "constant",
        description="learning rate over the epochs: constant; multiplied by `step_factor` every `step_epochs` epochs "
        "or after each of the `milestones`; or half a cosine down to 0",
    )
    step_epochs: int | None = Field(
        None, ge=1, le=MAX_EPOCHS, description="epochs between two steps of the `step` schedule"
    )
    milestones: list[Annotated[int, Field(ge=1, le=MAX_EPOCHS)]] = Field(
        [],
        max_length=100,
        description="epochs after which the `step` schedule multiplies the learning rate, ascending, in place of "
        "`step_epochs`",
    )
    step_factor: float = Field(0.1, gt=0, lt=1, description="factor of the `step` schedule")
    warmup_epochs: int = Field(
        0,
        ge=0,
        le=MAX_EPOCHS,
        description="epochs at the start in which the learning rate rises linearly to its initial value; the schedule "
        "begins after them and counts its epochs from there",
    )
    warmup_factor: Share = Field(
        0.1, description="learning rate in the first epoch of the warm-up, as a share of the initial learning rate"
    )
    label_smoothing: Probability = Field(0.0, description="label smoothing of the cross-entropy loss")
    mixup: float = Field(
        0.0,
        ge=0,
        le=10,
        description="parameter of the beta distribution from which mixup draws the share of each image in its mixture "
        "with another image of the batch (Zhang et al. 2018); 0: no mixup",
    )
    normalization: InputNormalization = Field(
        "training",
        description="mean and standard deviation of each channel: those of ImageNet, 0.5 and 0.5, or those of the "
        "run's training images; a backbone may set another one",
    )
    augmentation: Augmentation = Field(
        default_factory=lambda: Augmentation(), description="random changes to training images"
    )
    oversampling: Oversampling | None = Field(
        None, description="copies of training images of rare classes, except for classifiers on pixels; default: none"
    )
    precision: Literal["fp32", "tf32", "bf16"] = Field(
        "fp32", description="floating-point precision of the network; `tf32` affects CUDA only, `bf16` uses autocast"
    )
    threads: int = Field(
        1,
        ge=1,
        le=256,
        description="CPU threads of one run; they affect its numerics, so the recipe sets them and not the machine",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.optimizer != "sgd" and (self.momentum or self.nesterov):
            raise ValueError("momentum and nesterov belong to the optimizer 'sgd'")
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov needs a momentum above 0")
        if self.schedule != "step" and (self.step_epochs is not None or self.milestones):
            raise ValueError("step_epochs and milestones belong to the schedule 'step'")
        if self.schedule == "step" and (self.step_epochs is None) == (not self.milestones):
            raise ValueError("the schedule 'step' needs either step_epochs or milestones")
        if any(later <= earlier for earlier, later in itertools.pairwise(self.milestones)):
            raise ValueError(f"milestones must be ascending, each epoch once, not {self.milestones}")
        if self.warmup_epochs >= self.epochs:
            raise ValueError(
                f"warmup_epochs must be below epochs ({self.epochs}), so that the schedule has an epoch left"
            )
        return self
