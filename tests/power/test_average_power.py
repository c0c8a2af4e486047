"""Power of the average over data sets, against a simulation with the answer's own pooling."""

from math import inf

import numpy as np
import pytest

from medattn.answer.pooled import pool
from medattn.power.average_power import Design


@pytest.mark.parametrize(("datasets", "tau", "effect", "seeds"), [(3, 0.0, 1.2, 10), (6, 0.5, 1.0, 5)])
def test_the_power_is_that_of_a_simulation(datasets, tau, effect, seeds):
    rng = np.random.default_rng(datasets)
    found = 0
    for _ in range(250):
        means = effect + rng.normal(0, np.sqrt(tau**2 + 1 / seeds), datasets)
        found += pool(means, [1 / seeds] * datasets).p < 0.05
    assert Design(datasets, tau).power_of_difference(effect, seeds, 0.05) == pytest.approx(found / 250, abs=0.09)


def test_seeds_cannot_replace_data_sets():
    assert Design(2).seeds_for_difference(2.0, 0.05 / 3, 1000) > Design(1).seeds_for_difference(2.0, 0.05 / 3, 1000)
    assert Design(4, tau=1.0).seeds_for_difference(0.3, 0.05, 1000) == inf
    assert Design(4).seeds_for_equivalence(1.0, 0.05, 1000) < inf
    assert Design(4, tau=1.0).seeds_for_equivalence(1.0, 0.05, 1000) == inf


def test_the_smallest_effect_has_80_percent_power():
    design = Design(5, 0.4)
    assert design.power_of_difference(design.smallest_effect(10, 0.05), 10, 0.05) == pytest.approx(0.8, abs=1e-6)
