"""What the last seal covers and this machine lacks: a new seal keeps it, since nothing shows that it changed."""

from collections.abc import Callable, Iterator
from pathlib import Path

from medattn.audit.seals import Facts, State
from medattn.datasets.store import IMAGES, MANIFEST
from medattn.plan.model import Plan
from medattn.shipped import paper_folder

_PLAN = "plan.json"


def carried(before: State, now: State, plan: Plan) -> State:
    """Return what a new seal takes over from the one before, by part; the working directory is the project.

    These are images of data sets of the plan that are not on this machine, the files of papers that are not here, and,
    as long as the plan is the sealed one, the user's own files that are not here.

    Args:
        before: what the last seal covers.
        now: what can be sealed here.
        plan: the plan of the results.
    """
    of_plan = now["files"].get(_PLAN) == before["files"].get(_PLAN)
    images, papers = _absent_images(plan), _absent_papers(plan)
    return {
        "files": {},
        "data": _taken(before, now, "data", lambda name: name.startswith(images)),
        "papers": _taken(
            before,
            now,
            "papers",
            lambda name: name.startswith(papers) or (of_plan and not name.startswith("papers/") and not _is_here(name)),
        ),
    }


def has_images(folder: Path) -> bool:
    """Return whether a prepared data set is on this machine, with its images and its manifest."""
    return all((folder / name).is_file() for name in (MANIFEST, IMAGES))


def _taken(before: State, now: State, part: str, is_absent: Callable[[str], bool]) -> dict[str, Facts]:
    return {name: facts for name, facts in before[part].items() if name not in now[part] and is_absent(name)}


def _absent_images(plan: Plan) -> tuple[str, ...]:
    folders = {cell.prepared for cell in plan.cells.values() if cell.prepared}
    return tuple(f"{Path(folder).as_posix()}/" for folder in sorted(folders) if not has_images(Path(folder)))


def _absent_papers(plan: Plan) -> tuple[str, ...]:
    names: Iterator[str] = (
        name
        for name in sorted(plan.configuration["papers"])
        if not (paper_folder(Path(), name) / "paper.yaml").is_file()
    )
    return tuple(f"papers/{name}/" for name in names)


def _is_here(name: str) -> bool:
    return Path(name).is_file()
