"""How cost is shared among rungs."""

from dataclasses import replace

import pytest

from controller.experiment import History
from controller.optimizer import spreading
from controller.optimizer.suggest import suggest
from tests.optimizer.simulation import observed, problem


def test_a_trial_is_trained_in_full_when_full_trainings_had_less_than_their_share() -> None:
    """Of those that could be, the best: here all are the worst of all trials, and new ones promise more."""
    asked = problem()
    best_first = sorted(observed(asked, 305).observations, key=lambda seen: seen.value or 0.0)
    lengths = [27] * 2 + [1] * 300 + [9] * 3
    history = History(
        observations=tuple(replace(seen, epochs=epochs) for seen, epochs in zip(best_first, lengths, strict=True))
    )
    suggestion = suggest(asked, history)
    assert suggestion is not None
    assert suggestion.trial in {seen.trial for seen in best_first[-3:]}
    assert suggestion.to_epochs == 27
    assert suggestion.acquisition is not None  # the forecast does not wait for the next free choice


@pytest.mark.parametrize(
    ("spent", "lacks"),
    [
        ({1: 2.0, 3: 2.0, 9: 2.0, 27: 2.0}, False),
        ({1: 2.1, 3: 2.0, 9: 2.0, 27: 2.0}, True),
        ({1: 0.1, 3: 0.1, 9: 0.1, 27: 2.0}, False),
    ],
)
def test_an_equal_share_is_enough(spent: dict[int, float], lacks: bool) -> None:
    assert spreading.lacks_full(spent, problem().ladder) is lacks


def test_without_fidelities_nothing_is_lacking() -> None:
    assert not spreading.lacks_full({27: 0.1 + 0.2}, problem(lengths=(27,)).ladder)
