"""Does a network cost as little, compared with others, as the text says?

Method: parameters and multiply-accumulates are counted layer by layer: of a k x k convolution from a to b channels
k k a b weights and, with a bias, b more; operations are k k a b for each position of its output. A training step has
as many in the forward pass, in the gradient of the weights and in the gradient of the input, the last only where the
input depends on what is trained. (1) The text's formula
must give the parameters. (2) The count is compared with those of the other networks. For this network the statement is
`consistent` where every share is below the least that may be meant, `inconsistent` where one is above the greatest, and
else `undecidable`. A statement about several networks is inconsistent only where it is inconsistent for
each of them, because the text may not say which one was used.

Source: arithmetic; the facts name the statement, and say what "little" may mean.

No power: where the text states nothing ("very small" of parameters says nothing about operations) the facts give no
level, and the shares are reported without a verdict.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import prod

from medattn.config.models.facts import Convolution, CostStatement
from medattn.consistency.check_context import CheckContext
from medattn.consistency.check_result import CheckResult, ConsistencyVerdict

_UNITS = {10**12: " T", 10**9: " G", 10**6: " M", 10**3: " K"}


def check(context: CheckContext) -> Iterator[CheckResult]:
    """Yield a result for each formula and each network, and one for each statement about several."""
    by_statement: dict[str, list[tuple[CostStatement, CheckResult]]] = {}
    for cost in context.facts.costs:
        if cost.formula:
            yield _formula(cost)
        result = _result(cost)
        by_statement.setdefault(cost.says, []).append((cost, result))
        yield result
    for found in by_statement.values():
        if len(found) > 1:
            yield _summary(found)


def parameters(layers: Sequence[Convolution]) -> int:
    """Return the weights and biases of layers."""
    return sum(_weights(layer) + layer.bias * layer.outputs for layer in layers)


def operations(layers: Sequence[Convolution]) -> int:
    """Return the multiply-accumulates of a forward pass through layers, biases not counted."""
    return sum(_weights(layer) * layer.height * layer.width for layer in layers)


def training_operations(layers: Sequence[Convolution]) -> int:
    """Return the multiply-accumulates of a training step: forward pass and gradients."""
    return sum(operations([layer]) * (3 if layer.input_learns else 2) for layer in layers)


def _weights(layer: Convolution) -> int:
    return layer.kernel**2 * layer.inputs * layer.outputs


def _count(cost: CostStatement) -> int:
    return _COUNTS[cost.counts](cost.layers)


_COUNTS = {"parameters": parameters, "operations": operations, "training_operations": training_operations}


def _formula(cost: CostStatement) -> CheckResult:
    given, counted = sum(map(prod, cost.formula)), parameters(cost.layers)
    terms = " + ".join(" x ".join(map(str, factors)) for factors in cost.formula)
    verdict: ConsistencyVerdict = "consistent" if given == counted else "inconsistent"
    return CheckResult(
        "", f"formula for {cost.of}", f"{given:,}", f"{counted:,}", verdict, f"{terms} against its layers"
    )


def _shares(cost: CostStatement) -> dict[str, Fraction]:
    count = _count(cost)
    return {name: Fraction(count, other) for name, other in cost.against.items()}


def _result(cost: CostStatement) -> CheckResult:
    shares = _shares(cost)
    note = ", ".join(f"{name} ({_short(cost.against[name])}) {_said(share)}" for name, share in shares.items())
    cell, verdict = f"{cost.of}: {cost.counts.replace('_', ' ')}", _verdict(max(shares.values()), cost.levels)
    return CheckResult("", cell, cost.says, _short(_count(cost)), verdict, note)


def _verdict(greatest: Fraction, levels: Sequence[float]) -> ConsistencyVerdict:
    if not levels or min(levels) <= greatest <= max(levels):
        return "undecidable"
    return "consistent" if greatest < min(levels) else "inconsistent"


def _summary(found: list[tuple[CostStatement, CheckResult]]) -> CheckResult:
    verdicts = {result.verdict for _, result in found}
    first = found[0][0]
    meant = f"shares up to {' or '.join(_said(Fraction(level)) for level in sorted(first.levels))}"
    holds = sum(result.verdict == "consistent" for _, result in found)
    notes = []
    for cost, result in found:
        shares = _shares(cost)
        largest = max(shares, key=lambda name: shares[name])
        notes.append(
            f"{cost.of}: {result.expected}, {_said(min(shares.values()))} to {_said(shares[largest])} ({largest})"
        )
    return CheckResult(
        "",
        first.says,
        meant if first.levels else "nothing is stated",
        f"holds for {holds} of {len(found)}" if first.levels else "",
        verdicts.pop() if len(verdicts) == 1 else "undecidable",
        "; ".join(filter(None, (*notes, first.source))),
        True,
    )


def _said(share: Fraction) -> str:
    """Return a share in percent, or as a multiple."""
    return f"{float(share):.3g} times" if share >= 2 else f"{float(100 * share):.3g} %"


def _short(count: int) -> str:
    for unit, name in _UNITS.items():
        if count >= unit:
            return f"{count / unit:.3g}{name}"
    return str(count)
