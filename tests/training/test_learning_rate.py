import pytest
from pydantic import ValidationError

from medattn.training.learning_rate import learning_rate

from .conftest import recipe


def rates(epochs: int, **keys) -> list[float]:
    wanted = recipe(epochs=epochs, **keys)
    return [learning_rate(wanted, epoch) for epoch in range(1, epochs + 1)]


def test_learning_rates_of_the_schedules():
    assert rates(4) == [0.1] * 4
    assert rates(4, schedule="step", step_epochs=2, step_factor=0.5) == pytest.approx([0.1, 0.1, 0.05, 0.05])
    cosine = [0.1, 0.1 * (1 + 2**-0.5) / 2, 0.05, 0.1 * (1 - 2**-0.5) / 2]
    assert rates(4, schedule="cosine") == pytest.approx(cosine)


def test_milestones_are_the_last_epochs_at_the_rate_before():
    assert rates(6, schedule="step", milestones=[1, 4]) == pytest.approx([0.1, *[0.01] * 3, *[0.001] * 2])


def test_a_warm_up_rises_to_the_rate_at_which_the_schedule_begins():
    rising = [0.02, 0.06]
    assert rates(4, warmup_epochs=2, warmup_factor=0.2) == pytest.approx([*rising, 0.1, 0.1])
    assert rates(6, warmup_epochs=2, warmup_factor=0.2, schedule="cosine") == pytest.approx(
        [*rising, *rates(4, schedule="cosine")]
    )
    assert rates(5, warmup_epochs=2, warmup_factor=0.2, schedule="step", milestones=[2]) == pytest.approx(
        [*rising, 0.1, 0.1, 0.01]
    )


def test_parameter_groups_have_a_schedule_from_their_own_rate():
    wanted = recipe(epochs=4, schedule="step", step_epochs=2)
    assert [learning_rate(wanted, epoch, 0.5) for epoch in (1, 3)] == pytest.approx([0.5, 0.05])


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"schedule": "step"}, "either step_epochs or milestones"),
        ({"schedule": "step", "step_epochs": 2, "milestones": [3]}, "either step_epochs or milestones"),
        ({"milestones": [3]}, "belong to the schedule 'step'"),
        ({"schedule": "cosine", "step_epochs": 3}, "belong to the schedule 'step'"),
        ({"schedule": "step", "milestones": [3, 3]}, "ascending, each epoch once"),
        ({"warmup_epochs": 4}, r"below epochs \(4\)"),
    ],
)
def test_a_schedule_that_contradicts_itself_is_refused(keys, message):
    with pytest.raises(ValidationError, match=message):
        recipe(epochs=4, **keys)
