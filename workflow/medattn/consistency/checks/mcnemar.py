"""Can the accuracies that the text compares differ significantly, one model an arm?

Method: McNemar's exact test looks at the images that only one of two models has right. The published accuracies and the
number of images fix the difference of the two numbers, not the numbers: from no image that only the worse model has
right, which gives the least p, to as many as there can be, which gives the greatest. If even the greatest p is below
0.05 the difference is significant whatever the models answered: `consistent`. Else it is `undecidable`: because no
answers make it significant, or because it takes the answers to tell; then the number of images up to which the worse
model may be alone in being right is named. Accuracies are compared where a statement or a statement of significance
compares them and the first is higher. Means over epochs or runs are taken for the accuracy of one model, with a part
of an image counted as whole where that makes a p smaller, and as none where it makes one greater.

Source: McNemar 1947, Psychometrika 12:153-157; the exact two-sided p is that of the sign test.

No power: an unknown number of images. A difference that no answers make significant contradicts nothing that is
published, so it is not called inconsistent. The test is on the images of one training an arm: significance here says
nothing about another training. p are not corrected for the number of comparisons.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from medattn.consistency.check_context import CheckContext
from medattn.consistency.check_result import CheckResult
from medattn.consistency.checks.statements import pairs_of
from medattn.consistency.gains import Gain, gain_of
from medattn.consistency.published import PublishedRow, chosen

_LEVEL = 0.05


@dataclass(frozen=True)
class PValueBounds:
    """Range of the p of McNemar's test for a gain, over all answers that can be behind it."""

    gain: Gain

    @cached_property
    def least(self) -> float:
        """Least p: the worse model alone has no image right."""
        return p_value(0, self.gain.most)

    @cached_property
    def greatest(self) -> float:
        """Greatest p: the worse model alone has as many images right as possible."""
        exchanged = self.gain.exchangeable
        return p_value(exchanged, exchanged + max(0, self.gain.least))

    @property
    def never(self) -> bool:
        """Whether the difference is not significant for any answers."""
        return self.least >= _LEVEL

    @property
    def always(self) -> bool:
        """Whether the difference is significant for all answers."""
        return self.greatest < _LEVEL

    @property
    def allowed(self) -> int:
        """Most images that the worse model alone can have right in a significant difference."""
        possible = range(self.gain.exchangeable + 1)
        return bisect_left(possible, _LEVEL, key=lambda alone: p_value(alone, alone + self.gain.most)) - 1


def p_value(only_one: int, only_other: int) -> float:
    """Return the two-sided p of McNemar's exact test from the images that only one of two models has right."""
    from scipy.stats import binomtest

    alone = only_one + only_other
    return float(binomtest(only_one, alone).pvalue) if alone else 1.0


def check(context: CheckContext) -> Iterator[CheckResult]:
    """Yield a result for each pair of accuracies that is compared, and one for each statement about some."""
    seen: set[tuple[int, int]] = set()
    for says, pairs in _compared(context):
        gains = [gain for row, other in pairs if (gain := gain_of(context, row, other))]
        bounded = [PValueBounds(gain) for gain in gains if gain.points > 0]
        for each in bounded:
            if (key := (id(each.gain.row), id(each.gain.other))) not in seen:
                seen.add(key)
                yield _result(each)
        if bounded:
            yield _summary(says, bounded)


def _compared(context: CheckContext) -> Iterator[tuple[str, list[tuple[PublishedRow, PublishedRow]]]]:
    """Yield the words of each comparison in the text and its two rows, the one said to be higher first."""
    for statement in context.facts.statements:
        yield statement.says, list(pairs_of(chosen(context.rows, statement.rows), statement))
    for significance in context.facts.significance:
        flag = significance.flag
        rows = [
            row
            for row in chosen(context.rows, significance.rows)
            if row.arm == significance.arm and (not flag or flag in row.flags)
        ]
        others = [(row, context.counterpart(row, arm=significance.against)) for row in rows]
        yield significance.says, [(row, other) for row, other in others if other]


def _result(bounded: PValueBounds) -> CheckResult:
    gain = bounded.gain
    if bounded.never:
        note = "not significant whatever the models answered"
    elif bounded.always:
        note = "significant whatever the models answered"
    else:
        note = f"p < {_LEVEL:g} only if {_name(gain)} alone has at most {bounded.allowed} images right, "
        note += f"of up to {gain.exchangeable} possible"
    if gain.averaged > 1:
        note += "; means taken for the accuracy of one model"
    span = " to ".join(dict.fromkeys(f"{p:.2g}" for p in (bounded.least, bounded.greatest)))
    return CheckResult(
        ";".join(dict.fromkeys((gain.row.table, gain.other.table))),
        f"{gain.row.cell} against {_name(gain)}",
        f"{gain.row.mean.text} against {gain.other.mean.text}: {gain.text} of {gain.images:,}",
        f"p = {span}",
        "consistent" if bounded.always else "undecidable",
        note,
    )


def _name(gain: Gain) -> str:
    row, other = gain.row, gain.other
    differ = [column for column in ("backbone", "arm", "split") if getattr(row, column) != getattr(other, column)]
    return ".".join(getattr(other, column) for column in differ) or other.cell


def _summary(says: str, bounded: Sequence[PValueBounds]) -> CheckResult:
    always, never = sum(each.always for each in bounded), sum(each.never for each in bounded)
    return CheckResult(
        ";".join(dict.fromkeys(each.gain.row.table for each in bounded)),
        says,
        f"{len(bounded)} {'higher accuracy' if len(bounded) == 1 else 'higher accuracies'}",
        f"{always} of {len(bounded)} significant whatever the models answered",
        "consistent" if always == len(bounded) else "undecidable",
        f"McNemar's exact test at p < {_LEVEL:g}: {never} never significant, "
        f"{len(bounded) - always - never} depending on the answers",
        True,
    )
