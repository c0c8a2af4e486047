"""Files of arbitrary content with valid hashes: one line, or a fresh start; no code in them is run."""

import copy
import hashlib
import io
import json
import os
import pickle
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from medattn.datasets.store import MANIFEST, read_store, write_store
from medattn.errors import UserError
from medattn.files import read_json, sha256_of_value
from medattn.plan.plan_file import read_plan
from medattn.plan.tuning_result import read_choice
from medattn.provenance.records import check_output, failure_reason, read_record
from medattn.training.checkpoint import read_checkpoint, write_checkpoint
from medattn.training.history import EpochRow
from medattn.training.loop import TrainingState
from tests.datasets.conftest import medmnist_arrays, medmnist_entry

FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


class Payload:
    """Unpickled, it makes the folder `hacked`."""

    def __reduce__(self):
        return os.mkdir, ("hacked",)


@pytest.fixture(autouse=True)
def nothing_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    yield
    assert not (tmp_path / "hacked").exists()


def in_one_line(error: UserError) -> None:
    assert "\n" not in str(error)


def places(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        yield from places(below, (*path, key))


def with_one_change(data, value):
    """A copy of a JSON value with something else, or nothing, at some place in it."""
    path = data.draw(st.sampled_from(sorted(places(value), key=repr)))
    result = {"top": copy.deepcopy(value)}
    place, last = result, "top"
    for part in path:
        place, last = place[last], part
    if path and isinstance(place, dict) and data.draw(st.booleans()):
        del place[last]
    else:
        place[last] = data.draw(JSON)
    return result["top"]


def changed_bytes(data, content: bytes) -> bytes:
    """Bytes with some of them changed, or cut off."""
    result = bytearray(content)
    for _ in range(data.draw(st.integers(1, 6))):
        result[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    changed = bytes(result[: data.draw(st.just(len(result)) | st.integers(0, len(result)))])
    assume(changed != content)  # a byte may be drawn as it was
    return changed


def checkpoint_state() -> TrainingState:
    row = EpochRow(1, 0.1, 0.5, 0.0, 3, 4, 2, 4)
    return TrainingState([row], [torch.ones(4, 2)], None, {"w": torch.ones(3)}, {"state": {}, "param_groups": []})


@FUZZ
@given(st.data())
def test_any_checkpoint(tmp_path, data):
    path = tmp_path / "checkpoint.pt"
    write_checkpoint(path, checkpoint_state())
    path.write_bytes(
        data.draw(st.binary(max_size=200)) if data.draw(st.booleans()) else changed_bytes(data, path.read_bytes())
    )
    assert read_checkpoint(path, torch.device("cpu")).network is None, "no changed byte goes unseen"
    content = path.read_bytes()
    path.write_bytes(hashlib.sha256(content[32:]).digest() + content[32:])
    read_checkpoint(path, torch.device("cpu"))  # whatever it is: it is read, or it is damaged


@pytest.mark.parametrize("legacy", [True, False])
def test_a_checkpoint_with_code_in_it_is_damaged(tmp_path, capsys, legacy):
    path = tmp_path / "checkpoint.pt"
    if legacy:
        content = pickle.dumps(Payload())
    else:
        buffer = io.BytesIO()
        torch.save({"history": Payload(), "scores": 0, "map_before": None, "network": None, "optimizer": None}, buffer)
        content = buffer.getvalue()
    path.write_bytes(hashlib.sha256(content).digest() + content)
    assert read_checkpoint(path, torch.device("cpu")).history == []
    assert "damaged checkpoint" in capsys.readouterr().err


def npz(arrays: dict[str, object]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def read_as_promised(path: Path) -> None:
    """Read an npz file whose size and hash are what the entry promises: only its content can be wrong."""
    try:
        medmnist_entry(path).source.read(medmnist_entry(path), path)
    except UserError as error:
        in_one_line(error)


@FUZZ
@given(st.data())
def test_any_npz(tmp_path, data):
    path = tmp_path / "tinymnist.npz"
    path.write_bytes(changed_bytes(data, npz(medmnist_arrays())) or b"x")
    read_as_promised(path)


def test_an_npz_with_code_in_it_is_refused(tmp_path):
    path = tmp_path / "tinymnist.npz"
    path.write_bytes(npz({**medmnist_arrays(), "train_labels": np.array([Payload()], dtype=object)}))
    with pytest.raises(UserError, match="pickled objects are never loaded"):
        medmnist_entry(path).source.read(medmnist_entry(path), path)


@pytest.mark.parametrize(
    "shape",
    [
        "(1000000000000, 1000)",
        "(-1,)",
        "(2, -8, 8)",
        "(99999999999999999999999,)",
        "__import__('os')",
        "((((",
        "[" * 90,
        "'",
    ],
)
def test_an_npz_with_a_lying_header_is_refused(tmp_path, shape):
    path = tmp_path / "tinymnist.npz"
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}".ljust(117).encode() + b"\n"
    with zipfile.ZipFile(path, "w") as archive:
        for name in medmnist_arrays():
            archive.writestr(f"{name}.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    with pytest.raises(UserError) as refused:
        medmnist_entry(path).source.read(medmnist_entry(path), path)
    in_one_line(refused.value)


@FUZZ
@given(st.data())
def test_any_manifest_that_is_hashed_rightly(tmp_path, data):
    path = tmp_path / "tinymnist.npz"
    np.savez_compressed(path, **medmnist_arrays())
    entry = medmnist_entry(path)
    write_store(tmp_path / "store", "tinymnist", entry, entry.source.read(entry, path))
    manifest = with_one_change(data, read_json(tmp_path / "store" / MANIFEST))
    if isinstance(manifest, dict):
        rest = {key: value for key, value in manifest.items() if key != "self_sha256"}
        with suppress(ValueError):  # NaN has no canonical form
            manifest["self_sha256"] = sha256_of_value(rest)
    (tmp_path / "store" / MANIFEST).write_text(json.dumps(manifest))
    try:
        read_store(tmp_path / "store")
    except UserError as error:
        in_one_line(error)


@FUZZ
@given(st.data())
def test_any_file_of_a_run(tmp_path, data):
    (tmp_path / "scores.safetensors").write_bytes(b"x")
    record = {
        "status": "ok",
        "epochs": 1,
        "seconds": 1.0,
        "outputs": {"scores.safetensors": {"sha256": "0", "bytes": 1}},
    }
    path = tmp_path / "file.json"
    for read, right in (
        (lambda: check_output(read_record(path), tmp_path / "scores.safetensors"), record),
        (lambda: failure_reason(path), {"run": "a/b", "reason": "x", "traceback": ""}),
    ):
        path.write_text(json.dumps(with_one_change(data, right)))
        try:
            read()
        except UserError as error:
            in_one_line(error)


@FUZZ
@given(st.data())
def test_any_plan_and_any_choice(project, data):
    project.configure(
        {"arms": {"vanilla": None, "gsa": None, "svm": {"classifier": "svm"}}, "backbones": None, "figures": None}
    )
    plan = project.plan()
    value = with_one_change(data, read_json(project.results.plan))
    project.results.plan.write_text(json.dumps(value))
    try:
        changed = read_plan(project.results.plan)
    except UserError as error:
        in_one_line(error)
    else:
        for run in changed.runs.values():
            assert project.results.folder in project.results.run(run.folder, run.name).folder.resolve().parents
    cell = next(iter(plan.cells.values()))
    choices = project.results.tuned(cell.group)
    choices.parent.mkdir(exist_ok=True)
    choices.write_text(json.dumps(data.draw(JSON)))
    try:
        read_choice(project.results, cell, 0, None)
    except UserError as error:
        in_one_line(error)
