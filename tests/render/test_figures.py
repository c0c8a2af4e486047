import re
import shutil
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure as MatplotlibFigure
from PIL import Image
from safetensors.numpy import save_file

from medattn.config.figure_kinds import figure_kinds
from medattn.errors import UserError
from medattn.render.captions import TEMPLATES
from medattn.render.figures.drawing import drawer
from medattn.render.figures.images import at_size, attention_maps
from medattn.render.figures.kinds.accuracy_against_cost import spread_apart
from medattn.render.figures.kinds.learning_curve import _room_for_rug
from medattn.render.figures.style import ONE_COLUMN, TWO_COLUMNS, seed_color
from medattn.render.figures.write_figure import write_figure
from medattn.render.inputs import Inputs
from medattn.report.page_model import FigureView

NAMES = ["maps", "curves", "differences"]


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_is_written_the_same_each_time(name: str, reread: Callable[[], Inputs]) -> None:
    contents = []
    for _ in range(2):
        inputs = reread()
        write_figure(inputs, inputs.configuration.papers[0], name)
        folder = inputs.results.figures
        contents.append([(folder / f"{name}.{suffix}").read_bytes() for suffix in ("svg", "png", "csv")])
    assert contents[0] == contents[1]
    svg = contents[0][0].decode()
    assert "<text" in svg
    assert "<dc:date>" not in svg
    with Image.open(folder / f"{name}.png") as image:
        assert image.width > 400
        assert len(set(image.convert("L").tobytes())) > 10
    assert (inputs.results.captions / f"{name}.rst").read_text().startswith(inputs_title(inputs, name))


def inputs_title(inputs: Inputs, name: str) -> str:
    return inputs.configuration.papers[0].paper.figures[name].title


def test_the_overlap_of_every_run_is_saved_with_the_maps(inputs: Inputs) -> None:
    write_figure(inputs, inputs.configuration.papers[0], "maps")
    table = pd.read_csv(inputs.results.figures / "maps.csv")
    phantom = table[table["dataset"] == "phantom"]
    assert sorted(set(phantom["seed"])) == [0, 1, 2, 3, 4]
    assert phantom.loc[phantom["map"] == "after", "auc"].min() > 0.9
    assert phantom.loc[phantom["map"] == "before", "auc"].mean() == pytest.approx(0.5, abs=0.1)
    assert table.loc[table["dataset"] == "digits", "auc"].isna().all()


def test_figure_and_caption_name_stand_in_images(inputs: Inputs) -> None:
    write_figure(inputs, inputs.configuration.papers[0], "differences")
    assert "Phantom (stand-in)" in (inputs.results.figures / "differences.svg").read_text()
    assert "Stand-in images were used for: Phantom." in (inputs.results.captions / "differences.rst").read_text()


def test_the_cutoff_epoch_is_drawn(inputs: Inputs) -> None:
    write_figure(inputs, inputs.configuration.papers[0], "curves")
    assert "E = 12" in (inputs.results.figures / "curves.svg").read_text()


def test_the_mean_difference_is_the_mean_of_the_dots(inputs: Inputs) -> None:
    write_figure(inputs, inputs.configuration.papers[0], "differences")
    table = pd.read_csv(inputs.results.figures / "differences.csv")
    means = table.groupby(["dataset", "backbone", "arm"]).agg(
        {"seed_difference": "mean", "difference": "first", "seed": "count", "n": "first"}
    )
    np.testing.assert_allclose(means["seed_difference"], means["difference"])
    assert (means["seed"] == means["n"]).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_without_measurements_states_the_reason(name: str, inputs: Inputs) -> None:
    shutil.rmtree(inputs.results.folder / "runs")
    inputs = replace(inputs, epochs=inputs.epochs.head(0), comparisons=inputs.comparisons.head(0))
    write_figure(inputs, inputs.configuration.papers[0], name)
    reason = pd.read_csv(inputs.results.figures / f"{name}.csv")["reason"].item()
    assert reason in (inputs.results.captions / f"{name}.rst").read_text()


