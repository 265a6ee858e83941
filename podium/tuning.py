"""A Python function as the trial, for people who live in notebooks: `podium.tune`.

    def train(trial):
        model = build(**trial.parameters)
        for epoch in trial.epochs():
            trial.report(epoch=epoch, val_accuracy=model.train_one_epoch())

    space = {"learning_rate": podium.real(1e-4, 1, log=True), "depth": podium.integer(2, 12)}
    study = podium.tune(train, space, objective="val_accuracy", epochs=27, budget=12)
    study.best_parameters

A function of one argument is given the trial; one of several, or of one that is a parameter's name, the parameters.
What it returns, a number or a mapping of metrics, is reported as the last epoch's where the function has not done so.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from podium.address import find_address, state_dir_of
from podium.asking import AskedTrial, trials
from podium.blocking.client import Client
from podium.blocking.experiment import Experiment
from podium.calling import check_function, takes_trial
from podium.card import card_html, card_line
from podium.cli.local import local_controller
from podium.importing.naming import experiment_name
from podium.ladder import rungs_of
from podium.packaging import packaged
from podium.parameters import Configuration
from podium.preemption import Preemption
from podium.refusal import NotFound, PodiumError
from podium.sdk import Trial
from podium.taxonomy import EndReason, ExperimentState
from podium.wire import Experiment as Record
from podium.wire import Trial as Best

LEAVE_SECONDS = 10.0
"""How long an interrupt waits for what is trained here to leave. What does not goes on to its next report."""
Function = Callable[..., Any]  # Any: what a user's function takes and returns
Document = dict[str, Any]  # Any: a spec, as it is written


class TuningFailed(PodiumError):
    """The function raised again and again, or in all trials; what it raised first is the cause."""


class TuningPaused(PodiumError):
    """The experiment was paused before its end; the message says by whom or why."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Study:
    """What came out. `podium.Client().experiments.get(study.experiment.id)` leads to all the rest."""

    experiment: Record
    best: Best | None
    """The best trial that was trained in full; None where none was."""

    @property
    def best_parameters(self) -> Configuration:
        """Empty where no trial was trained in full."""
        return {} if self.best is None else self.best.configuration

    @property
    def best_value(self) -> float | None:
        """Of the objective, in the same trial."""
        return None if self.best is None else self.best.value

    def __repr__(self) -> str:
        chosen = "".join(f", {name}={value!r}" for name, value in self.best_parameters.items())
        return f"<Study {card_line(self.experiment)}{chosen}>"

    def _repr_html_(self) -> str:
        return card_html(self.experiment)


def tune(  # noqa: PLR0913  # options of which most stay as they are
    function: Function,
    space: Mapping[str, Mapping[str, object]],
    *,
    image: str | None = None,
    pod: Mapping[str, object] | None = None,
    url: str | None = None,
    token: str | None = None,
    progress: bool = True,
    **sections: Any,
) -> Study:
    """Search the parameters with which a function does best; return once the search is over.

    This process trains, `parallelism` threads of it, at the controller that `podium.Client` would find, or at one that
    is started for this where none is. With an `image`, the function is sent along and the controller starts Jobs; `pod`
    holds what else `trial` may say of them. `sections` are those of `spec_of`.

    Raises SpecRejected, TuningFailed, TuningPaused, FunctionTooLarge and PodiumError; TypeError for a function that
    cannot be called with the space; ValueError for a `pod` that says what is run, or that is given without an image.
    An interrupt pauses the search; what is trained here leaves at its next report.
    """
    check_function(function, space)
    how = _run_by(function, image, pod or {})
    document = spec_of(function, space, **sections) | {"trial": how}
    with _client(url, token) as client:
        experiment = client.experiments.create(document)
        try:
            failure = None if image else _train(client, experiment, function, progress=progress)
            experiment.wait(progress=progress and image is not None)
        except KeyboardInterrupt:
            with suppress(PodiumError):  # the interrupt is what is to be heard of
                experiment.pause()
            raise
        return _outcome(experiment, failure)


def spec_of(  # noqa: PLR0913  # as above
    function: Function,
    space: Mapping[str, Mapping[str, object]],
    *,
    objective: str = "value",
    direction: str = "maximize",
    epochs: int | None = None,
    budget: float | Mapping[str, float] = 20,
    parallelism: int = 1,
    name: str | None = None,
    **more: object,
) -> Document:
    """Return the spec of a search, without how it is trained.

    Without `epochs` each trial is trained once, as a whole. A number as the `budget` counts full trainings. `more` are
    sections of a spec: `fidelity`, `baseline`, `guesses`, `constraints`, `seed` and so on.
    """
    called = experiment_name(getattr(function, "__name__", "").strip("<>"), otherwise="tuned")
    fidelity = {"rungs": {"full": 1}} if epochs is None else rungs_of(epochs)
    return {
        "name": called if name is None else name,
        "objective": {"metric": objective, "direction": direction},
        "parameters": {key: dict(parameter) for key, parameter in space.items()},
        "fidelity": fidelity,
        "budget": dict(budget) if isinstance(budget, Mapping) else {"cost": float(budget)},
        "parallelism": parallelism,
        "max_attempts": 1,  # what a function raises once it raises again
        **more,
    }


