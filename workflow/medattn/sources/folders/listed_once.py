"""Rules for the images that tables list: each once, and the images of a patient in one split."""

from collections.abc import Sequence
from pathlib import Path

from medattn.errors import UserError
from medattn.sources.image_folder import ListedImage


def check_listed_images(images: Sequence[ListedImage]) -> None:
    """Check that no file is listed twice, and that a patient has one split.

    Raises:
        UserError: names both rows.
    """
    files: dict[Path, ListedImage] = {}
    patients: dict[str, ListedImage] = {}
    for image in images:
        if image.file in files:
            raise UserError(f"{image.where}: {image.name} is in {files[image.file].where} as well")
        files[image.file] = image
        if image.patient is not None:
            first = patients.setdefault(image.patient, image)
            if first.split != image.split:
                raise UserError(
                    f"{image.where}: patient {image.patient} is in split '{image.split}', but in '{first.split}' in "
                    f"{first.where}; a patient's images must stay in one split"
                )
