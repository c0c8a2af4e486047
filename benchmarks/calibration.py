"""Measure how often tests of paired differences reject without an effect, and how often they find a known one.

Draws differences between two arms for 3 to 20 pairs of runs: normal, skewed, heavy-tailed, and rounded to whole images
of a test set. Effects are in standard deviations (SD) of the differences. Tests are vectorized here; each is checked
against the package's test on the first comparisons of every setting.

Writes benchmarks/results/calibration.json and prints the table of docs/statistics.md.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from medattn.compare.permutation_test import permutation
from medattn.compare.primary_test import primary_p, primary_test
from medattn.compare.replicates import Replicates
from medattn.compare.skewness import SKEWNESS_FROM, p_of_t
from medattn.compare.wilcoxon import wilcoxon

ALPHA = 0.05
SIZES = (3, 5, 8, 10, 20)
EFFECTS = (0.0, 1.0, 2.0)
DRAWN = 2_000
"""Random sign patterns where all of them are too many."""
CHECKED = 5
SKEWED_SIZES = (3, 4, 5, 6, 7, 8, 10, 20)
SKEWNESSES = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0)
RESULTS = Path(__file__).parent / "results" / "calibration.json"

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, int], float], Floats]


def rounded(spread: float) -> Draw:
    """Return draws of differences of two counts of right images, in SD of the differences before rounding.

    Args:
        spread: SD of the differences, in images.
    """

    def draw(rng: np.random.Generator, shape: tuple[int, int], effect: float) -> Floats:
        # The accuracy that both arms share lies anywhere between two counts.
        common = rng.uniform(0, 1, (shape[0], 1))
        first, second = rng.normal(common, spread / np.sqrt(2), (2, *shape))
        return (np.rint(first + effect * spread) - np.rint(second)) / spread

    return draw


DRAWS: dict[str, Draw] = {
    "normal": lambda rng, shape, effect: rng.normal(effect, 1, shape),
    "both arms skewed (lognormal runs)": lambda rng, shape, effect: effect + lognormal(rng, shape, 2),
    "heavy-tailed (t, 3 df)": lambda rng, shape, effect: effect + rng.standard_t(3, shape) / np.sqrt(3),
    "rounded to 1/156, SD two images": rounded(2.0),
    "rounded to 1/156, SD half an image": rounded(0.5),
    "one arm skewed (exponential differences)": lambda rng, shape, effect: effect + rng.exponential(1, shape) - 1,
    "one arm skewed (lognormal differences)": lambda rng, shape, effect: effect + lognormal(rng, shape, 1),
}


def rare_failures(rng: np.random.Generator, shape: tuple[int, int], effect: float) -> Floats:
    """Return differences of equal means where one arm loses 5 SD of the other differences in one run of ten."""
    return effect + rng.normal(0, 1, shape) - 5.0 * (rng.uniform(size=shape) < 0.1) + 0.5


FEW = (3, 4, 5, 6, 7)
HARD: dict[str, Draw] = {
    "one arm skewed (lognormal differences)": DRAWS["one arm skewed (lognormal differences)"],
    "one arm skewed (exponential differences)": DRAWS["one arm skewed (exponential differences)"],
    "rare failures of one arm": rare_failures,
}
"""Differences for which few pairs are not calibrated."""


def lognormal(rng: np.random.Generator, shape: tuple[int, int], arms: int) -> Floats:
    """Return lognormal values (sigma 0.5) with mean 0 and SD 1; of two arms, the difference between them."""
    sigma = 0.5
    mean = np.exp(sigma**2 / 2)
    spread = mean * np.sqrt(np.exp(sigma**2) - 1)
    each = (rng.lognormal(0, sigma, (arms, *shape)) - mean) / spread
    return each[0] if arms == 1 else (each[0] - each[1]) / np.sqrt(2)


def sign_patterns(n: int) -> Floats:
    """Return all sign patterns of `n` terms, or drawn ones, one per row."""
    if n <= 10:
        bits = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    else:
        bits = np.random.default_rng(0).integers(0, 2, (DRAWN, n))
    return np.where(bits == 1, -1.0, 1.0)


def sign_flip_p(terms: Floats) -> Floats:
    """Return the p of each row of `terms`."""
    patterns = sign_patterns(terms.shape[1])
    size = np.maximum(np.abs(terms).sum(axis=1, keepdims=True), 1e-300)
    shares = terms / size
    reached = np.concatenate(
        [
            (np.abs(part @ patterns.T) >= np.abs(part.sum(axis=1, keepdims=True)) - 1e-9).sum(axis=1)
            for part in np.array_split(shares, max(1, len(shares) // 1000))
        ]
    )
    drawn = terms.shape[1] > 10
    return np.asarray((reached + drawn) / (len(patterns) + drawn))


def signed_ranks(differences: Floats) -> Floats:
    """Return the signed ranks of each row, with 0 for differences of 0."""
    zeros = (differences == 0).sum(axis=1, keepdims=True)
    ranks = stats.rankdata(np.round(np.abs(differences), 9), axis=1) - zeros
    return np.asarray(np.sign(differences) * ranks)


def p_values(differences: Floats) -> dict[str, Floats]:
    """Return the p of each test for each row: the primary test and its alternatives.

    `corrected` is the t-test with the correction for skewness at any number of pairs. `unless skewed` finds nothing
    where D'Agostino's test calls the differences skewed (p < 0.1, from 8 pairs on).
    """
    n = differences.shape[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        t = differences.mean(axis=1) / (differences.std(axis=1, ddof=1) / np.sqrt(n))
        skewness = np.nan_to_num(stats.skew(differences, axis=1, bias=False))
        looks_skewed = n >= SKEWNESS_FROM and stats.skewtest(differences, axis=1).pvalue < 0.1
    by_t = np.nan_to_num(2 * stats.t.sf(np.abs(t), n - 1), nan=1.0)
    return {
        "primary": primary_p(differences),
        "t alone": by_t,
        "corrected": np.nan_to_num(p_of_t(t, skewness, n), nan=1.0),
        "unless skewed": np.where(looks_skewed, 1.0, by_t),
        "permutation": sign_flip_p(differences),
        "wilcoxon": sign_flip_p(signed_ranks(differences)),
    }


def check(differences: Floats, found: dict[str, Floats]) -> None:
    """Compare the first rows with the package's tests; drawn sign patterns agree within their sampling error."""
    tests = {"primary": primary_test, "permutation": permutation, "wilcoxon": wilcoxon}
    drawn = differences.shape[1] > 10
    for name, test in tests.items():
        for row, p in zip(differences[:CHECKED], found[name], strict=False):
            of_package = test(Replicates(row, np.zeros_like(row))).p
            if abs(of_package - p) > (0.06 if drawn else 1e-6):
                raise SystemExit(f"{name}: p is {p}, but the package has {of_package} for {row.tolist()}")


