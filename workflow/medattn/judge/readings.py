"""How far the verdict on a claim depends on choices that the paper leaves open."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from medattn.compare.multiverse import KnownReadings
from medattn.judge.claim import Claim
from medattn.judge.subject import Subjects
from medattn.measure.measured_cells import MetricKey
from medattn.measure.reading_values import CellsUnderReading, ReadingValues
from medattn.plan.model import CellKey
from medattn.protocols.reading import Reading

JudgeAll = Callable[[Subjects], Sequence[Claim]]
"""Judges the claims of a paper by the measured values of the subjects."""


@dataclass(frozen=True)
class ReadingJudge:
    """Judges the claims of a paper under each reading.

    Attributes:
        subjects: the subjects with their values under the default reading.
        values: the rows of readings.csv.
        left_open: keys that the paper leaves open.
    """

    subjects: Subjects
    values: ReadingValues
    left_open: tuple[str, ...]

    def judged(self, judge: JudgeAll) -> list[Claim]:
        """Return the claims, with the share of open readings that give the same verdict."""
        claims = list(judge(self.subjects))
        names = dict.fromkeys(
            name
            for claim in claims
            if claim.n and (known := self._known(claim))
            for name, reading in known.of(claim.metric).items()
            if self._is_told(known, reading)
        )
        by_reading = {}
        for name in names:
            cells = CellsUnderReading(self.subjects.measured, self.values, name)
            by_reading[name] = {claim.claim: claim for claim in judge(self.subjects.with_measured(cells))}
        return [self._with_readings(claim, by_reading) for claim in claims]

    def _is_told(self, known: KnownReadings, reading: Reading) -> bool:
        """Return whether a verdict under a reading counts or is told: it is open, or leaks with an open average."""
        of_metric = {key: value for key, value in reading.choices.items() if key.startswith("metrics.")}
        return known.is_open(reading) or (bool(reading.leak) and known.is_open(replace(reading, choices=of_metric)))

    def _known(self, claim: Claim) -> KnownReadings | None:
        paper = self.subjects.paper_of(claim.paper, claim.table)
        return None if paper is None else KnownReadings(paper.protocol, self.left_open)

    def _with_readings(self, claim: Claim, by_reading: Mapping[str, Mapping[str, Claim]]) -> Claim:
        known = self._known(claim)
        if known is None or claim.procedure != "runs":
            return claim
        measured = {
            name: (reading, by_reading[name][claim.claim])
            for name, reading in known.of(claim.metric).items()
            if name in by_reading and self._has(claim, name)
        }
        fair = [other for reading, other in measured.values() if not reading.leak and known.is_open(reading)]
        if not fair:
            return claim
        verdicts = [other.verdict for other in fair]
        found = replace(
            claim,
            readings=len(fair),
            same_verdict=verdicts.count(claim.verdict) / len(fair),
            lowest=min(other.measured for other in fair),
            highest=max(other.measured for other in fair),
            fragile=len(set(verdicts)) > 1,
        )
        if "reproduced" in (claim.verdict, *verdicts):
            return found
        leaking = [(reading, other) for reading, other in measured.values() if reading.leak]
        reached = next(((reading, other) for reading, other in leaking if other.verdict == "reproduced"), None)
        if reached is None:
            return found
        reading, other = reached
        note = f"reproduced only where {reading.leak} ({reading.title}: {other.measured:.4g})"
        return replace(found, reason="; ".join(part for part in (found.reason, note) if part))

    def _has(self, claim: Claim, reading: str) -> bool:
        paper = self.subjects.paper_of(claim.paper, claim.table)
        assert paper is not None
        cell = CellKey(paper.name, paper.experiment, claim.dataset, claim.backbone, claim.arm)
        return bool(self.values.by_seed(cell, MetricKey(claim.metric, claim.class_name), reading))
