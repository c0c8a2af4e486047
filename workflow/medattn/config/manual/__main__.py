"""Generator of the configuration manual, config/README.md, and of the JSON schemas.

`python -m medattn.config.manual` writes them from the configuration models; with `--check` it only lists stale files.
"""

import argparse
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from medattn.config.manual.key_tables import anchor, prose, table
from medattn.config.manual.schemas import json_schemas
from medattn.config.mechanisms import mechanism_names, mechanism_options
from medattn.config.models import (
    dataset,
    facts,
    figure,
    paper,
    placement,
    recipe,
    seeds,
    selection,
    statistics,
    text_facts,
    verdicts,
)
from medattn.config.models.classifiers import CLASSIFIER_OPTIONS
from medattn.config.models.row_filter import RowFilter
from medattn.config.networks.catalog import LIBRARY_OPTIONS, own_networks
from medattn.protocols.registry import PROTOCOLS
from medattn.sources.base import Archive
from medattn.sources.own_images import IntensityWindow, VolumeSlice
from medattn.sources.registry import SOURCES

ROOT = Path(__file__).parents[4]
INTRODUCTION = Path(__file__).with_name("introduction.md")

_PROTOCOL_PLACE = "`protocol` of a paper; single keys in `papers.<paper>.protocol` of a selection"

# Chapter -> (heading, model, place of its keys), in reading order.
_CHAPTERS: dict[str, list[tuple[str, type[BaseModel], str]]] = {
    "Selections": [
        ("Selection", selection.Selection, "the top level of `config.yaml` and `config/*.yaml`"),
        ("Paper in a selection", selection.PaperSelection, "`papers.<paper>` of a selection"),
        ("Looks", seeds.SeedLooks, "`seeds` of a selection"),
        ("Rule for verdicts", verdicts.VerdictRule, "`verdicts` of a selection"),
    ],
    "Papers": [
        ("Paper", paper.Paper, "the top level of `papers/<paper>/paper.yaml`"),
        ("Experiment", paper.Experiment, "`experiments.<name>` of a paper"),
        ("Override", paper.ExperimentOverride, "`override` of an experiment"),
        (
            "Backbone",
            paper.Backbone,
            "`backbones.<name>` of a paper, `extra_backbones.<name>` of a selection",
        ),
        ("Arm", paper.Arm, "`arms.<name>` of a paper, `extra_arms.<name>` of a selection"),
        ("Placement", placement.Placement, "`placement` of an arm"),
        (
            "Recipe",
            recipe.Recipe,
            "`recipe` of a paper; single keys in `papers.<paper>.recipe` of a selection",
        ),
        ("Augmentation", recipe.Augmentation, "`augmentation` of a recipe"),
        ("Random resized crop", recipe.RandomResizedCrop, "`random_resized_crop` of an augmentation"),
        ("Color jitter", recipe.ColorJitter, "`color_jitter` of an augmentation"),
        ("Oversampling", recipe.Oversampling, "`oversampling` of a recipe"),
        ("Change of a copy", recipe.CopyChange, "each entry of `changes` of an oversampling"),
        *((f"Protocol {kind}", model, _PROTOCOL_PLACE) for kind, model in PROTOCOLS.items()),
        ("Family", paper.Family, "`families.<name>` of a paper"),
        ("Table", paper.Table, "`tables.<name>` of a paper"),
        ("Table of data sets", statistics.Statistics, "`statistics.<name>` of a paper"),
        (
            "Published numbers of a data set",
            statistics.PublishedStatistics,
            "`datasets.<name>` of a table of data sets",
        ),
        ("Mark", paper.Mark, "each entry of `marks` of a table"),
        ("Figure", figure.Figure, "`figures.<name>` of a paper, `extra_figures.<name>` of a selection"),
    ],
    "Data sets": [
        (
            "Data set",
            dataset.DatasetEntry,
            "`<name>` in the registry, in `config/datasets/*.yaml` and in `papers/<paper>/datasets.yaml`, "
            "`datasets.<name>` of a selection",
        ),
        *((f"Source {kind}", model, "`source` of a data set") for kind, model in SOURCES.items()),
        ("Archive", Archive, "`archives.<name>` of a source that is a folder of images"),
        ("Window", IntensityWindow, "`window` of the sources `folder`, `class_folders` and `folder_per_class`"),
        ("Slice of a volume", VolumeSlice, "`slice` of the sources `folder`, `class_folders` and `folder_per_class`"),
    ],
    "Facts about published values": [
        ("Facts", facts.Facts, "the top level of `papers/<paper>/facts.yaml` and of `medattn claims --facts`"),
        ("Filter of rows", RowFilter, "wherever facts apply to some of the published values"),
        ("Test set", facts.TestSet, "`test_sets.<name>` of facts"),
        ("Stated total", facts.StatedTotal, "each entry of `totals` of facts"),
        ("Stated number", facts.StatedCount, "each entry of `stated` of facts"),
        ("Count of a network", facts.NetworkCount, "each entry of `counts` of facts"),
        ("Formula for parameters", facts.ParameterFormula, "each entry of `formulas` of facts"),
        ("Stage of a formula", facts.FormulaStage, "each entry of `stages` of a formula"),
        ("Score over all classes", facts.OverallScore, "each entry of `overall` of facts"),
        ("Size of feature maps", facts.FeatureMapSize, "each entry of `feature_maps` of facts"),
        ("Statement about costs", facts.CostStatement, "each entry of `costs` of facts"),
        ("Convolution", facts.Convolution, "each entry of `layers` of a cost"),
        ("Statement of significance", facts.SignificanceStatement, "each entry of `significance` of facts"),
        ("Statement of a comparison", facts.Statement, "each entry of `statements` of facts"),
        ("Other metric", facts.OtherMetric, "each entry of `other_metrics` of facts"),
        ("Accuracy after epochs", text_facts.AfterEpoch, "each entry of `after_epochs` of facts"),
        ("Comparison without numbers", text_facts.UnpublishedComparison, "each entry of `unpublished` of facts"),
        ("Statement about attention", text_facts.AttentionStatement, "each entry of `attention` of facts"),
        ("Reading", text_facts.OfferedReading, "each entry of `readings` of facts"),
        ("Independent rows", facts.IndependentRows, "each entry of `independent` of facts"),
    ],
}


