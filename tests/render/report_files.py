"""Input files of the report: records and histories of runs, and claims, one of them with hostile text."""

import csv
from pathlib import Path

from PIL import Image

from medattn.files import write_json
from medattn.layout import ResultPaths
from medattn.result_tables import CLAIMS
from medattn.training.history import EpochRow, write_history

HOSTILE = "</script><img src=x onerror=alert(1)>\"'"
_CLAIMS = (
    ("vgg16", "gsa", "84.20", "84.9", "reproduced", "ACC is 84.20"),
    ("vgg16", "l1", "82.71", "78", "not reproduced", HOSTILE),
    ("none", "svm", "79.60", "", "not measured", "ACC is 79.60"),
)


def write_claims(results: ResultPaths) -> None:
    """Write claims.csv with three claims on the data set `phantom`."""
    with results.claims.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, CLAIMS.columns, restval="")
        writer.writeheader()
        for backbone, arm, published, measured, verdict, statement in _CLAIMS:
            writer.writerow(
                {
                    "claim": f"main.phantom.{backbone}.{arm}.accuracy", "paper": "tiny", "table": "main",
                    "kind": "number", "dataset": "phantom", "backbone": backbone, "arm": arm, "metric": "accuracy",
                    "statement": statement, "published": published, "unit": "percent", "measured": measured,
                    "low": "80" if measured else "", "high": "88" if measured else "", "n": "5", "verdict": verdict,
                    "state": "judged" if measured else "unavailable",
                    "reason": HOSTILE, "stand_in": "False",
                }
            )  # fmt: skip


def write_runs(results: ResultPaths) -> None:
    """Write record and history of every run of one cell."""
    for seed in range(5):
        files = results.run("tiny.phantom.vgg16.gsa", f"train-s{seed}")
        write_history(files.history, [_epoch(1, 20), _epoch(2, 30)], "test")
        write_json(files.record, _record(seed))


def write_figures(results: ResultPaths) -> None:
    """Write a figure, `maps`, as an image of 1400 x 300 pixels, and one without anything to show, `curves`."""
    results.figures.mkdir(parents=True, exist_ok=True)
    for name, column in (("maps", "auc"), ("curves", "reason")):
        Image.new("RGB", (1400, 300), "white").save(results.figures / f"{name}.png")
        (results.figures / f"{name}.csv").write_text(f"{column}\nno epochs\n")


def _epoch(epoch: int, correct: int) -> EpochRow:
    return EpochRow(epoch, 0.001, 1.0 / epoch, 0.0, 50, 100, correct, 40)


def _record(seed: int) -> dict[str, object]:
    return {
        "status": "ok",
        "seed": seed,
        "epochs": 2,
        "seconds": 3.5,
        "outputs": {},
        "finished": f"2026-03-0{seed + 1}T10:00:00+00:00",
        "code": {"commit": "c0ffee" * 6, "dirty": False},
        "environment": {"python": "3.11.7", "packages": {"torch": "2.9.0"}, "cpu": "A processor"},
        "numerics": {"device": "cpu"},
    }


def page_at(folder: Path, text: str) -> Path:
    """Write a page to a file, as a browser opens it."""
    path = folder / "report.html"
    path.write_text(text, encoding="utf-8")
    return path