def rates(comparisons: int) -> list[dict[str, object]]:
    """Return a row for each kind of difference, number of pairs, effect and test."""
    rows: list[dict[str, object]] = []
    for kind, draw in DRAWS.items():
        for n in SIZES:
            for effect in EFFECTS:
                differences = draw(np.random.default_rng([n, round(10 * effect)]), (comparisons, n), effect)
                found = p_values(differences)
                check(differences, found)
                for test, p in found.items():
                    count = int((p < ALPHA).sum())
                    interval = stats.binomtest(count, comparisons).proportion_ci(0.95)
                    rows.append(
                        {
                            "differences": kind,
                            "n": n,
                            "effect": effect,
                            "test": test,
                            "rejected": round(count / comparisons, 4),
                            "low": round(float(interval.low), 4),
                            "high": round(float(interval.high), 4),
                        }
                    )
    return rows


def rates_by_skewness(comparisons: int) -> list[dict[str, object]]:
    """Return the rates of the primary test without an effect, for gamma-distributed differences of a skewness."""
    rows: list[dict[str, object]] = []
    for n in SKEWED_SIZES:
        for skewness in SKEWNESSES:
            shape = 4 / skewness**2
            drawn = np.random.default_rng([n, round(100 * skewness)]).gamma(shape, 1, (comparisons, n)) - shape
            p = primary_p(drawn)
            rejected = {str(alpha): round(float((p < alpha).mean()), 4) for alpha in (ALPHA, round(ALPHA / 3, 4))}
            rows.append({"n": n, "skewness": skewness, "rejected": rejected})
    return rows


