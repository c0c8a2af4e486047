"""Base of the sources for users' own images: 8-bit images as they are, others by a declared window or scaling."""

from dataclasses import replace
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from medattn.closed_model import Closed
from medattn.sources.folders.image_files import ENDINGS
from medattn.sources.image_folder import ImageFolderSource, ImageListing

OWN_ENDINGS = (*ENDINGS, ".dcm", ".dicom", ".ima", ".nii", ".nii.gz")
Value = Annotated[float, Field(ge=-1e9, le=1e9)]


class IntensityWindow(Closed):
    """Range of stored values that becomes black to white, by `low` and `high` or by `center` and `width`."""

    low: Value | None = Field(None, description="value that becomes black, as all below it")
    high: Value | None = Field(None, description="value that becomes white, as all above it")
    center: Value | None = Field(None, description="middle of the range")
    width: float | None = Field(None, gt=0, le=2e9, description="width of the range")

    @model_validator(mode="after")
    def _is_one_range(self) -> Self:
        given = {key for key in ("low", "high", "center", "width") if getattr(self, key) is not None}
        if given not in ({"low", "high"}, {"center", "width"}):
            raise ValueError("window needs low and high, or center and width")
        low, high = self.limits
        if low >= high:
            raise ValueError("low of window should be less than high")
        return self

    @property
    def limits(self) -> tuple[float, float]:
        """Values that become black and white."""
        if self.center is not None and self.width is not None:
            return self.center - self.width / 2, self.center + self.width / 2
        assert self.low is not None and self.high is not None
        return self.low, self.high


class VolumeSlice(Closed):
    """The slice that is taken from a volume, in the orientation that its file declares."""

    plane: Literal["sagittal", "coronal", "axial"] = Field(description="plane of the slice")
    index: int | None = Field(
        None, ge=0, le=100_000, description="its number from left, back or bottom, counted from 0; default: the middle"
    )


class OwnImagesSource(ImageFolderSource):
    """A folder of users' own images: PNG, JPEG, TIFF, BMP, PPM, DICOM and NIfTI."""

    is_users_own: ClassVar[bool] = True

    window: IntensityWindow | None = Field(
        None,
        description="range of values that becomes 0 to 255, in units of the file; in DICOM and NIfTI after the file's "
        "slope and intercept (Hounsfield units, for example). Images that are not 8-bit need it, or `scaling`",
    )
    scaling: Literal["full-range"] | None = Field(
        None,
        description="`full-range`: all values that the file's depth allows become 0 to 255 (16 bits: 0 to 65,535; "
        "DICOM with 12 stored bits: 0 to 4,095)",
    )
    slice: VolumeSlice | None = Field(
        None, description="the slice that is read from volumes (NIfTI); default: only images of one slice are read"
    )

    @model_validator(mode="after")
    def _window_or_scaling(self) -> Self:
        if self.window is not None and self.scaling is not None:
            raise ValueError("window and scaling exclude each other; keep one")
        return self

    def with_values(self, listing: ImageListing) -> ImageListing:
        """Return the listing with the declared window, scaling and slice."""
        return replace(
            listing,
            window=self.window.limits if self.window else None,
            full_range=self.scaling == "full-range",
            slice=(self.slice.plane, self.slice.index) if self.slice else None,
        )
