"""Error rates and runs saved of comparisons that stop at a look (benchmarks/sequential_looks.py)."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "sequential_looks.py"
NULLS = 400


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sequential_looks", SCRIPT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("kind", ["normal", "skewed", "rounded"])
def test_without_an_effect_the_looks_together_reject_at_most_at_the_nominal_rate(benchmark, kind):
    result = benchmark.simulate(kind, 0.0, NULLS)
    assert result["looks"]["low"] <= 0.05
    assert result["peeking"]["low"] > 0.05  # the simulation shows what it would if alpha were not shared
    assert result["seeds"] > 19


@pytest.mark.parametrize(("effect", "least_power", "most_seeds"), [(1.0, 0.6, 17.5), (2.0, 0.98, 10.0)])
def test_a_planted_effect_is_found_with_fewer_seeds(benchmark, effect, least_power, most_seeds):
    result = benchmark.simulate("normal", effect, NULLS)
    assert result["looks"]["rate"] > least_power
    assert result["seeds"] < most_seeds
    assert result["runs_saved"] == pytest.approx(1 - result["seeds"] / 20, abs=0.001)


def test_comparisons_stop_at_declared_looks(benchmark):
    paired = benchmark.differences("normal", 50, 1.0, seed=3)
    stops = benchmark.stop_at_verdicts(paired, (5, 10, 20), 0.05 / 3)
    assert set(np.unique(stops.seeds)) <= {5, 10, 20}
    assert stops.found[stops.seeds == 5].all()


@pytest.mark.heavy
def test_the_stored_results_are_those_of_the_simulation(benchmark):
    stored = json.loads(benchmark.RESULTS.read_text())
    assert {(row["kind"], row["effect"]) for row in stored["results"]} == {
        (kind, effect) for kind in benchmark.KINDS for effect in benchmark.EFFECTS
    }
    for row in stored["results"]:
        again = benchmark.simulate(row["kind"], row["effect"], NULLS)
        # Nine 95% intervals: one of them may miss by chance, by little.
        assert again["looks"]["low"] - 0.01 <= row["looks"]["rate"] <= again["looks"]["high"] + 0.01
        assert again["seeds"] == pytest.approx(row["seeds"], abs=1.0)
