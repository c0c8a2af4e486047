import re
from collections.abc import Callable
from dataclasses import replace
from io import StringIO

import pandas as pd
import pytest
from scipy.stats import ttest_rel

from medattn.config.models.paper import Mark
from medattn.render.captions import listed_seeds, table_caption
from medattn.render.inputs import Inputs
from medattn.render.tables.csv_format import to_csv
from medattn.render.tables.format_table import Heading, format_table, headings
from medattn.render.tables.latex_format import to_latex
from medattn.render.tables.markdown_format import to_markdown
from medattn.render.tables.paper_table import PaperTable, paper_table
from medattn.render.tables.table_values import value_over_runs
from medattn.render.tables.write_table import table_html, write_table
from medattn.result_tables import rows_of


@pytest.fixture
def model(inputs: Inputs) -> PaperTable:
    return paper_table(inputs, inputs.configuration.papers[0], "main")


def row(text: str, label: str) -> list[str]:
    line = next(line for line in text.splitlines() if line.startswith(f"| {label} |"))
    return [field.strip() for field in line.strip("|").split("|")]


def test_rows_are_in_the_papers_order(model: PaperTable) -> None:
    assert [r.label for r in model.rows[:5]] == [
        "LR", "SVM", "VGG-16", "VGG-16 (with L1)", "VGG-16 (with global attention)"
    ]  # fmt: skip


def test_data_sets_without_published_values_have_no_column_for_them(model: PaperTable) -> None:
    assert headings(model) == [
        Heading("Phantom", "ACC", "Published"),
        Heading("Phantom", "ACC", "Reproduced (epochs)"), Heading("Phantom", "ACC", "Reproduced (runs)"),
        Heading("Digits", "ACC", "Reproduced (epochs)"), Heading("Digits", "ACC", "Reproduced (runs)"),
    ]  # fmt: skip


def test_published_values_keep_their_digits(model: PaperTable, inputs: Inputs) -> None:
    text = to_markdown(format_table(model), "")
    assert row(text, "LR")[1] == "74.20"
    assert row(text, "SVM")[1] == "79.60(3.00)"
    assert row(text, "VGG-16 (with global attention)")[1] == r"\*84.20(1.26)"
    table = pd.read_csv(StringIO(to_csv(model)), dtype=str, keep_default_na=False)
    for published in inputs.published("tiny").to_dict("records"):
        found = rows_of(table, **{key: published[key] for key in ("dataset", "backbone", "arm")})
        assert (found["published_mean"].item(), found["published_sd"].item()) == (published["mean"], published["std"])


def test_reproduced_values_equal_the_measurements(model: PaperTable, inputs: Inputs) -> None:
    fields = row(to_markdown(format_table(model), ""), "VGG-16")
    measured = rows_of(inputs.measurements, dataset="phantom", backbone="vgg16", arm="vanilla")
    first = rows_of(measured, procedure="epochs", seed=0).iloc[0]
    over = rows_of(measured, procedure="runs").iloc[0]
    assert fields[2] == f"{first['value']:.2f}({first['spread']:.2f})<sup>†</sup>"
    assert fields[3] == f"{over['value']:.2f} ± {over['spread']:.2f} (5)<sup>†</sup>"


def test_missing_values_have_a_footnote_with_the_reason(model: PaperTable) -> None:
    text = to_markdown(format_table(model), "")
    assert row(text, "VGG-16")[4:] == ["—<sup>a</sup>", "—<sup>a</sup>"]
    assert "<sup>a</sup> Images on request only." in text
    assert row(text, "SVM")[2] == "—<sup>b</sup>"
    assert "<sup>b</sup> No code & 100% unknown settings." in text
    assert "seed 3: diverged in epoch 7" in text
    assert re.search(r" \(4\)(\*\*)?<sup>d</sup>", row(text, r"ResNet\_18 & co (with global attention)")[5])


def test_only_values_from_stand_in_images_have_a_dagger(model: PaperTable) -> None:
    text = to_markdown(format_table(model), "")
    assert "<sup>†</sup> Measured on stand-in images" in text
    assert "†" not in row(text, r"ResNet\_18 & co")[4]


def test_welch_marks_epochs_and_the_paired_t_test_marks_five_runs(model: PaperTable, inputs: Inputs) -> None:
    fields = row(to_markdown(format_table(model), ""), "VGG-16 (with global attention)")
    assert fields[2].startswith(r"\***")
    assert fields[3].startswith(r"\***")
    runs = rows_of(inputs.measurements, dataset="phantom", backbone="vgg16", procedure="epochs")
    values = {arm: rows_of(runs, arm=arm)["value"].to_numpy() for arm in ("gsa", "vanilla")}
    tested = rows_of(
        inputs.comparisons, dataset="phantom", backbone="vgg16", arm="gsa", against="vanilla", test="t_test"
    )
    assert tested["p"].item() == pytest.approx(ttest_rel(values["gsa"], values["vanilla"]).pvalue)
    assert "*" not in row(to_markdown(format_table(model), ""), "VGG-16 (with L1)")[2]


