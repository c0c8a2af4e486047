"""How often an arm does better than another when both are trained once more.

Source: Bouthillier et al., Accounting for variance in machine learning benchmarks, MLSys 2021 (arXiv 2103.03098): the
probability of outperforming P(A > B), estimated from runs that share their seeds, shows a difference that matters where
its interval lies above 0.5 and reaches above 0.75. They bootstrap the interval, which has no width where one arm wins
every pair; with few runs that is common, so the interval here is Clopper and Pearson's (1934), a tie being half a win.
"""

from scipy.special import betaincinv
from scipy.stats import binom

from medattn.compare.replicates import Replicates
from medattn.compare.sign_flips import least_p
from medattn.compare.test_result import CONFIDENCE, TestResult

TEST = "outperforming"
THRESHOLD = 0.75
"""Probability of outperforming from which on a difference matters."""
_QUANTITY = "probability of outperforming"


def outperforming(pairs: Replicates) -> TestResult:
    """Return the probability of outperforming, its 95% interval, what follows, and the p of the exact sign test."""
    notes = list(pairs.notes)
    n = pairs.n
    if n == 0:
        return TestResult(TEST, 0, note="; ".join(notes), quantity=_QUANTITY)
    differences = pairs.differences
    wins, losses = int((differences > 0).sum()), int((differences < 0).sum())
    ties = n - wins - losses
    if ties:
        notes.append(f"{ties} of {n} pairs tie: half a win each, and none in the sign test")
    score = wins + ties / 2
    low, high = clopper_pearson(score, n)
    return TestResult(
        TEST,
        n,
        float(differences.mean()),
        low,
        high,
        p=min(1.0, 2 * float(binom.cdf(min(wins, losses), wins + losses, 0.5))),
        least_p=least_p(wins + losses),
        note="; ".join(notes),
        quantity=_QUANTITY,
        estimate=score / n,
        verdict=_verdict(low, high),
    )


def clopper_pearson(successes: float, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the interval of a share that never covers it too rarely; half successes are allowed."""
    tail = (1 - confidence) / 2
    low = float(betaincinv(successes, n - successes + 1, tail)) if successes > 0 else 0.0
    high = float(betaincinv(successes + 1, n - successes, 1 - tail)) if successes < n else 1.0
    return low, high


def _verdict(low: float, high: float) -> str:
    if low > 0.5:
        return "outperforms" if high > THRESHOLD else "better, but too rarely to matter"
    if high < 0.5:
        return "outperformed" if low < 1 - THRESHOLD else "worse, but too rarely to matter"
    return "undecided"
