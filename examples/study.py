"""Run several experiments one after another, the arms of a study, and compare what came out.

    podium-controller up &          # or PODIUM_URL=... for a Podium in a cluster
    python examples/study.py examples/fashion/*.yaml

Each file's baseline and its best trial are two rows. Run again, it goes on with what it has begun: the same file is the
same experiment.
"""

import hashlib
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from podium.cli.address import controller_url
from podium.client import NotFound, PodiumClient
from podium.documents import read_document
from podium.faults import parse_spec
from podium.taxonomy import ExperimentState
from podium.wire import Experiment, TrialDetail

POLL_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    name: str
    accuracy: float
    """Share of the validation images, in [0, 1]."""
    hours: float
    """Of training, in all that it took to find it."""


def main(files: Sequence[str]) -> None:
    console = Console(stderr=True)
    with PodiumClient(controller_url(None, os.environ)) as client:
        arms = [arm for file in files for arm in arms_of(client, ended(client, Path(file), console))]
    Console().print(table_of(arms))


def ended(client: PodiumClient, file: Path, console: Console) -> Experiment:
    """Create the experiment of this file, unless it was created before, and wait for its end."""
    text = file.read_bytes()
    experiment = client.create(
        parse_spec(read_document(text.decode())), idempotency_key=hashlib.sha256(text).hexdigest()
    )
    console.print(f"{file}: {experiment.id}")
    while experiment.state is ExperimentState.RUNNING:
        time.sleep(POLL_SECONDS)
        experiment = client.experiment(experiment.id)
    console.print(f"{experiment.id} is {experiment.state}: {experiment.message}")
    return experiment


def arms_of(client: PodiumClient, experiment: Experiment) -> list[Arm]:
    """Return the baseline, which took its own training, and the best trial, which took all of the search."""
    arms = []
    for trial in client.trials(experiment.id):
        if trial.is_baseline and trial.value is not None:
            hours = hours_of(client.trial(experiment.id, trial.number))
            arms.append(Arm(name=f"{experiment.name}, baseline", accuracy=trial.value, hours=hours))
    try:
        best = client.best(experiment.id)
    except NotFound:
        return arms
    assert best.value is not None
    hours = experiment.progress.training_hours
    return [*arms, Arm(name=f"{experiment.name}, optimized", accuracy=best.value, hours=hours)]


def hours_of(trial: TrialDetail) -> float:
    return sum(measurement.seconds for measurement in trial.measurements) / 3600


def table_of(arms: Sequence[Arm]) -> Table:
    """Compare all arms with the first, as the original study did: what each point above it took."""
    table = Table("arm", "accuracy", "hours of training", "points above the first arm", "hours per point")
    for arm in arms:
        points = 100 * (arm.accuracy - arms[0].accuracy)
        per_point = f"{arm.hours / points:.3g}" if points > 0 else ""
        table.add_row(arm.name, f"{arm.accuracy:.2%}", f"{arm.hours:.3g}", f"{points:+.2f}", per_point)
    return table


if __name__ == "__main__":
    main(sys.argv[1:])
