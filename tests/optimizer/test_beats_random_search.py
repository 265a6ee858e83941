"""The reason for the optimizer: at equal cost, better trials at full fidelity than random search finds.

Random search leaves a mean regret of about 17.6 here, and still 11.3 at three times the cost; Podium about 8. Measured
with the optimizer broken on purpose (same seeds): targets shuffled among the rows 27, fidelity ignored 16, improvement
or targets with the sign turned around 89 and more. The margin lies between: 0.6 of random search's regret.
"""

import numpy as np

from controller.optimizer.suggest import suggest
from tests.optimizer.simulation import problem, random_search, simulate

COST = 12
WORKERS = 2


def test_podium_beats_random_search_at_equal_cost() -> None:
    podium = [simulate(problem(seed=seed), suggest, cost=COST, workers=WORKERS).regret() for seed in range(6)]
    random = [simulate(problem(seed=seed), random_search, cost=COST, workers=WORKERS).regret() for seed in range(100)]
    assert np.mean(podium) < 0.6 * np.mean(random), f"{np.mean(podium):.2f} against {np.mean(random):.2f}"
