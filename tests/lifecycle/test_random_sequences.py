"""Random sequences of actions keep all numbers. If one ends with a wrong table, its exit code is not 0."""

import random
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from medattn.layout import ResultPaths
from medattn.plan.plan_file import read_plan
from tests.conftest import Project
from tests.made_up_runs import finish_runs

from .conftest import configure, content

SEQUENCES, FEW, STEPS = 200, 12, 5
LOOKS = [["plan"], ["plan", "--format", "csv"], ["status"], ["why", "tiny.mine.net.vanilla"]]


class Someone:
    """A person who does things at random; every step returns whether the command went through."""

    def __init__(self, project: Project, seed: int) -> None:
        self.project, self.random = project, random.Random(seed)
        self.selections: dict[str, dict[str, object]] = {"trial": {}, "second": {}}
        self.name = "trial"
        self.done: list[str] = []

    def step(self) -> None:
        """Do something, and check that nothing got lost."""
        before = {name: (self.records(name), self.numbers(name)) for name in self.selections}
        action: Callable[[], None] = self.random.choice(
            [self.plan, self.run, self.run, self.kill, self.move, self.edit, self.edit, self.look, self.audit,
             self.other, self.restore]
        )  # fmt: skip
        self.done.append(action.__name__)
        action()
        for name, (records, numbers) in before.items():
            assert self.records(name) >= records
            assert self.numbers(name) >= numbers

    def plan(self) -> bool:
        """Write the plan; if it is refused, nothing changes."""
        before = content(self.project)
        code = self.project.medattn("plan", "--write")
        assert code in (0, 2)
        assert code == 0 or content(self.project) == before
        return code == 0

    def run(self) -> None:
        """Plan, finish what can be run, and measure."""
        if self.plan():
            self.finish(1.0)
            self.measure()

    def kill(self) -> None:
        """Plan, and finish a part of what can be run."""
        if self.plan():
            self.finish(0.5)

    def finish(self, share: float) -> None:
        plan, results = read_plan(self.results(self.name).plan), self.results(self.name)
        runs = [run for pack in plan.packs.values() for run in pack.runs]
        finish_runs(plan, results, {run for run in runs if self.random.random() < share})

    def measure(self) -> None:
        """Measure; if it goes through, the table has the finished runs of the plan and no other."""
        before = content(self.project)
        code = self.project.medattn("measure")
        assert code == 0 or content(self.project) == before
        if code == 0:
            plan, results = read_plan(self.results(self.name).plan), self.results(self.name)
            planned = {run.id for run in plan.runs.values() if results.run(run.folder, run.name).record.exists()}
            assert {run for run, *_ in self.numbers(self.name)} == planned
            asked = self.selections[self.name].get("seeds", [0, 1])
            assert {run.seed for run in plan.runs.values()} == set(asked)

    def move(self) -> None:
        """Move the images away, or back."""
        here, there = self.project.root / "pictures", self.project.root / "elsewhere"
        here.rename(there) if here.exists() else there.rename(here)

    def edit(self) -> None:
        """Edit the selection: other seeds, other arms or other epochs."""
        seeds = self.random.choice([[0], [0, 1], [0, 1, 2], [1]])
        self.selections[self.name] = {"seeds": seeds, "epochs": self.random.choice([2, 2, 2, 3])}
        self.configure()

    def look(self) -> None:
        """Look at something, which changes nothing."""
        before = content(self.project)
        self.project.medattn(*self.random.choice(LOOKS))
        assert content(self.project) == before

    def audit(self) -> None:
        """Audit the plan and the records; what finished is not touched."""
        if self.results(self.name).plan.exists():
            folder = f"results/{self.name}"
            assert self.project.medattn("audit", folder, "--check", "completeness") in (0, 1, 3)

    def other(self) -> None:
        """Go on with the other selection, on the same images."""
        self.name = "second" if self.name == "trial" else "trial"
        self.configure()

    def restore(self) -> None:
        """Put images and selection back."""
        if not (self.project.root / "pictures").exists():
            self.move()
        self.selections[self.name] = {}
        self.configure()

    def configure(self) -> None:
        chosen = {"seeds": [0, 1], "epochs": 2} | self.selections[self.name]
        arms = {"gsa": None}
        recipe = {"epochs": chosen["epochs"]}
        configure(self.project, {"arms": arms, "recipe": recipe}, seeds=chosen["seeds"], selection=self.name)

    def results(self, name: str) -> ResultPaths:
        return ResultPaths(self.project.root / "results" / name)

    def records(self, name: str) -> set[Path]:
        return set(self.results(name).folder.glob("runs/*/*/record.json"))

    def numbers(self, name: str) -> set[tuple[str, str, float]]:
        """The measured values of single runs."""
        if not self.results(name).measurements.exists():
            return set()
        table = pd.read_csv(self.results(name).measurements)
        rows = table[(table["status"] == "measured") & (table["procedure"] == "epochs")]
        return set(zip(rows["runs"], rows["metric"], rows["value"], strict=True))


def check(seeds: range, project_at: Callable[[Path], Project], tmp_path: Path) -> None:
    for seed in seeds:
        project = project_at(tmp_path / str(seed))
        (project.root / "pictures").symlink_to(tmp_path / "pictures")
        someone = Someone(project, seed)
        someone.configure()
        try:
            for _ in range(STEPS):
                someone.step()
            someone.restore()
        except AssertionError as error:
            raise AssertionError(f"sequence {seed}: {', '.join(someone.done)}") from error


@pytest.mark.slow
def test_nothing_finished_gets_lost_in_a_few_sequences(pictures: Project, project_at, tmp_path, capsys):
    check(range(FEW), project_at, tmp_path)


@pytest.mark.heavy
def test_nothing_finished_gets_lost(pictures: Project, project_at, tmp_path, capsys):
    check(range(SEQUENCES), project_at, tmp_path)