def test_runs_are_marked_by_the_adjusted_p(inputs: Inputs) -> None:
    inputs.comparisons.loc[inputs.comparisons["procedure"] == "runs", ["p", "p_adjusted"]] = [0.001, 0.5]
    unmarked = paper_table(inputs, inputs.configuration.papers[0], "main")
    assert not any(p.runs and p.runs.marks for r in unmarked.rows for p in r.entries)
    inputs.comparisons.loc[inputs.comparisons["procedure"] == "runs", "p_adjusted"] = 0.009
    marked = paper_table(replace(inputs), inputs.configuration.papers[0], "main")
    assert {p.runs.marks for r in marked.rows if r.arm == "gsa" for p in r.entries if p.runs} == {("bold", "star")}


def test_a_worse_value_looks_worse_in_every_format(inputs: Inputs) -> None:
    over_runs = inputs.comparisons["procedure"] == "runs"
    inputs.comparisons.loc[over_runs, "p_adjusted"] = 0.009
    inputs.comparisons.loc[over_runs & (inputs.comparisons["against"] == "l1"), "difference"] = -3.0
    table = paper_table(replace(inputs), inputs.configuration.papers[0], "main")
    marks = {p.runs.marks for r in table.rows if r.arm == "gsa" for p in r.entries if p.runs}
    assert marks == {("bold", "star-worse")}
    formatted = format_table(table)
    assert row(to_markdown(formatted, ""), "VGG-16 (with global attention)")[3].startswith("↓**")
    assert r"$^{\downarrow}$\textbf{" in to_latex(formatted, "")
    assert "bold|star-worse" in to_csv(table)
    assert ">↓<b>" in table_html(formatted, "")


def test_lower_is_better_for_an_error() -> None:
    pair = {"procedure": "runs", "test": "t_test", "against": "l1", "difference": -2.0}
    compared = pd.DataFrame([{**pair, "p_adjusted": 0.001, "alpha": 0.05}])
    measured = pd.DataFrame([{"procedure": "runs", "value": 3.0, "spread": 1.0, "n": 5, "reason": ""}])
    mark = Mark(arm="gsa", against="l1", sign="bold", alpha=0.05)
    for higher_is_better, expected in ((True, "bold-worse"), (False, "bold")):
        value, _ = value_over_runs(measured, compared, "gsa", [mark], higher_is_better=higher_is_better)
        assert value is not None and value.marks == (expected,)


def test_latex_escapes_special_characters(model: PaperTable) -> None:
    text = to_latex(format_table(model), "100% & more")
    assert r"\caption{100\% \& more}" in text
    assert r"ResNet\_18 \& co (with L1)" in text
    assert r"$^{\ast}$\textbf{" in text
    assert text.isascii()


def test_latex_is_balanced_and_every_row_is_full(model: PaperTable) -> None:
    text = to_latex(format_table(model), "A caption.")
    bare = re.sub(r"\\[{}]", "", text)
    assert bare.count("{") == bare.count("}")
    inside = text.split(r"\toprule")[1].split(r"\bottomrule")[0]
    for line in (line for line in inside.splitlines() if line.endswith(r"\\")):
        spanned = sum(int(n) - 1 for n in re.findall(r"\\multicolumn\{(\d+)\}", line))
        assert len(re.findall(r"(?<!\\)&", line)) + spanned == len(headings(model)), line


def test_the_caption_names_procedure_seeds_and_tests(model: PaperTable, inputs: Inputs) -> None:
    caption = table_caption(inputs, inputs.configuration.papers[0], model, ["Phantom: 2 images occur twice"])
    for part in ("30 measured epochs", "seed 0", "seeds 0-4", "Welch", "Holm-adjusted over the 9", "paired t-test"):
        assert part in caption
    assert caption.endswith("Stand-in images were used for: Phantom. Phantom: 2 images occur twice.")
    assert "  " not in caption


def test_rendering_a_table_twice_writes_identical_files(reread: Callable[[], Inputs]) -> None:
    contents = []
    for _ in range(2):
        inputs = reread()
        write_table(inputs, inputs.configuration.papers[0], "main")
        paths = sorted([*inputs.results.tables.iterdir(), *inputs.results.captions.iterdir()])
        assert [path.name for path in paths] == ["main.rst", "main.csv", "main.html", "main.md", "main.tex"]
        contents.append([path.read_bytes() for path in paths])
    assert contents[0] == contents[1]


@pytest.mark.parametrize(("seeds", "text"), [([0, 1, 2], "0-2"), ([0, 2, 3], "0, 2, 3"), ([0, 1], "0, 1"), ([4], "4")])
def test_listed_seeds(seeds: list[int], text: str) -> None:
    assert listed_seeds(seeds) == text


def test_listed_seeds_name_cells_at_a_later_look() -> None:
    assert listed_seeds(range(5), 10) == "0-4 (some cells: up to 9)"
    assert listed_seeds(range(5), 5) == "0-4"
