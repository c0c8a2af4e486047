"""Costs as lines for the terminal."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

Row = Mapping[str, Any]

_LEFT = {"backbone", "arm", "verdict"}
UNITS = (
    "Params: millions of parameters. GMACs: multiply-accumulates of one image in evaluation (conv + linear + matmul), "
    "in billions; FLOPs are twice that. 'Published' GFLOPs are the paper's column, C1 what its counter sees (see "
    "`medattn complexity --help`). Memory: tensors that a training step saves for its backward "
    "pass, at the recipe's batch size."
)


def complexity_lines(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the rows for the terminal: a block for each paper, table and data set, then notes and a summary."""
    for (paper, table, dataset), block in groupby(rows, key=_block):
        yield f"{paper}, {dataset}" + (f" ({table})" if table else "")
        yield from _aligned([_cells(row) for row in block])
        yield ""
    yield from _summary(rows)
    yield UNITS


def _block(row: Row) -> tuple[str, str, str]:
    return row["paper"], row["table"], row["dataset"]


def _cells(row: Row) -> dict[str, str]:
    counted = row["params"] != ""
    cells = {
        "backbone": row["backbone"],
        "arm": row["arm"],
        "params": f"{row['params'] / 1e6:.4f}" if counted else "",
        "published": row["published_params_m"],
        "GMACs": row["gmacs"],
        "C1": row["counter_c1_gflops"],
        "published ": row["published_gflops"],
        "memory": f"{row['activation_bytes'] / 2**20:,.0f} MiB" if counted else "",
    }
    if row.get("training_images_per_second"):
        cells["training"] = f"{row['training_images_per_second']:,.0f} img/s"
        cells["inference"] = f"{row['inference_images_per_second']:,.0f} img/s"
    note = f" ({row['note']})" if row["note"] else ""
    return cells | {"verdict": row["verdict"] + note}


def _aligned(lines: list[dict[str, str]]) -> Iterator[str]:
    names = list(dict.fromkeys(name for line in lines for name in line))
    lines = [{name: name for name in names}, *lines]
    widths = {name: max(len(line.get(name, "")) for line in lines) for name in names}
    for line in lines:
        parts = [
            line.get(name, "").ljust(widths[name]) if name in _LEFT else line.get(name, "").rjust(widths[name])
            for name in names
        ]
        yield "  " + "  ".join(parts).rstrip()


def _summary(rows: Sequence[Row]) -> Iterator[str]:
    published = [row for row in rows if row["published_params_m"] or row["published_gflops"]]
    counts: dict[str, int] = {}
    for row in published:
        counts[row["verdict"]] = counts.get(row["verdict"], 0) + 1
    if published:
        yield f"{len(published)} published rows: " + ", ".join(
            f"{n} {verdict}" for verdict, n in sorted(counts.items())
        )