def test_every_kind_has_a_function_that_draws_it() -> None:
    assert len(figure_kinds()) >= 15
    assert all(callable(drawer(kind)) for kind in figure_kinds())


def test_maps_are_stretched_one_by_one_where_the_figure_asks_for_it(inputs: Inputs) -> None:
    paper = inputs.configuration.papers[0]
    declared = paper.figures["maps"]
    figures = {"maps": declared, "stretched": declared.model_copy(update={"stretch": True})}
    drawn = {name: drawer("attention_map")(inputs, paper, figure) for name, figure in figures.items()}
    scales = {
        name: [image.get_array() for ax in drawing.figure.axes for image in ax.images if image.get_array().ndim == 2]
        for name, drawing in drawn.items()
    }
    assert all((image.min(), image.max()) == (0, 1) for image in scales["stretched"][1:3])
    assert not all((image.min(), image.max()) == (0, 1) for image in scales["maps"][1:3])
    assert "each map is stretched to 0..1" in " ".join(drawn["stretched"].facts)
    assert "share a color scale" in " ".join(drawn["maps"].facts)
    pd.testing.assert_frame_equal(drawn["maps"].numbers, drawn["stretched"].numbers)


def test_resized_maps_keep_their_mean() -> None:
    values = np.random.default_rng(0).random((56, 56)).astype(np.float32)
    assert at_size(values, (28, 28)).shape == (28, 28)
    assert at_size(values, (28, 28)).mean() == pytest.approx(values.mean(), abs=0.01)


@pytest.mark.parametrize("heights", [[0.9, 0.5, 0.1], [0.5] * 5, [1.0, 1.0, 0.99, 0.02, 0.0, 0.0], [0.1] * 10])
def test_labels_are_a_line_apart_and_inside_the_panel(heights: list[float]) -> None:
    placed = np.array(spread_apart(heights, 0.1))
    assert (-np.diff(placed) >= 0.1 - 1e-9).all()
    assert placed.min() >= -1e-9 and placed.max() <= 1 + 1e-9
    if heights == [0.9, 0.5, 0.1]:
        assert placed.tolist() == heights


def test_seeds_have_the_colors_of_the_page() -> None:
    css = (TEMPLATES / "page" / "page.css").read_text()
    light = css[: css.index("@media")]
    assert [re.search(rf"--c{n}: (#\w+);", light)[1] for n in range(6)] == [seed_color(seed) for seed in range(6)]
    assert seed_color(6) == seed_color(0)


def test_learning_curves_show_possible_accuracies_only() -> None:
    ax = MatplotlibFigure().subplots()
    ax.plot([1, 2, 3], [-4.0, 50.0, 104.0])  # a band of one standard deviation reaches beyond 0 and 100
    _room_for_rug(ax, 4)
    assert min(ax.get_yticks()) >= 0 and max(ax.get_yticks()) <= 100
    assert ax.spines["left"].get_bounds() == (0, 100)
    assert ax.get_ylim()[0] < 0, "room for the ticks of the measured epochs"


def test_figures_of_two_columns_take_the_whole_width_of_the_report() -> None:
    widths = {"one": round(200 * ONE_COLUMN), "two": round(200 * TWO_COLUMNS)}
    assert {name: FigureView(name, "", "", width=width).is_wide for name, width in widths.items()} == {
        "one": False,
        "two": True,
    }


@pytest.mark.parametrize(
    "arrays",
    [
        {"before": np.ones((1, 4, 4)), "after": np.ones((1, 4, 4))},
        {"before": np.ones((0, 4)), "after": np.ones((0, 4))},
        {"after": np.ones((4, 4))},
    ],
)
def test_a_file_with_other_arrays_than_maps_is_refused(tmp_path, arrays):
    path = tmp_path / "maps.safetensors"
    save_file({name: values.astype(np.float32) for name, values in arrays.items()}, path)
    with pytest.raises(UserError, match=r"maps\.safetensors: not the attention maps of a run"):
        attention_maps(path)
