"""Which rows the model is told of, when there are too many."""

import numpy as np

from controller.optimizer.rows import Rows


def rows(z: list[float], losses: list[float]) -> Rows:
    inputs, count = np.column_stack([np.zeros(len(z)), z]), len(z)
    return Rows(inputs=inputs, losses=np.array(losses), counts=np.ones(count, dtype=bool), stderr=np.zeros(count))


def test_the_best_full_run_is_kept_however_old_it_is() -> None:
    kept = rows([0.0] * 100 + [-1.0] * 900, [0.1] + [1.0] * 99 + [2.0] * 900).most_telling(40)
    assert len(kept.losses) == 40
    assert 0.1 in kept.losses
    assert (kept.inputs[:, -1] == 0.0).sum() == 20


def test_room_that_one_kind_leaves_goes_to_the_other() -> None:
    stopped_once = rows([0.0] * 450 + [-3.0], [float(i) for i in range(451)]).most_telling(400)
    assert len(stopped_once.losses) == 400
    assert 0.0 in stopped_once.losses
    few_full = rows([0.0] * 3 + [-1.0] * 100, [1.0] * 103).most_telling(50)
    assert len(few_full.losses) == 50
    assert (few_full.inputs[:, -1] == 0.0).sum() == 3


def test_a_failure_is_no_best() -> None:
    kept = rows([0.0] * 10, [np.nan] * 5 + [1.0, 2.0, 3.0, 4.0, 5.0]).most_telling(4)
    assert kept.losses[:2].tolist() == [1.0, 2.0]