def manual() -> str:
    """Return the text of config/README.md."""
    chapters = {
        **_CHAPTERS,
        "Options of networks": _networks(),
        "Options of mechanisms": _mechanisms(),
        "Options of classifiers": _classifiers(),
    }
    headings = {model.__name__: heading for sections in chapters.values() for heading, model, _ in sections}
    lines = [INTRODUCTION.read_text(encoding="utf-8").rstrip(), "", *_contents(chapters)]
    for chapter, sections in chapters.items():
        lines += ["", f"## {chapter}"]
        if not sections:
            lines += ["", "None yet."]
        for heading, model, place in sections:
            lines += ["", f"### {heading}", "", *_section(model, place, headings)]
    return "\n".join(lines) + "\n"


def files() -> dict[Path, str]:
    """Return the expected text of every generated file."""
    schemas = {ROOT / "workflow" / "schemas" / name: text for name, text in json_schemas().items()}
    return {ROOT / "config" / "README.md": manual(), **schemas}


def stale_files() -> list[Path]:
    """Return the generated files whose text differs from the configuration models."""
    return [path for path, text in files().items() if not path.is_file() or path.read_text(encoding="utf-8") != text]


def main(arguments: list[str] | None = None) -> int:
    """Write the generated files, or check them."""
    parser = argparse.ArgumentParser(prog="python -m medattn.config.manual", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit with code 1 if a file is stale")
    check = parser.parse_args(arguments).check
    stale = stale_files()
    texts = files()
    for path in stale:
        outcome = "stale; run python -m medattn.config.manual" if check else "written"
        print(f"{path.relative_to(ROOT)}: {outcome}")
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(texts[path], encoding="utf-8")
    return 1 if check and stale else 0


def _mechanisms() -> list[tuple[str, type[BaseModel], str]]:
    return [
        (f"Mechanism {name}", mechanism_options(name), f"`options` of an arm with `mechanism: {name}`")
        for name in mechanism_names()
    ]


def _networks() -> list[tuple[str, type[BaseModel], str]]:
    sections = [
        (f"Network {name}", network.options, f"`options` of a backbone with `model: medattn/{name}`")
        for name, network in own_networks().items()
        if network.options.model_fields
    ]
    libraries: dict[type[BaseModel], list[str]] = {}
    for model, options in LIBRARY_OPTIONS.items():
        libraries.setdefault(options, []).append(model)
    for options, models in libraries.items():
        place = " or ".join(f"`model: {model}`" for model in models)
        names = " and ".join(model.partition("/")[2] for model in models)
        sections.append((f"Networks {names}", options, f"`options` of a backbone with {place}"))
    return sections


def _classifiers() -> list[tuple[str, type[BaseModel], str]]:
    return [
        (f"Classifier {name}", model, f"`options` of an arm with `classifier: {name}`")
        for name, model in sorted(CLASSIFIER_OPTIONS.items())
    ]


def _contents(chapters: dict[str, list[tuple[str, type[BaseModel], str]]]) -> Iterator[str]:
    yield "## All keys"
    yield ""
    for chapter, sections in chapters.items():
        links = ", ".join(f"[{heading}](#{anchor(heading)})" for heading, _, _ in sections)
        yield f"- [{chapter}](#{anchor(chapter)})" + (f": {links}" if links else "")


def _section(model: type[BaseModel], place: str, headings: dict[str, str]) -> Iterator[str]:
    if model.__doc__:
        yield prose(inspect.cleandoc(model.__doc__))
        yield ""
    yield f"Place: {place}."
    yield ""
    yield from table(model.model_json_schema(), headings)


if __name__ == "__main__":
    sys.exit(main())
