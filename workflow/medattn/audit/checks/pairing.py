"""Arms that are compared have the same seeds and folds, and saw the same images."""

from collections.abc import Iterator

from medattn.audit.context import AuditContext, Ended
from medattn.audit.finding import Finding


def check_pairing(subject: AuditContext) -> Iterator[Finding]:
    """Compare the arms of each backbone on each data set."""
    for members in subject.compared():
        by_arm: dict[str, list[Ended]] = {}
        for member in members:
            if member.trained and not member.cell.is_classifier:
                by_arm.setdefault(member.cell.arm, []).append(member)
        pairs = {arm: {(m.run.seed, m.run.fold) for m in of_arm} for arm, of_arm in by_arm.items()}
        every = set().union(*pairs.values())
        for arm, of_arm in pairs.items():
            if skipped := sorted(every - of_arm, key=str):
                seeds = ", ".join(f"seed {seed}" + ("" if fold is None else f" fold {fold}") for seed, fold in skipped)
                yield Finding("warning", f"{members[0].cell.group}.{arm}", "the seeds and folds of the other arms",
                              f"lacks {seeds}", "what one lacks is not compared; train it")  # fmt: skip
        yield from _images(by_arm)


def _images(by_arm: dict[str, list[Ended]]) -> Iterator[Finding]:
    # An arm whose recipe copies images has other training images: only what is the same in the data is compared here.
    seen: dict[object, tuple[str, str]] = {}
    for members in by_arm.values():
        for member in members:
            data = member.record["data"]
            key = (member.run.seed, member.run.fold)
            files, run = seen.setdefault(key, (str(data["files"]), member.run.id))
            if files != str(data["files"]):
                yield Finding("error", member.run.id, f"the images of {run}", "others", "train the run again")
