"""Numbers of claims by verdict: by paper and kind, and by statement."""

from collections.abc import Iterator

import pandas as pd

from medattn.judge.rule import VERDICTS, Verdict

_WIDTHS = (26, *(max(len(verdict), 5) for verdict in VERDICTS))


def verdict_lines(table: pd.DataFrame) -> Iterator[str]:
    """Yield the counts for the terminal: a line per paper and kind, or a sentence if there are no claims."""
    if table.empty:
        yield "No paper of this selection has published values."
        return
    yield _line("", *VERDICTS)
    for (paper, kind), numbers in verdict_counts(table).items():
        yield _line(f"{paper}, {kind}s", *(str(numbers[verdict]) for verdict in VERDICTS))
    whole = statement_verdicts(table)
    if len(whole):
        counts = ", ".join(f"{(whole == verdict).sum()} {verdict}" for verdict in VERDICTS if (whole == verdict).any())
        yield f"{len(whole)} {'statement' if len(whole) == 1 else 'statements'}, each as a whole: {counts}"


def verdict_counts(table: pd.DataFrame) -> dict[tuple[str, str], dict[Verdict, int]]:
    """Return the number of claims by verdict, for each paper and kind of claim."""
    found = {}
    for paper, kind in table[["paper", "kind"]].drop_duplicates().itertuples(index=False):
        own = table.loc[(table["paper"] == paper) & (table["kind"] == kind), "verdict"]
        found[paper, kind] = {verdict: int((own == verdict).sum()) for verdict in VERDICTS}
    return found


def _line(*fields: str) -> str:
    first, *others = (f"{text:>{width}}" for text, width in zip(fields, _WIDTHS, strict=True))
    return "  ".join([f"{fields[0]:<{_WIDTHS[0]}}", *others]).rstrip() if first else ""


def statement_verdicts(table: pd.DataFrame) -> "pd.Series[str]":
    """Return the verdict on each statement as a whole. A statement is reproduced if all its comparisons are.

    Args:
        table: the rows of claims.csv.

    Returns:
        A verdict per paper and statement, in the order of the table.
    """
    compared = table[table["kind"] == "comparison"]
    return compared.groupby(["paper", "statement"], sort=False)["verdict"].agg(lambda verdicts: _whole(set(verdicts)))


def _whole(verdicts: set[Verdict]) -> Verdict:
    """Return the first verdict that occurs, in the order in which one comparison decides for all."""
    order: tuple[Verdict, ...] = ("not reproduced", "not measured", "inconclusive", "reproduced")
    return next(verdict for verdict in order if verdict in verdicts)
