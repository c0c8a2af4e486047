"""Change a finished results folder and its images at random, 300 times, and verify that the audit finds each change.

The benchmark trains a small selection, seals it and audits it: the audit must find nothing. Then it repeats: change one
file (a byte, a digit, a line), truncate, delete, swap or add one, audit the folder, and restore the file. Only
audit.json and report.html are never deleted: both are optional.

--resealed is harder: after each change it seals the folder again and removes the earlier audit and report, as an
attacker who knows medattn would. The audit then finds only changes that contradict the runs.

--semantic makes the edits of consistent_edits.py, which change results and everything that follows from them, and
prints a Markdown table of what finds them: the audit, a replay of all runs, the history of seals, and a kept root hash.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from medattn.__main__ import main as medattn
from medattn.audit.context import AuditContext
from medattn.audit.finding import Finding
from medattn.audit.manifest import data_files, seal, sealed_files
from medattn.audit.run_checks import run_checks
from medattn.layout import ResultPaths
from medattn.plan.model import Plan

PAPER = """
title: Tampering
citation: medattn, benchmarks/tampering.py
datasets: [phantom]
backbones: {net: {model: torchvision/squeezenet1_1, input_size: 28}}
arms:
  lr: {classifier: logistic_regression}
  vanilla: {}
  gsa: {mechanism: gsa, options: {channels: 4, cutoff_epoch: 1}, grid: {options.coefficient: [0.01, 1.0]}}
recipe: {epochs: 3, batch_size: 8, learning_rate: 0.001}
protocol: {kind: cross_validated_epochs, folds: 2, measured_epochs: 2}
tables: {a-table: {title: A table}}
figures: {a-figure: {title: A map, kind: attention_map, arm: gsa}}
"""
PUBLISHED = """paper,table,dataset,backbone,arm,split,metric,class_name,mean,std,unit,n_test,flags
tampering,a-table,phantom,net,vanilla,test,accuracy,,90.00,,percent,,
tampering,a-table,phantom,net,gsa,test,accuracy,,92.00,,percent,,
"""
SELECTION = """
selection: tampering
papers: {tampering: {}}
datasets:
  phantom: {source: {size: 12, counts: {train: [10, 10], test: [6, 6]}}, classes: [healthy, ill]}
