"""Registry of the consistency checks, in the order in which their results are shown."""

from collections.abc import Callable, Iterator, Mapping

from medattn.consistency.check_context import CheckContext
from medattn.consistency.check_result import CheckResult
from medattn.consistency.checks import (
    class_means,
    confusion_matrix,
    costs,
    counts,
    duplicates,
    effective_size,
    false_positives,
    feature_maps,
    grim,
    grimmer,
    increments,
    leads,
    majority_class,
    mcnemar,
    overall,
    rates,
    recalls,
    significance,
    statements,
    test_set_size,
    totals,
)

Check = Callable[[CheckContext], Iterator[CheckResult]]

CHECKS: Mapping[str, Check] = {
    "totals": totals.check,
    "test-set-size": test_set_size.check,
    "grim": grim.check,
    "grimmer": grimmer.check,
    "rates": rates.check,
    "confusion-matrix": confusion_matrix.check,
    "majority-class": majority_class.check,
    "recalls": recalls.check,
    "false-positives": false_positives.check,
    "class-means": class_means.check,
    "overall": overall.check,
    "counts": counts.check,
    "increments": increments.check,
    "costs": costs.check,
    "feature-maps": feature_maps.check,
    "significance": significance.check,
    "effective-size": effective_size.check,
    "statements": statements.check,
    "mcnemar": mcnemar.check,
    "leads": leads.check,
    "duplicates": duplicates.check,
}
