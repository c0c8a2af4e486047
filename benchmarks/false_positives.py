"""Measure how often tests find a difference between two equal arms, and between two arms with a known effect.

1. Trains thousands of small networks (one hidden layer, on 400 of scikit-learn's digits, tested on another 600), which
   differ in nothing but their seeds, and deals them into pairs of arms: whatever a test finds there is false.
2. Adds a known effect to one arm of each pair, in units of the standard deviation between seeds: what tests find now is
   true.
3. Simulates learning curves with the spread between seeds, the spread over epochs and the autocorrelation of the
   trained networks, for more comparisons.

Prints Markdown: the share of comparisons with p < 0.05, with its 95% interval.
"""

import argparse
from collections.abc import Callable

import numpy as np
import torch
from scipy import stats
from sklearn.datasets import load_digits

from medattn.compare.epochs_tests import compare_epochs
from medattn.compare.equivalence import equivalence
from medattn.compare.mcnemar import mcnemar
from medattn.compare.nadeau_bengio import nadeau_bengio
from medattn.compare.outperforming import outperforming
from medattn.compare.permutation_test import permutation
from medattn.compare.primary_test import primary_test
from medattn.compare.replicates import Replicates
from medattn.compare.wilcoxon import wilcoxon

LEVEL = 0.05
TRAINED, TESTED, HIDDEN, BATCH, EPOCHS, MEASURED = 400, 600, 32, 40, 60, 30
TOGETHER = 250
SIZES = (3, 5, 8, 10, 20)

Tests = dict[str, Callable[[np.ndarray, np.ndarray], bool]]