def _run_by(function: Function, image: str | None, pod: Mapping[str, object]) -> Document:
    """Return the `trial` section: who asks trains, or Jobs that the function is sent to."""
    if image is None:
        if pod:
            raise ValueError("`pod` says how Jobs are to be: give an `image` too, or leave it out")
        return {"external": True}
    if own := sorted({"command", "external", "image"} & pod.keys()):
        raise ValueError(f"`pod` must not hold {', '.join(own)}: the function is what is run, in the `image`")
    how = packaged(function)
    given = pod.get("env")
    env = {**(given if isinstance(given, Mapping) else {}), **how["env"]}
    return {**pod, **how, "image": image, "env": env}


def call(function: Function, trial: Trial) -> None:
    """Have the function train one run, and report what it returns where it did not report the last epoch itself."""
    is_of_trial = takes_trial(function, trial.parameters)
    returned = function(trial) if is_of_trial else function(**trial.parameters)
    if trial.is_finished or (returned is None and trial.has_reported):
        return
    if returned is None:
        raise TypeError("the function returned None and reported nothing: return a number, or call trial.report")
    metrics = dict(returned) if isinstance(returned, Mapping) else {trial.assignment.objective: float(returned)}
    trial.report(epoch=trial.to_epoch, checkpoint=None, samples_per_second=None, **metrics)


@contextmanager
def _client(url: str | None, token: str | None) -> Iterator[Client]:
    """Yield a client of the controller that is meant, or of one that is started where none is."""
    with Client(url, token=token) as client:
        if url is not None or client.is_ready() or client.address.url_from != "the usual address":
            yield client
            return
    with local_controller(state_dir_of(os.environ)) as controller:
        address = find_address(controller.url, token, os.environ)
        with Client(address.url, token=address.token) as client:
            yield client


def _train(client: Client, experiment: Experiment, function: Function, *, progress: bool) -> BaseException | None:
    """Train with as many threads as runs may be in flight, until it is at rest; return what was raised first."""
    failures: list[BaseException] = []
    preemption = Preemption()

    def work() -> None:
        _work(client, experiment.id, function, preemption, failures)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(experiment.spec.parallelism)]
    for thread in threads:
        thread.start()
    try:
        experiment.wait(progress=progress)
    except BaseException:  # also an interrupt: nobody is here any more for whom to train
        with suppress(PodiumError):
            experiment.pause()
        preemption.leave()
        _join(threads, seconds=LEAVE_SECONDS)
        raise
    for thread in threads:
        thread.join()
    return failures[0] if failures else None


def _join(threads: Sequence[threading.Thread], *, seconds: float) -> None:
    """Wait for threads, all of them together for so long at most."""
    until = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))


def _work(
    client: Client, experiment: str, function: Function, preemption: Preemption, failures: list[BaseException]
) -> None:
    with Client(client.url, token=client.address.token) as own:
        try:
            for trial in trials(own, experiment, preemption=preemption):
                _one(function, trial, failures)
        except BaseException as error:  # noqa: BLE001  # also sys.exit: else nobody trains on, and the search never ends
            failures.append(error)
            with suppress(PodiumError):
                own.experiments.pause(experiment)


def _one(function: Function, trial: AskedTrial, failures: list[BaseException]) -> None:
    try:
        with trial:
            call(function, trial)
    except Exception as error:  # noqa: BLE001  # the controller knows of it, and what follows is its to decide
        failures.append(error)


def _best(experiment: Experiment) -> Best | None:
    try:
        return experiment.best()
    except NotFound:
        return None


def _outcome(experiment: Experiment, failure: BaseException | None) -> Study:
    """Return what came out of a search that is at rest. Raises TuningFailed and TuningPaused."""
    experiment.refresh()
    if experiment.state is ExperimentState.PAUSED:
        if failure is not None:
            raise TuningFailed(f"{experiment.id}: {experiment.message}") from failure
        raise TuningPaused(f"{experiment.id}: {experiment.message}")
    best = _best(experiment)
    if best is None and failure is not None and not _has_trained(experiment):
        raise TuningFailed(f"{experiment.id}: the function raised in all trials") from failure
    return Study(experiment=experiment.record, best=best)


def _has_trained(experiment: Experiment) -> bool:
    return any(run.end_reason is EndReason.SUCCEEDED for run in experiment.runs())


def real(low: float, high: float, *, log: bool = False) -> Document:
    return {"type": "real", "low": float(low), "high": float(high), **({"scale": "log"} if log else {})}


def integer(low: int, high: int, *, log: bool = False, base: int | None = None) -> Document:
    """Return an integer parameter. With a `base`, only its powers."""
    scale = {"scale": "log"} if log or base is not None else {}
    return {"type": "integer", "low": low, "high": high, **scale, **({} if base is None else {"base": base})}


def choice(*values: bool | float | str) -> Document:
    return {"type": "categorical", "choices": list(_plain(values))}


def _plain(values: Sequence[Any]) -> Sequence[Any]:  # Any: a value, or one list of them
    return values[0] if len(values) == 1 and isinstance(values[0], list | tuple) else values
