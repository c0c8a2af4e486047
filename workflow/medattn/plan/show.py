"""The plan as lines for the terminal and as rows of plan.csv."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from medattn.config.arms import arm_settings
from medattn.config.models.seeds import SeedLooks
from medattn.config.models.selection import Selection
from medattn.plan.availability import remarks_on
from medattn.plan.model import Cell, Plan
from medattn.plan.progress import Progress
from medattn.text_formats import csv_of_rows

COLUMNS = ("paper", "table", "dataset", "backbone", "arm", "runs", "packs", "done", "stand_in", "missing")
_MAX_JOBS = 1000


def plan_rows(plan: Plan, progress: Progress) -> list[dict[str, str | int]]:
    """Return a row for each cell, in the order of the plan; `stand_in` is a truth value."""
    runs: Counter[str] = Counter()
    done: Counter[str] = Counter()
    for run in plan.runs.values():
        for cell in run.cells:
            runs[cell] += 1
            done[cell] += run.id in progress.done
    packs = _packs_by_cell(plan)
    return [
        {
            "paper": cell.paper,
            "table": ";".join(cell.tables),
            "dataset": cell.dataset,
            "backbone": cell.backbone,
            "arm": cell.arm,
            "runs": runs[cell.id],
            "packs": len(packs[cell.id]),
            "done": done[cell.id],
            "stand_in": cell.stand_in,
            "missing": cell.missing or "",
        }
        for cell in plan.cells.values()
    ]


def plan_csv(plan: Plan, progress: Progress) -> str:
    """Return the text of plan.csv, which has `true` and `false`."""
    rows = ({**row, "stand_in": str(row["stand_in"]).lower()} for row in plan_rows(plan, progress))
    return csv_of_rows(rows, COLUMNS)


def plan_lines(plan: Plan, progress: Progress) -> Iterator[str]:
    """Yield the lines of `medattn plan`: one for each paper, data set and backbone, then notes and totals."""
    rows = dict(zip(plan.cells, plan_rows(plan, progress), strict=True))
    packs, left = _packs_by_cell(plan), progress.remaining_seconds(plan)
    groups: dict[str, list[Cell]] = {}
    for cell in plan.cells.values():
        groups.setdefault(cell.group, []).append(cell)
    width = max(len(group) for group in groups)
    yield f"Plan of the selection '{plan.selection}'"
    yield f"  {'paper.dataset.backbone':<{width}}  {'cells':>5} {'runs':>6} {'done':>6} {'packs':>5}  time left"
    for group, cells in groups.items():
        runs, done = (sum(int(rows[cell.id][key]) for cell in cells) for key in ("runs", "done"))
        together = len(set().union(*(packs[cell.id] for cell in cells)))
        runnable = [cell.id for cell in cells if cell.missing is None]
        time = duration(_sum(left[cell] for cell in runnable)) if runnable else "skipped"
        yield f"  {group:<{width}}  {len(cells):>5} {runs:>6} {done:>6} {together:>5}  {time}"
    for name, sentence in _protocols(plan).items():
        yield f"  {name}: {sentence}"
    for reason, count in _reasons(plan).items():
        yield f"  skipped: {count} {'cell' if count == 1 else 'cells'}, {reason}"
    for sentence, count in _cutoffs_not_reached(plan).items():
        yield f"  warning: {count} {'cell' if count == 1 else 'cells'}: {sentence}"
    for sentence in _without_vanilla(plan):
        yield f"  note: {sentence}"
    stand_ins = sorted({cell.dataset_title for cell in plan.cells.values() if cell.stand_in})
    if stand_ins:
        yield f"  stand-ins, not the papers' images: {'; '.join(stand_ins)}"
    for title, prepared in sorted(
        {(cell.dataset_title, cell.prepared) for cell in plan.cells.values() if cell.prepared}
    ):
        for sentence in remarks_on(Path(prepared)):
            yield f"  note: {title}: {sentence}"
    yield _total(plan, progress, left)
    if len(plan.packs) >= _MAX_JOBS:
        yield f"  {len(plan.packs)} jobs slow down Snakemake; increase 'pack' to get fewer jobs"


def _protocols(plan: Plan) -> dict[str, str]:
    """Return the protocol of each paper and experiment as a sentence, with any leak of its reading."""
    sentences: dict[str, str] = {}
    for cell in plan.cells.values():
        if not cell.is_classifier:
            name = ".".join(part for part in (cell.paper, cell.experiment) if part)
            leak = f"; LEAKS: {cell.leak}" if cell.leak else ""
            sentences.setdefault(name, f"{cell.settings.protocol}{leak}")
    return sentences


def _cutoffs_not_reached(plan: Plan) -> Counter[str]:
    """Count the cells whose training ends before the `cutoff_epoch` of their mechanism has passed, by warning."""
    warnings: Counter[str] = Counter()
    for cell in plan.cells.values():
        if cell.is_classifier:
            continue
        arm, recipe = cell.settings.arm, cell.settings.recipe
        options = arm_settings(arm, recipe, {}, cell.id)[1]
        if "cutoff_epoch" not in options:
            continue
        cutoff = max(arm.grid.get("options.cutoff_epoch", [options["cutoff_epoch"]]), key=float)
        epochs = min(arm.grid.get("recipe.epochs", [recipe.epochs]), key=float)
        if float(epochs) <= float(cutoff):
            warnings[
                f"{cell.paper}, {cell.arm}: recipe.epochs is {epochs} and cutoff_epoch {cutoff}, so the attention is "
                "never frozen; set options.cutoff_epoch of the arm below the epochs"
            ] += 1
    return warnings


def _without_vanilla(plan: Plan) -> Iterator[str]:
    """Yield a sentence for each paper whose placebos no network without a mechanism is trained next to.

    Where the whole selection has none, every paper with a mechanism has a sentence. An experiment that only compares
    variants of a mechanism, without placebos, needs no vanilla.
    """
    compared = {(cell.group, cell.experiment) for cell in plan.cells.values() if cell.arm == "vanilla"}
    alone: dict[str, dict[str, bool]] = {}
    for cell in plan.cells.values():
        if cell.is_classifier or (cell.group, cell.experiment) in compared:
            continue
        arm = cell.settings.arm
        if arm.mechanism != "none":
            name = ".".join(part for part in (cell.paper, cell.experiment) if part)
            alone.setdefault(name, {})[cell.arm] = arm.placebo is not None
    for name, arms in alone.items():
        mechanisms = ", ".join(arm for arm, is_placebo in arms.items() if not is_placebo)
        placebos = [arm for arm, is_placebo in arms.items() if is_placebo]
        if compared and not placebos:
            continue
        yield (
            f"{name}: no arm `vanilla` is trained next to {mechanisms or ', '.join(placebos)}"
            + (f", so {', '.join(placebos)} is compared with the mechanism only" if placebos and mechanisms else "")
            + "; add `vanilla` to the arms to see whether the mechanism helps"
        )


def look_lines(selection: Selection) -> Iterator[str]:
    """Yield the line of `medattn plan` with the current and the next look; nothing for a plain list of seeds."""
    seeds = selection.seeds
    if not isinstance(seeds, SeedLooks):
        return
    current, following = seeds.current, seeds.following
    alpha = selection.rule_at_a_look.alpha
    line = f"  seeds: 0 to {current - 1}, look {seeds.looks.index(current) + 1} of {', '.join(map(str, seeds.looks))}"
    line += f"; alpha {alpha:.3g} at each; "
    yield line + (f"next look: `upto: {following}`" if following else "this is the last look")
    if seeds.cells:
        others = ", ".join(f"{cell} {look}" for cell, look in list(seeds.cells.items())[:3])
        more = f" and {len(seeds.cells) - 3} more" if len(seeds.cells) > 3 else ""
        yield f"  seeds of single cells: {others}{more}"


def all_available_line(whole: Plan) -> str:
    """Return the line with the size of a selection if all images and weights are available.

    Args:
        whole: plan of the selection for this case.
    """
    cells = sum(cell.missing is None for cell in whole.cells.values())
    runs = sum(len(pack.runs) for pack in whole.packs.values())
    return f"  with all images and weights available: {cells} cells, {runs} runs in {_packs(whole)}"


def _total(plan: Plan, progress: Progress, left: Mapping[str, float | None]) -> str:
    runnable = {cell.id for cell in plan.cells.values() if cell.missing is None}
    planned = [run.id for run in plan.runs.values() if run.cell in runnable]
    return (
        f"  {len(runnable)} of {len(plan.cells)} cells can be run: {len(planned)} runs in {_packs(plan)}, "
        f"{sum(run in progress.done for run in planned)} done; "
        f"time left on one worker: {duration(_sum(left[cell] for cell in runnable))}"
    )


def _reasons(plan: Plan) -> Counter[str]:
    """Count the skipped cells by data set and reason."""
    return Counter(f"{cell.dataset}: {cell.missing}" for cell in plan.cells.values() if cell.missing)


def _packs(plan: Plan) -> str:
    return f"{len(plan.packs)} pack{'' if len(plan.packs) == 1 else 's'}"


def _packs_by_cell(plan: Plan) -> dict[str, set[str]]:
    packs: dict[str, set[str]] = {cell: set() for cell in plan.cells}
    for pack in plan.packs.values():
        for run in pack.runs:
            for cell in plan.runs[run].cells:
                packs[cell].add(pack.id)
    return packs


def _sum(parts: Iterable[float | None]) -> float | None:
    total = 0.0
    for part in parts:
        if part is None:
            return None
        total += part
    return total


def duration(seconds: float | None) -> str:
    """Format a duration in seconds; "not measured yet" for None."""
    if seconds is None:
        return "not measured yet"
    if seconds < 1:
        return "none" if seconds == 0 else "under 1 s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
