import warnings

import pytest
import torch

from medattn.training.numerics import fix_numerics, numerics_record, recorded_nondeterminism

from .conftest import recipe

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _fixed():
    fix_numerics(recipe())
    yield
    torch.use_deterministic_algorithms(False)


def test_operations_without_a_deterministic_form_are_recorded_once_each():
    with recorded_nondeterminism() as found:
        for _ in range(2):
            torch.zeros(3).put_(torch.tensor([0, 0]), torch.tensor([1.0, 2.0]))
    assert len(found) == 1
    record = numerics_record(recipe(), CPU, found)
    assert record["deterministic"] is False
    assert record["nondeterministic_operations"] == list(found)
    assert "put_" in record["nondeterministic_operations"][0]


def test_a_deterministic_run_records_no_operation_and_other_warnings_are_shown():
    with pytest.warns(UserWarning, match="of another kind"), recorded_nondeterminism() as found:
        torch.zeros(3).add_(1)
        warnings.warn("of another kind", stacklevel=1)
    record = numerics_record(recipe(), CPU, found)
    assert record["deterministic"] is True
    assert "nondeterministic_operations" not in record
