"""Reading of YAML files, and one line for unreadable ones."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medattn.config.yaml_files import read_yaml
from medattn.errors import UserError


def fault(path) -> str:
    with pytest.raises(UserError) as caught:
        read_yaml(path)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{path}:").strip()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4),
        ("1E5", 1e5),
        ("-2e+3", -2e3),
        ("1.5e3", 1500.0),
        ("1e", "1e"),
        ("e4", "e4"),
        ("'1e-4'", "1e-4"),
        ("3", 3),
    ],
)
def test_numbers(tmp_path, text, value):
    path = tmp_path / "a.yaml"
    path.write_text(f"x: {text}\n")
    read = read_yaml(path)["x"]
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "the file is empty"),
        (b"# nothing\n", "the file is empty"),
        (b"- a\n- b\n", "the top level must be a mapping"),
        (b"just words", "the top level must be a mapping"),
        (b"a: 1\nb: 2\na: 3\n", "line 3: the key 'a' is given twice"),
        (b"a:\n  b: 2\n  b: 3\n", "line 3: the key 'b' is given twice"),
        (b"a: [1, 2\n", "line 2: "),
        (b"a: b: c\n", "line 1: "),
        (b"a: \xff\n", "not a text file in UTF-8"),
        (b"b: 1\na: \x00\n", "not a text file (a NUL byte in line 2)"),
        (b"b: 1\na: \x07\n", "line 2: the character U+0007 is not allowed; remove it"),
        (b"a: !!python/name:os.system x\n", "line 1: "),
        (b"a: !!bool perhaps\n", "line 1: 'perhaps' does not fit the tag !!bool"),
        (b"a: !!timestamp soon\n", "line 1: 'soon' is not a date"),
        (b"a: !!int ''\n", "line 1: '' is"),
        (b"? {a: 1}\n: 2\n", "line 1: "),
        (b"[" * 20_000, "line 1: nested deeper than 40 levels"),
    ],
    ids=lambda v: repr(v)[:30],
)
def test_an_unreadable_file_is_a_user_error(tmp_path, content, expected):
    path = tmp_path / "a.yaml"
    path.write_bytes(content)
    assert fault(path).startswith(expected)


def test_a_missing_file_is_a_user_error(tmp_path):
    assert fault(tmp_path / "none.yaml") == "no such file; check the name of the file"
    assert fault(tmp_path) == "a folder, not a file"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_forbidden_file_is_a_user_error(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("a: 1")
    path.chmod(0)
    assert fault(path).startswith("permission denied; ")


def test_merge_keys(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("base: &base {x: 1, y: 2}\nother: {<<: *base, y: 3}\n")
    assert read_yaml(path)["other"] == {"x": 1, "y": 3}


@given(st.text())
def test_any_text_is_a_mapping_or_a_user_error(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "fuzz.yaml"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    try:
        assert isinstance(read_yaml(path), dict)
    except UserError as error:
        assert "\n" not in str(error)
