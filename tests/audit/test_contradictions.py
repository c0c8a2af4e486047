"""Values that no training gives are found by looking; honest oddities are not blamed."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
import pytest
from benchmarks import consistent_edits as edits
from benchmarks.forger import Forger, Row
from benchmarks.tampering import FOLDER
from safetensors.numpy import load_file

from medattn.audit.checks.contradictions import trailing_zeros
from medattn.audit.checks.independence import _may_be_equal, _Trained
from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.audit.run_checks import run_checks


def findings(check: str) -> list[Finding]:
    return list(run_checks(AuditContext(FOLDER), [check]))


def severities(check: str) -> set[str]:
    return {finding.severity for finding in findings(check)}


@pytest.fixture
def forger(finished) -> Forger:
    return Forger(FOLDER)


def a_loss_of(value: str) -> Callable[[Forger], None]:
    def change(forger: Forger) -> None:
        def set_loss(rows: list[Row]) -> None:
            rows[0]["train_loss"] = value

        forger.change_history(forger.runs("vanilla")[0], set_loss)

    return change


def more_right_than_images(forger: Forger) -> None:
    forger.change_history(forger.runs("vanilla")[0], lambda rows: rows[0].update(train_correct="21"))


def a_penalty_without_attention(forger: Forger) -> None:
    forger.change_history(forger.runs("vanilla")[0], lambda rows: rows[0].update(penalty="0.1"))


def maps_without_attention(forger: Forger) -> None:
    facts = {"maps.safetensors": {"sha256": "0" * 64, "bytes": 1}}
    forger.change_record(forger.runs("vanilla")[0], lambda record: record["outputs"].update(facts))


def another_reason(forger: Forger) -> None:
    edits.call_skipped(forger)


def skipped_with_epochs(forger: Forger) -> None:
    forger.change_record(forger.runs("vanilla")[0], lambda record: record.update(status="skipped", reason="small"))


def negative_seconds(forger: Forger) -> None:
    forger.change_record(forger.runs("gsa")[0], lambda record: record["sessions"][0].update(seconds=-1.0))


@pytest.mark.parametrize(
    "edit",
    [
        edits.swap_arms,
        edits.prettier_losses,
        edits.prettier_training,
        edits.call_diverged,
        edits.longer_times,
        edits.date_ahead,
        another_reason,
        skipped_with_epochs,
        a_loss_of("-0.5"),
        a_loss_of("0.0001"),
        more_right_than_images,
        a_penalty_without_attention,
        maps_without_attention,
        negative_seconds,
    ],
)
def test_a_contradiction_is_found(forger, edit):
    assert not findings("contradictions")
    edit(forger)
    found = [finding for finding in findings("contradictions") if finding.severity != "info"]
    assert found
    assert all(finding.expected and finding.found and finding.remedy for finding in found)


@pytest.mark.parametrize(
    "edit", [edits.labels_as_scores, edits.copy_best_seed, edits.run_of_another_arm, edits.change_test_labels]
)
def test_copied_scores_and_changed_labels_are_found_by_comparing_runs(forger, edit):
    if edit is edits.change_test_labels:
        edits.change_test_labels(forger)
        one = forger.runs("gsa")[0]
        forger.change_scores(one, edits._relabel)
    else:
        edit(forger)
    assert severities("independence") == {"error"}


def test_test_labels_are_compared_with_the_configured_counts_without_the_images(forger):
    for run in forger.every_run():
        if run.run.stage == "train":
            forger.change_scores(run, lambda arrays: arrays["labels"].__setitem__(slice(2), 1))
    text = json.loads((FOLDER / "plan.json").read_text())
    text["configuration"]["datasets"]["phantom"]["counts"] = {"train": [10, 10], "test": [6, 6]}
    (FOLDER / "plan.json").write_text(json.dumps(text, indent=2, ensure_ascii=False) + "\n")
    assert "error" in severities("independence")


@pytest.mark.parametrize("edit", [edits.change_images, edits.change_test_labels_everywhere])
def test_prepared_data_that_are_not_the_originals_are_found_although_their_manifest_agrees(forger, edit):
    edit(forger)
    assert severities("data") <= {"info"}
    assert severities("originals") == {"error"}


def test_clocks_that_differ_by_seconds_blame_nobody(forger):
    run = forger.runs("gsa")[0]

    def change(record):
        started = datetime.fromisoformat(record["finished"]) + timedelta(seconds=5)
        record["sessions"][-1]["started"] = started.isoformat(timespec="seconds")

    forger.change_record(run, change)
    assert not findings("contradictions")
    about = [finding.severity for finding in findings("records") if "session" in finding.expected]
    assert set(about) <= {"info"}


def test_sums_in_single_precision_end_in_zeros_and_other_numbers_seldom_do():
    draw, others = np.random.default_rng(0), []
    for count in (3, 20, 546, 4567):
        for _ in range(20):
            batches = draw.lognormal(-1, 1.5, size=max(1, count // 8)).astype(np.float32) * np.float32(8)
            mean = float(batches.astype(np.float64).sum()) / count
            assert trailing_zeros(mean, count) >= 3
            others.append(trailing_zeros(mean * 0.93, count) < 3)
    assert np.mean(others) > 0.7


def trained(seed: int = 0, cell: str = "a", fold: int | None = None, placebo: bool = False, settings: str = "x"):
    return _Trained("run", cell, seed, (cell, fold), placebo, settings)


@pytest.mark.parametrize(
    ("other", "allowed"),
    [
        (trained(seed=1), False),
        (trained(cell="b", settings="y"), False),
        (trained(cell="b"), True),  # planned twice with the same settings
        (trained(cell="b", settings="y", placebo=True), True),
        (trained(settings="y"), True),  # another grid point
        (trained(settings="y", fold=1), False),
    ],
)
def test_runs_that_may_have_equal_scores(other, allowed):
    assert _may_be_equal(trained(), other) is allowed


def test_a_network_that_gives_one_answer_to_every_image_is_no_copy(forger):
    for run in forger.runs("gsa"):
        forger.change_scores(run, lambda arrays: arrays["scores"].fill(0.5))
    assert not findings("independence")


def test_labels_in_scores_are_those_of_other_runs(forger):
    run = forger.runs("gsa")[1]
    assert load_file(run.files.scores)["labels"].size
    forger.change_scores(run, edits._relabel)
    (finding,) = findings("independence")
    assert "2 other labels" in finding.found
