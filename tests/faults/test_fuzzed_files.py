"""Files of any content: the readers raise UserError in one line, or return what the file says."""

import json
import math
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

from medattn.array_files import read_arrays
from medattn.config.load import read_configuration, resolve
from medattn.config.models.facts import Facts
from medattn.config.models.paper import Paper
from medattn.config.validation import validated
from medattn.config.yaml_files import parse_yaml, read_yaml
from medattn.consistency.inputs import read_counts
from medattn.consistency.published import read_published
from medattn.errors import UserError
from medattn.plan.plan_file import read_plan
from medattn.plan.speeds import speeds_for
from medattn.provenance.records import failure_reason, read_record
from medattn.reading import MAX_DEPTH, parse_json, read_csv, read_json
from medattn.result_tables import CLAIMS, MEASUREMENTS, read_table
from medattn.training.history import EpochRow, read_history, write_history

from .fuzzing import QUICK, attempt, changed, damaged

ROOT = Path(__file__).parents[2]
RECORD = {
    "schema": 2, "run": "a/b", "paper": "p", "dataset": "d", "status": "ok", "epochs": 2, "seconds": 1.5, "seed": 0,
    "fold": None, "finished": "2031-01-01T00:00:00+00:00", "configuration": {"recipe": {"epochs": 2}},
    "code": {"digest": "0", "modules": {"a.py": "0"}}, "sessions": [{"started": "x", "seconds": 1.5}],
    "data": {"files": {}, "evaluated": "test"}, "outputs": {"scores.safetensors": {"sha256": "0", "bytes": 1}},
}  # fmt: skip
PUBLISHED = "paper,table,dataset,backbone,arm,split,metric,class_name,mean,std,unit,n_test,flags\np,t,d,b,a,test,accuracy,,90.1,0.5,percent,103|104,star\n"  # noqa: E501


def as_yaml(value: Any) -> str:
    return yaml.safe_dump(value, allow_unicode=False)


def fuzz_configuration(data: st.DataObject, folder: Path) -> None:
    selection = {
        "selection": "s", "papers": {"demo": {"arms": ["vanilla"], "recipe": {"epochs": 3}, "extra_arms": {"m": {}}}},
        "datasets": {"digits": {"title": "D"}, "own": {"title": "T", "classes": ["a", "b"], "path": "x",
                     "source": {"kind": "folder", "size": 28}}},
        "seeds": {"looks": [3, 5], "upto": 3}, "verdicts": {"alpha": 0.05}, "data": "d", "results": "r", "pack": 3,
    }  # fmt: skip
    value = changed(data, selection)
    if isinstance(value, dict):
        attempt(lambda: resolve(value, ROOT, "config.yaml"))
    (folder / "config.yaml").write_text(as_yaml(value), encoding="utf-8", errors="surrogatepass")
    attempt(lambda: read_configuration(folder / "config.yaml", ROOT))


def fuzz_paper(data: st.DataObject, folder: Path) -> None:
    name, model, file = data.draw(
        st.sampled_from([(p, m, f) for p in ("ppcr", "gsa") for m, f in ((Paper, "paper"), (Facts, "facts"))])
    )
    value = changed(data, read_yaml(ROOT / "papers" / name / f"{file}.yaml"))
    if isinstance(value, dict):
        attempt(lambda: validated(model, value, "x.yaml"))
    content = damaged(data, (ROOT / "papers" / name / f"{file}.yaml").read_bytes()[:3000])
    (folder / "x.yaml").write_bytes(content)
    attempt(lambda: read_yaml(folder / "x.yaml"))


def fuzz_yaml_and_json_text(data: st.DataObject, folder: Path) -> None:
    text = data.draw(st.text(max_size=60) | st.text("[]{}:,-&*!<>|\"'#% \n\t01.eE~?", max_size=60))
    attempt(lambda: parse_yaml(text, "x"))
    attempt(lambda: parse_json(text, "x"))
    (folder / "x.json").write_bytes(damaged(data, json.dumps(RECORD).encode()))
    attempt(lambda: read_json(folder / "x.json"))
    attempt(lambda: read_yaml(folder / "x.json"))


