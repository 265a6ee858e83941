"""`podium.tune` against a real controller whose optimizer thinks for itself: here, in threads of this process."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

import podium
from podium.refusal import SpecRefused
from podium.tuning import TuningFailed, TuningPaused
from tests.cli.served import serving
from tests.service import Service

SPACE = {"x": podium.real(0, 1), "kind": podium.choice("a", "b")}


@pytest.fixture(autouse=True)
def _interruptible() -> Iterator[None]:
    """Ctrl-C is heard also where the tests were started so that it would not be, as with `nohup` and `&`."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def url(service: Service) -> Iterator[str]:
    """The application's address, whose reconciler makes its passes meanwhile."""
    stopping = threading.Event()

    def reconcile() -> None:
        while not stopping.wait(0.02):
            service.settle()

    passes = threading.Thread(target=reconcile)
    with serving(service.app) as address:
        passes.start()
        try:
            yield address
        finally:
            stopping.set()
            passes.join()


def tune(function: Any, url: str, **more: Any) -> Any:
    return podium.tune(function, SPACE, url=url, progress=False, budget={"runs": 6}, **more)


def test_a_function_that_reports_its_epochs(url: str) -> None:
    def train(trial: Any) -> None:
        for epoch in trial.epochs():
            trial.report(epoch=epoch, score=trial.parameters["x"] * epoch)

    study = tune(train, url, objective="score", epochs=3, parallelism=2)
    assert study.experiment.state == "completed"
    assert study.best_value == pytest.approx(3 * study.best_parameters["x"])


def test_a_function_that_returns_a_number_and_takes_parameters_by_name(url: str) -> None:
    def loss(x: float, kind: str) -> float:
        return (x - 0.3) ** 2 + (kind == "a")

    study = tune(loss, url, direction="minimize", baseline={"x": 0.5, "kind": "b"})
    assert study.best_value is not None
    assert study.best_value <= 0.04
    assert study.experiment.name == "loss"


def test_metrics_may_be_several(url: str) -> None:
    study = tune(lambda trial: {"score": 0.5, "loss": 2.0}, url, objective="score", name="two")
    assert study.best.metrics == {"score": 0.5, "loss": 2.0}


def test_a_search_of_which_something_was_trained_has_not_failed(url: str) -> None:
    def train(trial: Any) -> None:
        if trial.to_epoch == trial.full_epochs:
            raise KeyError("of the last epochs")
        for epoch in trial.epochs():
            trial.report(epoch=epoch, value=0.5)

    study = podium.tune(train, SPACE, url=url, progress=False, epochs=16, budget={"cost": 3.0, "runs": 7}, name="one")
    assert (study.experiment.state, study.best) == ("completed", None)


def test_what_raises_again_and_again_is_shown(url: str) -> None:
    def broken(trial: Any) -> None:
        raise KeyError("no such layer")

    with pytest.raises(TuningFailed, match="all failed by a bug") as failed:
        tune(broken, url)
    assert isinstance(failed.value.__cause__, KeyError)


def test_a_function_that_ends_the_process_ends_the_search(url: str) -> None:
    def leaves(trial: Any) -> None:
        sys.exit("wrong folder")

    with pytest.raises(TuningFailed) as failed:
        tune(leaves, url, parallelism=8)  # more is offered than is taken before the end
    assert isinstance(failed.value.__cause__, SystemExit)


def test_an_interrupt_pauses_the_search_and_what_is_trained_here_leaves(url: str) -> None:
    left = threading.Event()

    def train(trial: Any) -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            for epoch in trial.epochs():
                trial.report(epoch=epoch, value=1.0)
                time.sleep(0.2)
        finally:
            left.set()

    with pytest.raises(KeyboardInterrupt):
        tune(train, url, epochs=200, fidelity={"rungs": {"full": 200}})
    assert left.is_set()
    with podium.Client(url) as client:
        experiment = client.experiments.get("train")
        assert experiment.wait(timeout=10, poll=0.05).state == "paused"
        [run] = experiment.runs()
        assert [attempt.end_reason for attempt in run.attempts] in (["preempted"], ["preempted", None])


def test_keywords_are_parameters(url: str) -> None:
    study = tune(lambda **found: found["x"], url, name="keywords")
    assert study.best_value == study.best_parameters["x"]


def test_a_search_that_somebody_pauses_says_so(url: str) -> None:
    def pauses(trial: Any) -> float:
        with podium.Client(url) as client:
            client.experiments.pause(trial.assignment.experiment)
        return 1.0

    with pytest.raises(TuningPaused, match="paused by a user"):
        tune(pauses, url)


def test_a_space_with_a_fault_is_refused_before_anything_runs(url: str) -> None:
    with pytest.raises((SpecRefused, ValueError), match=r"parameters\.x"):
        podium.tune(lambda x: x, {"x": podium.real(1, 0)}, url=url, progress=False)


@pytest.mark.parametrize(
    ("function", "space", "told"),
    [
        (3, SPACE, "wants a function first, found 3"),
        (lambda x: x, ["x"], r"wants a space next, found \['x'\]; write a dict"),
        (lambda x: x, {"x": (0, 1)}, r"the space's 'x' is \(0, 1\); write it as podium.real"),
        (lambda x, width: x, SPACE, r"takes \(x, width\), and the space has x, kind"),
        (lambda *, trial: 1.0, SPACE, "name its arguments like the parameters"),
    ],
)
def test_what_cannot_be_called_is_told_before_anything_is_created(
    url: str, service: Service, function: Any, space: Any, told: str
) -> None:
    with pytest.raises(TypeError, match=told):
        podium.tune(function, space, url=url, progress=False, budget=2)
    assert service.http.get("/api/v1/experiments").json()["items"] == []


def test_a_function_that_only_raises_fails_also_where_the_budget_ends_first(url: str) -> None:
    with pytest.raises(TuningFailed, match="raised in all trials") as failed:
        podium.tune(lambda trial: 1 / 0, SPACE, url=url, progress=False, budget={"runs": 2})
    assert isinstance(failed.value.__cause__, ZeroDivisionError)


def test_a_function_that_returns_nothing_is_told_so(url: str) -> None:
    with pytest.raises(TuningFailed) as failed:
        podium.tune(lambda trial: None, SPACE, url=url, progress=False, budget={"runs": 2})
    assert "returned None and reported nothing" in str(failed.value.__cause__)


def test_a_study_shows_itself_in_a_line_and_in_a_notebook(url: str) -> None:
    study = podium.tune(lambda x: x, {"x": podium.real(0, 1)}, url=url, progress=False, budget={"runs": 2}, name="line")
    assert repr(study).startswith(f"<Study {study.experiment.id}: completed")
    assert repr(study).endswith(f", x={study.best_parameters['x']!r}>")
    assert len(repr(study)) < 200
    assert study._repr_html_().startswith("<div")
