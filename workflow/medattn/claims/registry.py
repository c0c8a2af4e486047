"""The checks by name, in the order in which their findings are shown."""

from collections.abc import Callable, Iterator, Mapping

from medattn.claims.checks import (
    class_means,
    confusion_matrix,
    counts,
    duplicates,
    false_positives,
    grim,
    grimmer,
    increments,
    majority_class,
    rates,
    recalls,
    significance,
    statements,
    test_set_size,
    totals,
)
from medattn.claims.evidence import Evidence
from medattn.claims.findings import Finding

Check = Callable[[Evidence], Iterator[Finding]]

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
    "counts": counts.check,
    "increments": increments.check,
    "significance": significance.check,
    "statements": statements.check,
    "duplicates": duplicates.check,
}
