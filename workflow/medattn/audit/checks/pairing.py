"""Compared arms have the same seeds and folds, and read the same images."""

from collections.abc import Iterator

from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.plan.finished_run import FinishedRun

_TRAIN = "train them, since unpaired runs are not compared: `medattn train --plan {plan}`"


def check_pairing(context: AuditContext) -> Iterator[Finding]:
    """Compare seeds, folds and image files between the arms of each backbone on each data set."""
    for members in context.compared():
        context.examined.update(runs=len(members))
        by_arm: dict[str, list[FinishedRun]] = {}
        for member in members:
            if member.trained and not member.cell.is_classifier:
                by_arm.setdefault(member.cell.arm, []).append(member)
        pairs = {arm: {(m.run.seed, m.run.fold) for m in of_arm} for arm, of_arm in by_arm.items()}
        every = set().union(*pairs.values())
        for arm, of_arm in pairs.items():
            # With looks, single cells may have more seeds than others, by the plan.
            runs = context.plan.runs_of(by_arm[arm][0].cell.id, "train")
            planned = {(run.seed, run.fold) for run in runs if run.id not in context.unread_runs}
            if skipped := sorted((every - of_arm) & planned, key=str):
                seeds = ", ".join(f"seed {seed}" + ("" if fold is None else f" fold {fold}") for seed, fold in skipped)
                yield Finding("warning", f"{members[0].cell.group}.{arm}", "the seeds and folds of the other arms",
                              f"no {seeds}", _TRAIN)  # fmt: skip
        yield from _images(by_arm)


def _images(by_arm: dict[str, list[FinishedRun]]) -> Iterator[Finding]:
    # Oversampling gives an arm other training images, so only the files of the data set are compared.
    seen: dict[object, tuple[str, str]] = {}
    for members in by_arm.values():
        for member in members:
            data = member.record["data"]
            key = (member.run.seed, member.run.fold)
            files, run = seen.setdefault(key, (str(data["files"]), member.run.id))
            if files != str(data["files"]):
                yield Finding("error", member.run.id, f"the images of {run}", "other images", "train the run again")
