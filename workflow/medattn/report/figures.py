"""The figures of a paper for the page: the pictures, as a browser shows them the same everywhere."""

import io

from PIL import Image, UnidentifiedImageError

from medattn.config.resolved import ResolvedPaper
from medattn.errors import UserError
from medattn.render.captions import written_caption
from medattn.render.inputs import Inputs
from medattn.report.blocks import data_url
from medattn.report.page_model import FigureView


def figure_view(inputs: Inputs, paper: ResolvedPaper, name: str) -> FigureView:
    """Return a figure; one that is not drawn yet has that as its caption, and no picture.

    Raises:
        UserError: the file is no picture.
    """
    title = paper.figures[name].title
    path = inputs.results.figures / f"{name}.png"
    if not path.is_file():
        return FigureView(name, title, f"{title}: not drawn yet; run `medattn render`.")
    content = path.read_bytes()
    try:
        width, height = Image.open(io.BytesIO(content)).size
    except UnidentifiedImageError as error:
        raise UserError(f"{path}: not a picture; run `medattn render` again") from error
    return FigureView(
        name, title, written_caption(inputs, name) or title, data_url(content, "image/png"), width, height
    )
