"""The recipe: optimiser, schedule, batch, epochs, loss, augmentation and the numerics of one training."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from medattn.config.base import Closed

Probability = Annotated[float, Field(ge=0, le=1)]


class Augmentation(Closed):
    """Random changes to each training image, drawn anew for each image and epoch; none by default."""

    horizontal_flip: Probability = Field(0.0, description="probability of a left-right mirror image")
    vertical_flip: Probability = Field(0.0, description="probability of an upside-down image")
    crop_padding: int = Field(
        0, ge=0, le=64, description="zero padding in pixels on each side before a random crop to the old size"
    )
    rotation: float = Field(
        0.0, ge=0, le=180, description="greatest rotation to either side in degrees, bilinear, zeros outside"
    )


class Recipe(Closed):
    """How one network is trained."""

    epochs: int = Field(ge=1, le=100_000, description="epochs that are trained")
    batch: int = Field(32, ge=1, description="images per optimisation step; the last batch may be smaller")
    optimiser: Literal["adam", "sgd"] = Field("adam", description="`adam` or `sgd`, as in torch.optim")
    learning_rate: float = Field(gt=0, description="learning rate at the start")
    new_layers_learning_rate: float | None = Field(
        None,
        gt=0,
        description="learning rate at the start of layers that have no ImageNet weights (the last one, attention); "
        "default: that of all",
    )
    weight_decay: float = Field(0.0, ge=0, description="L2 penalty, coupled as in torch.optim")
    momentum: float = Field(0.0, ge=0, lt=1, description="momentum of `sgd`")
    nesterov: bool = Field(False, description="Nesterov's form of the momentum of `sgd`")
    schedule: Literal["constant", "step", "cosine"] = Field(
        "constant",
        description="learning rate over the epochs: constant, times step_factor every step_epochs, or half a "
        "cosine to 0",
    )
    step_epochs: int | None = Field(None, ge=1, description="epochs between two steps of the `step` schedule")
    step_factor: float = Field(0.1, gt=0, lt=1, description="factor of the `step` schedule")
    label_smoothing: Probability = Field(0.0, description="label smoothing of the cross entropy")
    normalise: Literal["imagenet", "half", "training"] = Field(
        "training",
        description="per-channel mean and deviation: ImageNet's, 0.5 and 0.5, or those of the run's own "
        "training images",
    )
    augmentation: Augmentation = Field(
        default_factory=lambda: Augmentation(), description="random changes to training images"
    )
    precision: Literal["fp32", "tf32", "bf16"] = Field(
        "fp32", description="arithmetic of the network; `tf32` acts on CUDA only, `bf16` is autocast"
    )
    threads: int = Field(
        1,
        ge=1,
        le=256,
        description="CPU threads of one run; part of its numerics, so fixed here and not by the machine",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.optimiser != "sgd" and (self.momentum or self.nesterov):
            raise ValueError("momentum and nesterov belong to the optimiser 'sgd'")
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov needs a momentum above 0")
        if (self.schedule == "step") != (self.step_epochs is not None):
            raise ValueError("step_epochs belongs to the schedule 'step', which needs it")
        return self