def train(runs: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Train many networks at once, each with a separate initialization and order of images.

    Returns:
        runs x `MEASURED`: test accuracy in percent after each of the last epochs; and runs x `TESTED`: which test
        images are right after the last.
    """
    random = torch.Generator().manual_seed(seed)
    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(labels))
    x, y = torch.tensor(images[order] / 16, dtype=torch.float32), torch.tensor(labels[order])
    test_x, test_y = x[TRAINED : TRAINED + TESTED], y[TRAINED : TRAINED + TESTED]
    shapes = ((64, HIDDEN), (1, HIDDEN), (HIDDEN, 10), (1, 10))
    parameters = [
        (torch.randn(runs, *shape, generator=random) * (shape[0] ** -0.5 if shape[0] > 1 else 0)).requires_grad_()
        for shape in shapes
    ]
    optimizer = torch.optim.Adam(parameters, lr=3e-3)
    accuracy, right = [], None
    for epoch in range(EPOCHS):
        shuffled = torch.rand(runs, TRAINED, generator=random).argsort(dim=1)
        for batch in shuffled.split(BATCH, dim=1):
            loss = torch.nn.functional.cross_entropy(
                scores(parameters, x[batch]).flatten(0, 1), y[batch].flatten(), reduction="sum"
            )
            optimizer.zero_grad()
            (loss / BATCH).backward()
            optimizer.step()
        if epoch >= EPOCHS - MEASURED:
            with torch.no_grad():
                right = scores(parameters, test_x.expand(runs, -1, -1)).argmax(dim=2) == test_y
                accuracy.append(100 * right.float().mean(dim=1).numpy())
    return np.stack(accuracy, axis=1), right.numpy()


def scores(parameters: list[torch.Tensor], images: torch.Tensor) -> torch.Tensor:
    """Return runs x images x classes."""
    weights, bias, out_weights, out_bias = parameters
    return torch.relu(images @ weights + bias) @ out_weights + out_bias


def facts(curves: np.ndarray) -> dict[str, float]:
    """Return spread between seeds, spread over epochs of a run, and its autocorrelation from an epoch to the next."""
    within = curves - curves.mean(axis=1, keepdims=True)
    after = float((within[:, 1:] * within[:, :-1]).sum() / (within[:, :-1] ** 2).sum())
    return {
        "mean": float(curves.mean()),
        "between": float(curves.mean(axis=1).std(ddof=1)),
        "within": float(np.sqrt((within**2).sum() / (within.size - len(curves)))),
        "autocorrelation": after,
    }


def simulate(runs: int, measured: dict[str, float], random: np.random.Generator) -> np.ndarray:
    """Return learning curves, runs x `MEASURED`: a mean of each run, and around it an autoregressive process."""
    phi, spread = measured["autocorrelation"], measured["within"]
    steps = random.normal(0, spread * np.sqrt(1 - phi**2), (runs, MEASURED))
    steps[:, 0] = random.normal(0, spread, runs)
    for epoch in range(1, MEASURED):
        steps[:, epoch] += phi * steps[:, epoch - 1]
    steps -= steps.mean(axis=1, keepdims=True)
    return measured["mean"] + random.normal(0, measured["between"], (runs, 1)) + steps


TESTS: Tests = {
    "Student, 30 epochs of one run": lambda a, b: compare_epochs(a[0], b[0])[0].p < LEVEL,
    "Welch, 30 epochs of one run": lambda a, b: compare_epochs(a[0], b[0])[1].p < LEVEL,
    "primary (paired t-test, corrected for skewness), runs": lambda a, b: primary_test(of_runs(a, b)).p < LEVEL,
    "permutation, runs": lambda a, b: permutation(of_runs(a, b)).p < LEVEL,
    "Wilcoxon, runs": lambda a, b: wilcoxon(of_runs(a, b)).p < LEVEL,
    "outperforms or is outperformed, runs": lambda a, b: "outperform" in outperforming(of_runs(a, b)).verdict,
}


def of_runs(first: np.ndarray, second: np.ndarray) -> Replicates:
    """Return pairs of runs, each with the mean over its epochs."""
    return Replicates(first.mean(axis=1), second.mean(axis=1))


def deal(curves: np.ndarray, size: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Deal runs into pairs of arms of equal size; each run is used once."""
    arms = curves[: len(curves) // (2 * size) * 2 * size].reshape(-1, 2, size, curves.shape[1])
    return [(first, second) for first, second in arms]


def share(found: int, count: int) -> str:
    """Return "4.0% [1.7, 7.7]"."""
    interval = stats.binomtest(found, count).proportion_ci(0.95)
    return f"{100 * found / count:.1f}% [{100 * interval.low:.1f}, {100 * interval.high:.1f}]"


def print_rates(title: str, curves: np.ndarray, sizes: list[int], effects: list[float], between: float) -> None:
    """Print a table: a row per test, a column per number of runs and effect."""
    columns = [(size, effect) for size in sizes for effect in effects]
    pairs = {size: deal(curves, size) for size in sizes}
    print(f"\n{title}: share of comparisons with p < {LEVEL}\n")
    print("| test | " + " | ".join(f"{size} runs, effect {effect:g} SD" for size, effect in columns) + " |")
    print("|" + "---|" * (1 + len(columns)))
    for name, test in TESTS.items():
        rates = []
        for size, effect in columns:
            found = sum(bool(test(first + effect * between, second)) for first, second in pairs[size])
            rates.append(share(found, len(pairs[size])))
        print(f"| {name} | " + " | ".join(rates) + " |", flush=True)
    print(f"\nComparisons: {', '.join(f'{len(pairs[size])} of {size} runs an arm' for size in sizes)}.")


def print_primary(title: str, curves: np.ndarray, between: float) -> None:
    """Print how often the primary test finds no effect, 1 SD and 2 SD, for several numbers of runs."""
    for size in SIZES:
        pairs = deal(curves, size)
        found = [
            share(
                sum(primary_test(of_runs(first + effect * between, second)).p < LEVEL for first, second in pairs),
                len(pairs),
            )
            for effect in (0.0, 1.0, 2.0)
        ]
        print(f"\nPrimary test, {title}, {size} runs, {len(pairs)} comparisons: {', '.join(found)} for 0, 1 and 2 SD.")


def print_models(right: np.ndarray) -> None:
    """Print how often McNemar's test distinguishes two trainings of the same network."""
    pairs = right[: len(right) // 2 * 2].reshape(-1, 2, right.shape[1])
    found = sum(mcnemar(first, second).p < LEVEL for first, second in pairs)
    print(f"\nMcNemar, two trainings of one network: {share(found, len(pairs))} of {len(pairs)} pairs.")


def print_equivalence(curves: np.ndarray, between: float) -> None:
    """Print how often the test calls arms equivalent that differ by the margin, and arms that are equal."""
    margin = 2 * between
    for effect, words in ((2.0, "differ by the margin"), (0.0, "are the same")):
        for size in (5, 10):
            pairs = deal(curves, size)
            passed = sum(
                equivalence(of_runs(first + effect * between, second), margin).verdict == "equivalent"
                for first, second in pairs
            )
            print(f"\nEquivalence at a margin of 2 SD, arms that {words}, {size} runs: {share(passed, len(pairs))}.")


def print_folds(comparisons: int, random: np.random.Generator) -> None:
    """Print t-tests over five folds whose differences share a fifth of their variance."""
    folds = 5
    common = random.normal(0, np.sqrt(1 / folds), (comparisons, 1))
    differences = common + random.normal(0, np.sqrt(1 - 1 / folds), (comparisons, folds))
    plain = sum(stats.ttest_1samp(row, 0).pvalue < LEVEL for row in differences)
    ratios = [1 / (folds - 1)] * folds
    corrected = sum(nadeau_bengio(Replicates(row, np.zeros(folds)), ratios).p < LEVEL for row in differences)
    print(f"\nSimulated folds: t-test {share(plain, comparisons)}, Nadeau-Bengio {share(corrected, comparisons)}.")


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=2000, help="networks that are trained (default: 2000)")
    parser.add_argument("--simulated", type=int, default=8000, help="simulated runs (default: 8000)")
    arguments = parser.parse_args()
    parts = [train(TOGETHER, number) for number in range(arguments.runs // TOGETHER)]
    curves, right = (np.concatenate(part) for part in zip(*parts, strict=True))
    measured = facts(curves)
    print(", ".join(f"{key} {value:.3f}" for key, value in measured.items()))
    effects = [0.0, 1.0, 2.0]
    print_rates(f"{len(curves):,} trained networks", curves, [5, 10], effects, measured["between"])
    print_primary("trained networks", curves, measured["between"])
    print_models(right)
    random = np.random.default_rng(0)
    simulated = simulate(arguments.simulated, measured, random)
    print_rates(f"{len(simulated):,} simulated runs", simulated, [5, 10], effects, measured["between"])
    print_primary("simulated runs", simulated, measured["between"])
    print_equivalence(simulated, measured["between"])
    print_folds(2000, random)


if __name__ == "__main__":
    main()
