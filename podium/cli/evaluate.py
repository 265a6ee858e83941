"""`podium evaluate`: a trial on the test part, which no search touches. Computed here, or by a Job for a cluster."""

import importlib.util
import json
import os
import subprocess
import sys
from typing import Annotated

import typer

from podium.cli.output import Answer, answers
from podium.cli.reading import Target, Url, connect
from podium.cli.results import Number
from podium.cli.results_view import results_view
from podium.cli.terminal import remarks
from podium.client import PodiumError
from podium.evaluation import EVALUATION_VARIABLE, Evaluation

NEEDED = ("torch", "torchvision", "worker")

Manifest = Annotated[
    bool,
    typer.Option("--manifest", help="Print a Kubernetes Job that does it, for `kubectl apply`, and start nothing."),
]
TestData = Annotated[
    str | None,
    typer.Option("--test-data", metavar="PATH", help="Test images as the process sees them, in place of `test_data`."),
]


class NoTrainerHere(PodiumError):
    """Judging a model takes what training it takes."""


@answers
def evaluate(
    experiment: Target, number: Number = None, manifest: Manifest = False, test_data: TestData = None, url: Url = None
) -> Answer:
    """Judge a full training on the test part of the data, which no search touches: once, when all is chosen."""
    with connect(url) as client:
        found = client.find(experiment)
        trial = number or client.best(found.id).number
        if manifest:
            job = client.evaluation_job(found.id, trial, test_data=test_data)
            then = f"podium results {found.id} {trial} --test"
            remarks().print(f"create it with kubectl apply in Podium's namespace, then: {then}", soft_wrap=True)
            return Answer(document=job, view=json.dumps(job, indent=2))
        _judge(client.evaluation(found.id, trial, test_data=test_data))
        summary = client.results(found.id, trial, part="test")
    return Answer(document=summary, view=results_view(trial, summary), names=[trial])


def _judge(evaluation: Evaluation) -> None:
    """Compute in a process of its own, which says on stderr what it does and what is wrong."""
    if missing := [name for name in NEEDED if importlib.util.find_spec(name) is None]:
        asked = f"podium evaluate {evaluation.experiment} {evaluation.trial} --manifest"
        raise NoTrainerHere(
            f"podium evaluate needs the worker, and {missing[0]} is not installed: pip install 'podium[worker]'; "
            f"on Kubernetes, `{asked}` needs nothing here"
        )
    # -P: a worker.py in the user's folder must not be taken for Podium's.
    command = [sys.executable, "-P", "-m", "worker.evaluate"]
    environment = os.environ | {EVALUATION_VARIABLE: evaluation.model_dump_json(exclude_unset=True)}
    code = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=False).returncode
    if code < 0:
        raise PodiumError(f"the evaluation was ended by signal {-code}; if that is 9, it may have lacked memory")
    if code:
        raise typer.Exit(code)  # it has said why
