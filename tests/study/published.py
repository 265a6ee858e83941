"""The original study's published figures: Stanford Cars, ResNet-50 as an extractor and ResNet-18 fine-tuned.

220 runs each, on 20 machines; the study counts every run as a full training, of 4.08 and of 4.20 hours.
"""

from datetime import timedelta

from controller.study.facts import ArmFacts, Held
from tests.study.arms import BORN, a_run, a_trial, an_arm

RUNS, MACHINES = 220, 20
EXTRACTOR_HOURS, FINE_TUNED_HOURS = 4.08, 4.20
EXTRACTOR_ACCURACIES = (0.4641, 0.4799)
FINE_TUNED_ACCURACIES = (0.8341, 0.8733)


def published_arm(name: str, accuracies: tuple[float, float], hours: float, price: float | None = None) -> ArmFacts:
    """Return an arm as it was published; `price` of a machine's hour is ours: the study's is not among its figures."""
    held = Held(hours=hours, accelerator_hours=hours, money=None if price is None else hours * price)
    baseline, best = accuracies
    return an_arm(
        {"name": name, "parallelism": MACHINES, "budget": {"runs": RUNS}, "fidelity": {"rungs": {"full": 4}}},
        id=name,
        name=name,
        runs=tuple(a_run(trial, training_hours=hours, held=held) for trial in range(1, RUNS + 1)),
        ended_at=BORN + timedelta(hours=hours) * (RUNS / MACHINES),
        baseline=a_trial(1, baseline),
        best=a_trial(2, best),
    )


def published_study(price: float | None = None) -> list[ArmFacts]:
    return [
        published_arm("cars-extractor", EXTRACTOR_ACCURACIES, EXTRACTOR_HOURS, price),
        published_arm("cars-fine-tuned", FINE_TUNED_ACCURACIES, FINE_TUNED_HOURS, price),
    ]
