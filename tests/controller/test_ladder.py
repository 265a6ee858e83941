"""The rungs that are laid out where a spec names none."""

import pytest

from controller.experiment import ladder_of
from podium.spec import Fidelity


@pytest.mark.parametrize(
    ("least", "most", "lengths"),
    [
        (1, 1, [1]),
        (1, 2, [1, 2]),
        (1, 8, [1, 3, 8]),
        (1, 27, [1, 3, 9, 27]),
        (1, 51, [2, 6, 17, 51]),  # a fifth rung, of one epoch, would tell little and take a fifth of the start's cost
        (1, 1000, [37, 111, 333, 1000]),
        (40, 100, [40, 100]),
        (50, 100, [100]),
        (7, 60, [7, 20, 60]),
    ],
)
def test_rungs_are_a_factor_of_three_apart_and_no_more_than_four(least: int, most: int, lengths: list[int]) -> None:
    ladder = ladder_of(Fidelity(min=least, max=most))
    assert [rung.epochs for rung in ladder.rungs] == lengths
    assert [rung.name for rung in ladder.rungs] == [f"r{epochs}" for epochs in lengths]