def fuzz_records(data: st.DataObject, folder: Path) -> None:
    path = folder / "record.json"
    path.write_text(json.dumps(changed(data, RECORD)))
    attempt(lambda: use_record(read_record(path)))
    path.write_text(json.dumps(changed(data, {"reason": "r", "failed": "t", "earlier": [{"reason": "r"}]})))
    attempt(lambda: failure_reason(path))


def use_record(record: dict[str, Any]) -> None:
    """Read what the stages read of a record."""
    assert float(record["seconds"]) >= 0 and int(record["epochs"]) >= 0
    assert all(isinstance(facts.get("sha256", ""), object) for facts in record["outputs"].values())
    assert record["status"] == "ok" or record["reason"] is not None
    json.dumps(record, ensure_ascii=False).encode()
    assert isinstance(record.get("run", ""), str)


def fuzz_tables(data: st.DataObject, folder: Path) -> None:
    path = folder / "table.csv"
    path.write_bytes(damaged(data, PUBLISHED.encode()))
    attempt(lambda: read_published(path))
    attempt(lambda: read_csv(path, ["paper"]))
    for table in (MEASUREMENTS, CLAIMS):
        row = {name: "1" if name in table.numbers else "x" for name in table.columns}
        text = f"{','.join(table.columns)}\n{','.join(row.values())}\n"
        path.write_bytes(damaged(data, text.encode()))
        attempt(lambda table=table: read_table(path, table))
    columns = "paper,table,experiment,dataset,counted_for,backbone,arm,params,gmacs,device,training_images_per_second"
    path.write_bytes(damaged(data, f"{columns}\np,t,,d,d,b,a,12,0.5,cpu,3.5\n".encode()))
    attempt(lambda: speeds_for(path))
    attempt(lambda: read_counts(path))


def fuzz_history(data: st.DataObject, folder: Path) -> None:
    path = folder / "history.csv"
    write_history(path, [EpochRow(1, 0.1, 0.5, 0.0, 3, 4, 2, 4), EpochRow(2, 0.1, math.nan, 0.0, 3, 4, 2, 4)], "test")
    path.write_bytes(damaged(data, path.read_bytes()))
    attempt(lambda: read_history(path))


def fuzz_arrays(data: st.DataObject, folder: Path) -> None:
    path = folder / "scores.safetensors"
    content = save({"scores": np.zeros((2, 3, 2), np.float32), "labels": np.zeros(3, np.int64)})
    if data.draw(st.booleans()):
        content = damaged(data, content)
    else:
        length = int.from_bytes(content[:8], "little")
        header = json.dumps(changed(data, json.loads(content[8 : 8 + length]))).encode()
        content = len(header).to_bytes(8, "little") + header + content[8 + length :]
    path.write_bytes(content)
    attempt(lambda: read_arrays(path))


def fuzz_plans(data: st.DataObject, folder: Path) -> None:
    plan = json.loads((ROOT / "results/reference/attention-at-28px-cpu/plan.json").read_text(encoding="utf-8"))
    small = {key: dict(list(value.items())[:1]) if isinstance(value, dict) else value for key, value in plan.items()}
    (folder / "plan.json").write_text(json.dumps(changed(data, small)))
    attempt(lambda: read_plan(folder / "plan.json"))


TARGETS = [value for name, value in sorted(globals().items()) if name.startswith("fuzz_")]


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.__name__.removeprefix("fuzz_"))
@settings(max_examples=30, **QUICK)
@given(st.data())
def test_any_content(tmp_path, target, data):
    target(data, tmp_path)


@pytest.mark.heavy
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.__name__.removeprefix("fuzz_"))
@settings(max_examples=1000, **QUICK)
@given(st.data())
def test_any_content_a_thousand_times(tmp_path, target, data):
    target(data, tmp_path)


def test_reading_a_pipe_does_not_wait(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for read in (read_json, read_yaml, read_record, read_arrays, read_history, read_published):
        with pytest.raises(UserError, match="a pipe or device, not a file"):
            read(tmp_path / "pipe")


@pytest.mark.parametrize("depth", [MAX_DEPTH, MAX_DEPTH + 2, 500, 100_000])
def test_json_is_read_to_a_depth(depth):
    text = "[" * depth + "]" * depth
    if depth > MAX_DEPTH:
        with pytest.raises(UserError, match=re.escape(f"nested deeper than {MAX_DEPTH} levels")):
            parse_json(text, "x")
    else:
        with suppress(UserError):
            assert isinstance(parse_json(text, "x"), list)
