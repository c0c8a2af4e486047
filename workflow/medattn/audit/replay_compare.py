"""Comparison of a run with its replay: identical bytes on the same processor and libraries, elsewhere a tolerance."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from medattn.audit.finding import Finding
from medattn.audit.replay_draw import ReplayCandidate
from medattn.layout import RunPaths
from medattn.provenance.records import failure_reason, read_record
from medattn.training.score_file import RunScores, read_scores

TOLERANCE = 0.02
"""Largest mean distance of the scores after the first epoch. On another device or library the last bits differ and the
difference grows from epoch to epoch, so later epochs are not compared."""
_TRAIN = "do not trust the record; train the run again"
_OF_DATA = ("split_sha256", "training_images", "evaluated_images", "validation_images", "evaluated")
_OF_ENDING = ("status", "reason", "epochs", "final")


def compare(candidate: ReplayCandidate, again: RunPaths) -> Iterator[Finding]:
    """Yield what differs between a run and its replay; nothing if they are the same bit for bit.

    Args:
        candidate: the run as the results folder has it.
        again: paths of the files of the replay.
    """
    run = candidate.run.id
    if not again.record.is_file():
        yield _failed_again(candidate, failure_reason(again.failure) if again.failure.is_file() else "no record")
        return
    record = read_record(again.record)
    if not candidate.record:
        found = f"it trains: {record['status']} after {record['epochs']} epochs"
        remedy = "train it: `medattn train --plan {plan}`"
        yield Finding("warning", run, f"a run that fails ({candidate.failure})", found, remedy)
    elif "skipped" in (candidate.status, record["status"]):
        yield from _facts(run, candidate.record, record, ("status", "reason"))
    else:
        yield from _trained(candidate, record, again)


def _failed_again(candidate: ReplayCandidate, reason: str) -> Finding:
    run = candidate.run.id
    if candidate.failure == reason:
        return Finding("info", run, "a run that fails", f"it fails again: {reason}")
    expected = f"a run that ends as {candidate.failure or candidate.status}"
    remedy = "replay it on the machine that trained it"
    return Finding("unchecked", run, expected, f"the replay {reason}", remedy, cause="replays that failed here")


def _trained(candidate: ReplayCandidate, record: Mapping[str, Any], again: RunPaths) -> Iterator[Finding]:
    before, run = candidate.record, candidate.run.id
    yield from _facts(run, before.get("data") or {}, record["data"], _OF_DATA)
    names = sorted({*before["outputs"], *record["outputs"]})
    others = [name for name in names if _sha256(before, name) != _sha256(record, name)]
    endings = list(_facts(run, before, record, _OF_ENDING))
    if not others and not endings:
        return
    differences = _other_machine(before, record)
    if not differences:
        yield from endings
        for name in others:
            yield Finding("error", run, f"the same {name}, bit for bit", "another file", _TRAIN)
        return
    gap = _gap(read_scores(before, candidate.files.scores), read_scores(record, again.scores))
    if not gap <= TOLERANCE:
        expected = f"scores within {TOLERANCE} after the first epoch, on another processor or other libraries"
        yield Finding("error", run, expected, f"{gap:.3g} apart on average ({differences})", _TRAIN)
        return
    found = f"scores within {TOLERANCE} after the first epoch ({gap:.2g} apart on average); later epochs not compared"
    remedy = "replay it with the recorded processor and libraries, where every byte must be the same"
    cause = f"replayed on another processor or with other libraries ({differences})"
    yield Finding("unchecked", run, "the same files, bit for bit", found, remedy, cause=cause)


def _facts(run: str, before: Mapping[str, Any], after: Mapping[str, Any], keys: tuple[str, ...]) -> Iterator[Finding]:
    for key in keys:
        if before.get(key) != after.get(key):
            yield Finding("error", run, f"{key}: {after.get(key)}", f"{key}: {before.get(key)}", _TRAIN)


def _sha256(record: Mapping[str, Any], name: str) -> str:
    facts = record["outputs"].get(name)
    return str(facts.get("sha256")) if isinstance(facts, Mapping) else ""


def _other_machine(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return what differs between two environments that explains other last bits; empty if nothing does."""
    facts = [_environment(record) for record in (before, after)]
    names = sorted({*facts[0], *facts[1]})
    return ", ".join(
        f"{n} {facts[0].get(n)}, here {facts[1].get(n)}" for n in names if facts[0].get(n) != facts[1].get(n)
    )


def _environment(record: Mapping[str, Any]) -> dict[str, str]:
    environment, numerics = record.get("environment") or {}, record.get("numerics") or {}
    packages = {name: value for name, value in (environment.get("packages") or {}).items() if name != "snakemake"}
    python = ".".join(str(environment.get("python", "")).split(".")[:2])
    facts = {"python": python, "cpu": environment.get("cpu"), **packages, **numerics}
    # Kernels of a GPU may add in any order, so that two runs on the same one can differ.
    if numerics.get("device") != "cpu":
        facts["order of sums"] = f"of run {record.get('finished')}"
    return {name: str(value) for name, value in facts.items()}


def _gap(first: RunScores, second: RunScores) -> float:
    """Return the mean distance of the scores of the images' own classes after the first epoch.

    The distance is infinite where images, classes or missing scores differ.
    """
    ones, others = first.evaluated, second.evaluated
    if (ones.count, ones.classes) != (others.count, others.classes):
        return float("inf")
    one, other = ones.label_scores[0], others.label_scores[0]
    finite = np.isfinite(one)
    if not np.array_equal(finite, np.isfinite(other)):
        return float("inf")
    return float(np.abs(one[finite] - other[finite]).mean()) if finite.any() else 0.0
