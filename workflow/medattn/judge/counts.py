"""How often each verdict was given: by paper and kind, and statement by statement."""

from collections.abc import Iterator

import pandas as pd

from medattn.judge.rule import VERDICTS, Verdict

_WIDTHS = (26, *(max(len(verdict), 5) for verdict in VERDICTS))


def verdict_lines(table: pd.DataFrame) -> Iterator[str]:
    """Yield the counts for the terminal, a line per paper and kind; a sentence where there are no claims."""
    if table.empty:
        yield "No paper of this selection prints a number."
        return
    yield _line("", *VERDICTS)
    for paper, kind in table[["paper", "kind"]].drop_duplicates().itertuples(index=False):
        own = table.loc[(table["paper"] == paper) & (table["kind"] == kind), "verdict"]
        yield _line(f"{paper}, {kind}s", *(str((own == verdict).sum()) for verdict in VERDICTS))
    held = statement_verdicts(table)
    if len(held):
        told = ", ".join(f"{(held == verdict).sum()} {verdict}" for verdict in VERDICTS if (held == verdict).any())
        yield f"{len(held)} {'statement' if len(held) == 1 else 'statements'}, each as a whole: {told}"


def _line(*fields: str) -> str:
    first, *others = (f"{text:>{width}}" for text, width in zip(fields, _WIDTHS, strict=True))
    return "  ".join([f"{fields[0]:<{_WIDTHS[0]}}", *others]).rstrip() if first else ""


def statement_verdicts(table: pd.DataFrame) -> "pd.Series[str]":
    """Return the verdict on each statement as a whole, which holds if all its comparisons hold.

    Args:
        table: the rows of claims.csv.

    Returns:
        A verdict per paper and statement, in the order of the table.
    """
    compared = table[table["kind"] == "comparison"]
    return compared.groupby(["paper", "statement"], sort=False)["verdict"].agg(lambda own: _whole(set(own)))


def _whole(verdicts: set[Verdict]) -> Verdict:
    """Return the verdict on "and": one that is refuted refutes all, one that is open leaves all open."""
    order: tuple[Verdict, ...] = ("not reproduced", "not measured", "inconclusive", "reproduced")
    return next(verdict for verdict in order if verdict in verdicts)