seeds: [0, 1]
device: cpu
"""
FOLDER = Path("results/tampering")


@dataclass(frozen=True)
class TamperingResult:
    """A change, the changed file, and the first finding of the audit after it."""

    change: str
    path: Path
    finding: Finding | None


STEPS = (
    *(["train"], ["measure"], ["compare"], ["complexity", "--write"], ["judge"], ["answer"], ["render"]),
    ["audit", str(FOLDER), "--seal"],
    ["render", "--report"],
)


def finish(project: Path, selection: str = SELECTION) -> None:
    """Make the finished folder in `project`, and change the working directory to it."""
    (project / "papers/tampering").mkdir(parents=True)
    (project / "papers/tampering/paper.yaml").write_text(PAPER)
    (project / "papers/tampering/published.csv").write_text(PUBLISHED)
    (project / "config.yaml").write_text(selection)
    os.chdir(project)
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        for step in STEPS:
            assert medattn(step) == 0, step
        medattn(["audit", str(FOLDER), "--write"])


def first_finding(folder: Path) -> Finding | None:
    """Return the first finding that is not `info`; the audit stops there."""
    return next((finding for finding in run_checks(AuditContext(folder)) if finding.severity != "info"), None)


def change_a_byte(path: Path, draw: random.Random) -> None:
    content = bytearray(path.read_bytes())
    content[draw.randrange(len(content))] ^= draw.randrange(1, 256)
    path.write_bytes(content)


def change_a_digit(path: Path, draw: random.Random) -> None:
    """Replace one digit by another; a file without digits loses its last byte."""
    content = bytearray(path.read_bytes())
    digits = [place for place, byte in enumerate(content) if chr(byte).isdigit()]
    if digits:
        place = draw.choice(digits)
        content[place] = ord(draw.choice([digit for digit in "0123456789" if ord(digit) != content[place]]))
    path.write_bytes(content if digits else content[:-1])


def drop_a_line(path: Path, draw: random.Random) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    del lines[draw.randrange(len(lines))]
    path.write_bytes(b"".join(lines))


def cut(path: Path, draw: random.Random) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: draw.randrange(len(content))])


def delete(path: Path, _: random.Random) -> None:
    path.unlink()


def swap(path: Path, draw: random.Random) -> None:
    """Replace the content by that of another file of the same kind."""
    others = [other for other in path.parents[1].rglob(f"*{path.suffix}") if other.read_bytes() != path.read_bytes()]
    if not others:
        delete(path, draw)
        return
    path.write_bytes(draw.choice(sorted(others)).read_bytes())


def add(path: Path, draw: random.Random) -> None:
    path.with_name(f"added-{draw.randrange(1000)}{path.suffix}").write_bytes(path.read_bytes())


CHANGES: tuple[Callable[[Path, random.Random], None], ...] = (
    change_a_byte, change_a_digit, drop_a_line, cut, delete, swap, add,
)  # fmt: skip


def afterwards(folder: Path) -> list[Path]:
    """Return the files that are derived from the sealed files."""
    return [folder / name for name in ("manifest.json", "seals.jsonl", "audit.json", "report.html")]


def contents(folder: Path, plan: Plan) -> dict[Path, bytes]:
    """Return every file that the audit covers: the sealed files, those derived from them, and the images."""
    own = [folder / name for name in sealed_files(folder)]
    paths = [*own, *afterwards(folder), *(Path(name) for name in data_files(plan))]
    return {path: path.read_bytes() for path in paths if path.is_file()}


def put_back(before: dict[Path, bytes], after: dict[Path, bytes]) -> None:
    """Restore the folder."""
    for path in set(after) - set(before):
        path.unlink()
    for path, content in before.items():
        if after.get(path) != content:
            path.write_bytes(content)


def tamper(folder: Path, count: int, seed: int, resealed: bool) -> list[TamperingResult]:
    """Change the folder `count` times; return each change with the finding of the audit."""
    draw, outcomes, plan = random.Random(seed), [], AuditContext(folder).plan
    before = contents(folder, plan)
    made = afterwards(folder)
    targets = sorted(path for path in before if before[path] and not (resealed and path in made))
    while len(outcomes) < count:
        path, change = draw.choice(targets), draw.choice(CHANGES)
        if change is delete and path.name in ("audit.json", "report.html"):
            continue
        change(path, draw)
        if contents(folder, plan) != before:  # swapped files may be equal
            if resealed:
                seal(ResultPaths(folder), plan)
                (folder / "report.html").unlink()
            outcomes.append(TamperingResult(change.__name__, path, first_finding(folder)))
            put_back(before, contents(folder, plan))
    return outcomes


def main() -> int:
    """Tamper and print the findings; return 1 if a change was missed or the unchanged folder has a finding."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--changes", type=int, default=300, help="number of changes (default: 300)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the changes (default: 0)")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--resealed", action="store_true", help="seal the folder again after each change")
    mode.add_argument("--semantic", action="store_true", help="make consistent edits and print what finds them")
    arguments = parser.parse_args()
    if arguments.semantic:
        sys.path.insert(0, str(Path(__file__).parents[1]))
        from benchmarks.semantic_tampering import main as semantic

        return semantic()
    with tempfile.TemporaryDirectory(prefix="medattn-tampering-") as name:
        finish(Path(name))
        if (blamed := first_finding(FOLDER)) is not None:
            print(f"the unchanged folder: {blamed}")
            return 1
        started = time.monotonic()
        outcomes = tamper(FOLDER, arguments.changes, arguments.seed, arguments.resealed)
        seconds = time.monotonic() - started
        os.chdir("/")
    found = [outcome for outcome in outcomes if outcome.finding is not None]
    print(f"unchanged: nothing found; {len(found)} of {len(outcomes)} changes found ({seconds:.0f} s)")
    print(
        "by check: " + ", ".join(f"{check} {n}" for check, n in Counter(o.finding.check for o in found).most_common())
    )
    for outcome in outcomes:
        if outcome.finding is None:
            print(f"missed: {outcome.change} {outcome.path}")
    # After sealing again, a change from which no result follows (a time, a machine) cannot be found: it is no failure.
    return 0 if arguments.resealed or len(found) == len(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