def levels_that_hold(comparisons: int) -> list[dict[str, object]]:
    """Return how strict the t-test of few pairs must be to reject at most 5% under skew, and what that costs.

    `level` is the p below which 5% of the comparisons without an effect lie; the powers are those of the t-test at this
    level for normal differences. `and equal signs` demands that all differences have the same sign, too.
    """
    rows: list[dict[str, object]] = []
    for kind, draw in HARD.items():
        for n in FEW:
            drawn = draw(np.random.default_rng([n, 3]), (comparisons, n), 0.0)
            p, agree = p_alone(drawn), np.abs(np.sign(drawn).sum(axis=1)) == n
            level = float(np.quantile(p, ALPHA))
            normal = {
                effect: p_alone(np.random.default_rng([n, 4]).normal(effect, 1, (comparisons, n)))
                for effect in EFFECTS[1:]
            }
            power = {f"{effect:g} SD": round(float((of < level).mean()), 4) for effect, of in normal.items()}
            at_five = round(float((p < ALPHA).mean()), 4)
            and_signs = round(float(((p < ALPHA) & agree).mean()), 4)
            found = {"at 5%": at_five, "and equal signs": and_signs}
            rows.append({"differences": kind, "n": n, **found, "level": round(level, 5), "power": power})
    return rows


def p_alone(differences: Floats) -> Floats:
    """Return the p of the t-test of each row."""
    return np.asarray(stats.ttest_1samp(differences, 0, axis=1).pvalue)


def print_levels(rows: list[dict[str, object]]) -> None:
    """Print the levels that hold, with their power."""
    print("| differences | pairs | at 5% | and equal signs | level for 5% | 1 SD | 2 SD |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        power = row["power"]
        assert isinstance(power, dict)
        shares = " | ".join(f"{100 * share:.1f}%" for share in power.values())
        at_five, signs, level = (100 * float(str(row[key])) for key in ("at 5%", "and equal signs", "level"))
        print(f"| {row['differences']} | {row['n']} | {at_five:.1f}% | {signs:.1f}% | {level:.2f}% | {shares} |")


def print_skewness_table(rows: list[dict[str, object]]) -> None:
    """Print the rates by skewness: at the whole alpha and, after the slash, at the share of one of three looks."""
    print("| pairs | " + " | ".join(f"{skewness:g}" for skewness in SKEWNESSES) + " |")
    print("|" + "---|" * (1 + len(SKEWNESSES)))
    for n in SKEWED_SIZES:
        found = [row["rejected"] for row in rows if row["n"] == n]
        cells = [
            "% / ".join(f"{100 * rate:.1f}" for rate in rates.values()) for rates in found if isinstance(rates, dict)
        ]
        print(f"| {n} | " + " | ".join(f"{cell}%" for cell in cells) + " |")


def print_table(rows: list[dict[str, object]]) -> None:
    """Print rejection rates: without an effect for each test, then at 1 and 2 SD for some of them."""
    value = {(row["differences"], row["n"], row["effect"], row["test"]): row for row in rows}
    columns = [(test, 0.0) for test in ("primary", "t alone", "corrected", "unless skewed", "permutation", "wilcoxon")]
    columns += [(test, 1.0) for test in ("primary", "t alone", "corrected", "unless skewed", "permutation")]
    columns += [(test, 2.0) for test in ("primary", "t alone", "corrected", "permutation")]
    print("| differences | pairs | " + " | ".join(f"{test}, {effect:g} SD" for test, effect in columns) + " |")
    print("|" + "---|" * (2 + len(columns)))
    for kind in DRAWS:
        for n in SIZES:
            cells = []
            for test, effect in columns:
                row = value[kind, n, effect, test]
                text = f"{100 * float(str(row['rejected'])):.1f}%"
                is_above = effect == 0 and float(str(row["low"])) > ALPHA
                cells.append(f"**{text}**" if is_above else text)
            print(f"| {kind} | {n} | " + " | ".join(cells) + " |")


def main() -> None:
    """Simulate, write the results, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--comparisons", type=int, default=10_000, help="per setting (default: 10,000)")
    arguments = parser.parse_args()
    rows = rates(arguments.comparisons)
    skewed = rates_by_skewness(10 * arguments.comparisons)
    levels = levels_that_hold(10 * arguments.comparisons)
    written = {
        "alpha": ALPHA,
        "comparisons": arguments.comparisons,
        "by_skewness": skewed,
        "levels": levels,
        "rates": rows,
    }
    lines = ",\n    ".join(json.dumps(row) for row in rows)
    text = json.dumps({**written, "rates": []}, indent=2).replace('"rates": []', f'"rates": [\n    {lines}\n  ]')
    RESULTS.write_text(text + "\n", encoding="utf-8")
    print_table(rows)
    print_skewness_table(skewed)
    print_levels(levels)


if __name__ == "__main__":
    main()
