"""Simulate comparisons that stop at the first look with a verdict: error rates, power and runs saved.

Two arms get an accuracy for each seed: normal; skewed (100 minus an exponential value); or normal and rounded to whole
images of a test set of 156. Arms differ by an effect in standard deviations between seeds of one arm. At each look the
rule for verdicts judges whether the first arm is better, with the primary test and its share of alpha; the comparison
stops at a verdict. An error without an effect is a significant difference in either direction at any look.

Next to the looks: the test after all seeds at the whole alpha (fixed), and the looks without sharing alpha (peeking).
Writes results/sequential_looks.json and prints a Markdown table.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from medattn.compare.primary_test import primary_p
from medattn.compare.skewness import interval_of_mean
from medattn.config.models.verdicts import VerdictRule
from medattn.judge.rule import PairedDifference, judge_higher

LOOKS = (5, 10, 20)
KINDS = ("normal", "skewed", "rounded")
EFFECTS = (0.0, 1.0, 2.0)
RESULTS = Path(__file__).parent / "results" / "sequential_looks.json"
_MEAN, _SPREAD, _IMAGES = 85.0, 1.5, 156

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Stops:
    """Ends of simulated comparisons.

    Attributes:
        found: whether a significant difference was found, in either direction.
        seeds: number of seeds at which the comparison stopped.
    """

    found: NDArray[np.bool_]
    seeds: NDArray[np.int64]


def differences(kind: str, comparisons: int, effect: float, seed: int, most: int = LOOKS[-1]) -> Floats:
    """Draw paired differences between two arms.

    Args:
        kind: distribution of the accuracies.
        comparisons: number of comparisons.
        effect: true difference in standard deviations between seeds of one arm.
        seed: seed of the draw.
        most: number of seeds.

    Returns:
        (comparisons, most) differences in percentage points.
    """
    random = np.random.default_rng([seed, KINDS.index(kind), round(100 * effect)])
    shape = (comparisons, 2, most)
    if kind == "skewed":
        accuracy = _MEAN + _SPREAD * (1 - random.exponential(1.0, shape))
    else:
        accuracy = random.normal(_MEAN, _SPREAD, shape)
    accuracy[:, 0] += effect * _SPREAD
    if kind == "rounded":
        accuracy = np.round(accuracy * _IMAGES / 100) * 100 / _IMAGES
    return accuracy[:, 0] - accuracy[:, 1]


def stop_at_verdicts(paired: Floats, looks: Sequence[int], alpha: float) -> Stops:
    """Judge each comparison at its looks until it has a verdict.

    Args:
        paired: (comparisons, seeds) differences in percentage points.
        looks: numbers of seeds.
        alpha: significance level at each look.
    """
    rule = VerdictRule(alpha=alpha)
    found = np.zeros(len(paired), dtype=bool)
    seeds = np.full(len(paired), looks[-1])
    active = np.arange(len(paired))
    for look in looks:
        rows = paired[active, :look]
        p = primary_p(rows)
        judged = [
            judge_higher(
                PairedDifference(float(row.mean()), *interval_of_mean(row, 1 - alpha), look, float(value)), rule
            ).verdict
            != "inconclusive"
            for row, value in zip(rows, p, strict=True)
        ]
        stopped = np.array(judged) | (p < alpha)
        found[active[p < alpha]] = True
        seeds[active[stopped]] = look
        active = active[~stopped]
        if not len(active):
            break
    return Stops(found, seeds)


def simulate(kind: str, effect: float, comparisons: int, seed: int = 0, looks: Sequence[int] = LOOKS) -> dict[str, Any]:
    """Return rates of found differences and the mean number of seeds, for one distribution and effect."""
    alpha = VerdictRule().alpha
    paired = differences(kind, comparisons, effect, seed, looks[-1])
    shared = stop_at_verdicts(paired, looks, alpha / len(looks))
    peeking = stop_at_verdicts(paired, looks, alpha)
    fixed = int((primary_p(paired) < alpha).sum())
    used = float(shared.seeds.mean())
    return {
        "kind": kind,
        "effect": effect,
        "comparisons": comparisons,
        "looks": rate(int(shared.found.sum()), comparisons),
        "fixed": rate(fixed, comparisons),
        "peeking": rate(int(peeking.found.sum()), comparisons),
        "seeds": round(used, 2),
        "runs_saved": round(1 - used / looks[-1], 3),
        "stopped_at": {str(look): int((shared.seeds == look).sum()) for look in looks},
    }


def rate(found: int, count: int) -> dict[str, float]:
    """Return a rate with its 95% interval (Clopper and Pearson)."""
    interval = stats.binomtest(found, count).proportion_ci(0.95)
    return {"rate": round(found / count, 4), "low": round(interval.low, 4), "high": round(interval.high, 4)}


def table(results: Sequence[dict[str, Any]]) -> str:
    """Return the results as a Markdown table."""
    columns = ["accuracies", "effect", "looks, alpha shared", "mean seeds", "runs saved"]
    columns += [f"{LOOKS[-1]} seeds, fixed", "looks, alpha not shared"]
    lines = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    for row in results:
        shares = [
            f"{row[key]['rate']:.1%} [{100 * row[key]['low']:.1f}, {100 * row[key]['high']:.1f}]"
            for key in ("looks", "fixed", "peeking")
        ]
        lines.append(
            f"| {row['kind']} | {row['effect']:g} SD | {shares[0]} | {row['seeds']:.1f} | {row['runs_saved']:.0%} | "
            f"{shares[1]} | {shares[2]} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Simulate all distributions and effects, write the results and print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--comparisons", type=int, default=10_000, help="comparisons of each kind (default: 10000)")
    arguments = parser.parse_args()
    results = [simulate(kind, effect, arguments.comparisons) for kind in KINDS for effect in EFFECTS]
    RESULTS.write_text(json.dumps({"looks": LOOKS, "alpha": VerdictRule().alpha, "results": results}, indent=2) + "\n")
    print(table(results))


if __name__ == "__main__":
    main()
