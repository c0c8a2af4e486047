"""Reading the CSV files that one stage writes and later stages read."""

from pathlib import Path

import numpy as np
import pytest

from medattn.errors import UserError
from medattn.result_tables import TableFormat, read_table

FORMAT = TableFormat("medattn make", ["name", "value", "stand_in"], numbers={"value"}, truths={"stand_in"})


def test_columns_have_the_types_of_the_format(tmp_path: Path) -> None:
    path = tmp_path / "made.csv"
    path.write_text("name,value,stand_in,further\n007,1.5,True,x\nNA,,False,y\n,3,true,z\n")
    table = read_table(path, FORMAT)
    assert list(table["name"]) == ["007", "NA", ""]
    np.testing.assert_array_equal(table["value"], [1.5, np.nan, 3.0])
    assert list(table["stand_in"]) == [True, False, True]
    assert list(table["further"]) == ["x", "y", "z"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "not a CSV table"),
        (b"name,value,stand_in\na,1,True\nb,1,True,2,3\n", "not a CSV table"),
        (b"\xff\xfe\x00name", "not a CSV table"),
        (b"name,stand_in\na,True\n", "no column 'value'"),
        (b"name,value,stand_in\na,1,True\nb,much,True\n", "'much' in column 'value' is not a number"),
    ],
)
def test_damage_is_named_with_file_problem_and_command(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "made.csv"
    path.write_bytes(content)
    with pytest.raises(UserError) as raised:
        read_table(path, FORMAT)
    assert str(raised.value) == f"{path}: {problem}; delete it and run `medattn make`"


def test_a_missing_file_is_an_error_unless_it_is_optional(tmp_path: Path) -> None:
    path = tmp_path / "none.csv"
    with pytest.raises(UserError, match=r"none.csv: no such file; run `medattn make`"):
        read_table(path, FORMAT)
    table = read_table(path, FORMAT, optional=True)
    assert table.empty
    assert list(table.columns) == FORMAT.columns
