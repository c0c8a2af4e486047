import argparse
from pathlib import Path

import pytest

from medattn.commands import compare, render
from medattn.errors import UserError
from medattn.layout import ResultPaths
from medattn.render.inputs import Inputs
from medattn.render.render_selection import render as render_all
from medattn.render.summary import summary_lines


def test_unknown_names_are_refused(inputs: Inputs) -> None:
    with pytest.raises(UserError, match="unknown table 'mian'; did you mean 'main'"):
        render_all(inputs, tables=["mian"])
    with pytest.raises(UserError, match="unknown figure 'map'; did you mean 'maps'"):
        render_all(inputs, figures=["map"])


def test_captions_name_duplicated_images(inputs: Inputs) -> None:
    render_all(inputs, ["main"], [])
    assert "Phantom: 1 of 5 test images is also in train." in (inputs.results.captions / "main.rst").read_text()


def test_the_summary_names_files_and_differences(inputs: Inputs) -> None:
    text = "\n".join(summary_lines(inputs))
    assert str(inputs.results.tables / "main.md") in text
    assert "- tiny, Phantom (stand-in), vgg16, gsa: +7." in text
    assert "- report: " not in text, "none was written"
    inputs.results.report.touch()
    assert f"- report: {inputs.results.report}" in summary_lines(inputs)


def test_the_commands_compare_and_render(
    written: ResultPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    written.comparisons.unlink()
    for command, options in ((compare, []), (render, ["--table", "main"]), (render, [])):
        parser = argparse.ArgumentParser()
        command.add_arguments(parser)
        assert command.run(parser.parse_args(["--plan", str(written.plan), *options])) == 0
    assert "132 comparisons" in capsys.readouterr().out
    assert len(list(written.figures.glob("*.svg"))) == 3


def test_a_missing_input_file_is_named(written: ResultPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written.epochs.unlink()
    with pytest.raises(UserError, match=r"epochs\.csv: no such file; run `medattn measure`"):
        compare.run(argparse.Namespace(plan=written.plan, allow_fewer=False))
