"""Measure speed as ratios within one call, and compare them with their limits: `make bench`.

Prints one line a ratio and writes results/<machine>-<torch>-<device>-<precision>.json in this folder. --full takes
longer and measures larger networks and 10,000 runs. --only selects benchmarks.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import dry_run
import jobs
import many_runs
import memory
import other_loops
import packs
import refusing
import torch
import training_step
from ratios import Ratio, machine

RESULTS = Path(__file__).resolve().parent / "results"


def main() -> int:
    """Measure; return 1 if a ratio exceeds its limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="larger networks, more runs, more rounds")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="device (default: cpu)")
    parser.add_argument("--precision", choices=("fp32", "tf32", "bf16"), default="fp32", help="default: fp32")
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", help="some of: step loops packs dry_run many_runs jobs memory refusing"
    )
    arguments = parser.parse_args()
    full, device = arguments.full, torch.device(arguments.device)
    benchmarks: dict[str, Callable[[], list[Ratio]]] = {
        "step": lambda: training_step.measure(full, device, arguments.precision),
        "loops": lambda: other_loops.measure(full, device, arguments.precision),
        "packs": lambda: packs.measure(full, arguments.device),
        "dry_run": lambda: dry_run.measure(full),
        "many_runs": lambda: many_runs.measure(full),
        "jobs": lambda: jobs.measure(full),
        "memory": memory.measure,
        "refusing": refusing.measure,
    }
    chosen = arguments.only or list(benchmarks)
    if unknown := set(chosen) - set(benchmarks):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    found = [ratio for name in chosen for ratio in measured(name, benchmarks[name])]
    version = torch.__version__.partition("+")[0]
    path = RESULTS / f"{machine()}-torch{version}-{arguments.device}-{arguments.precision}.json"
    keep(path, found, full)
    print(f"written: {path}")
    return int(any(ratio.kept is False for ratio in found))


def measured(name: str, measure: Callable[[], list[Ratio]]) -> list[Ratio]:
    """Run a benchmark and print one line a ratio."""
    print(f"== {name}", file=sys.stderr, flush=True)
    found = measure()
    for ratio in found:
        verdict = {
            None: "",
            True: f"   limit {ratio.limit}: kept",
            False: f"   limit {ratio.limit}: EXCEEDED",
        }
        print(f"{ratio.name:<62} {ratio.value:>7.3f}{verdict[ratio.kept]}", flush=True)
    return found


def keep(path: Path, found: list[Ratio], full: bool) -> None:
    """Write the ratios; they replace those of the same name from earlier calls."""
    rows = json.loads(path.read_text(encoding="utf-8"))["ratios"] if path.exists() else {}
    day = datetime.now(UTC).date().isoformat()
    rows |= {r.name: {**asdict(r), "kept": r.kept, "day": day, "full": full} for r in found}
    for row in rows.values():
        row.pop("name", None)
        row["value"] = round(row["value"], 3)
        row["measured"] = {key: round(value, 3) for key, value in row["measured"].items()}
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        json.dumps({"machine": machine(), "torch": torch.__version__, "ratios": rows}, indent=2) + "\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    sys.exit(main())
