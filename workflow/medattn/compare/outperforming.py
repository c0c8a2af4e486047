"""Probability that an arm outperforms another when both are trained once more.

Source: Bouthillier et al., Accounting for variance in machine learning benchmarks, MLSys 2021 (arXiv 2103.03098): the
probability of outperforming P(A > B), estimated from runs paired by seed. The difference matters if the
interval lies above 0.5 and reaches above 0.75. The paper bootstraps the interval, which then has no width if one arm
wins every pair. That is common with few runs, so the interval here is Clopper and Pearson's (1934). A tie counts as
half a win.
"""

from scipy.special import betaincinv
from scipy.stats import binomtest

from medattn.compare.replicates import Replicates
from medattn.compare.sign_flips import least_p
from medattn.compare.test_result import CONFIDENCE, TestResult

TEST = "outperforming"
THRESHOLD = 0.75
"""Least probability of outperforming at which a difference matters."""
_QUANTITY = "probability of outperforming"


def outperforming(pairs: Replicates) -> TestResult:
    """Return the probability of outperforming, its 95% interval, a verdict, and the p of the exact sign test."""
    notes = list(pairs.notes)
    n = pairs.n
    if n == 0:
        return TestResult(TEST, 0, note="; ".join(notes), quantity=_QUANTITY)
    differences = pairs.differences
    wins, losses = int((differences > 0).sum()), int((differences < 0).sum())
    ties = n - wins - losses
    if ties:
        notes.append(f"{ties} of {n} pairs tie: each counts as half a win, and the sign test drops it")
    score = wins + ties / 2
    low, high = clopper_pearson(score, n)
    return TestResult(
        TEST,
        n,
        float(differences.mean()),
        low,
        high,
        p=float(binomtest(wins, n - ties).pvalue) if wins or losses else 1.0,
        least_p=least_p(wins + losses),
        note="; ".join(notes),
        quantity=_QUANTITY,
        estimate=score / n,
        verdict=_verdict(low, high),
    )


def clopper_pearson(successes: float, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return Clopper and Pearson's interval of a share; half successes are allowed."""
    tail = (1 - confidence) / 2
    low = float(betaincinv(successes, n - successes + 1, tail)) if successes > 0 else 0.0
    high = float(betaincinv(successes + 1, n - successes, 1 - tail)) if successes < n else 1.0
    return low, high


def _verdict(low: float, high: float) -> str:
    if low > 0.5:
        return "outperforms" if high > THRESHOLD else "better, but not often enough to matter"
    if high < 0.5:
        return "outperformed" if low < 1 - THRESHOLD else "worse, but not often enough to matter"
    return "undecided"
