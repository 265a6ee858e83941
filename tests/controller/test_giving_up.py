"""Runs that the optimizer stops between rungs, because others are worth more."""

import pytest

from controller import store
from controller.experiment import History, Problem
from controller.giving_up import LOOK_AGAIN
from controller.thinking import Thinker
from tests.service import BASELINE, Service


class Scripted:
    """Gives up the trials that a test names, and remembers what it was shown."""

    def __init__(self) -> None:
        self.trials: frozenset[int] = frozenset()
        self.shown: list[History] = []

    def __call__(self, problem: Problem, history: History) -> frozenset[int]:
        self.shown.append(history)
        return self.trials


@pytest.fixture
def judge(service: Service) -> Scripted:
    service.judge = scripted = Scripted()
    return scripted


def an_experiment(service: Service, **changes: object) -> tuple[str, list[str]]:
    experiment_id = service.create(
        **{"stop_early": True, "fidelity": {"rungs": {"full": 8}}, "budget": {"cost": 6}, "parallelism": 3} | changes
    )
    service.settle()
    return experiment_id, service.active()


def test_a_run_that_is_given_up_stops_at_its_next_report_and_keeps_its_result(
    service: Service, judge: Scripted
) -> None:
    experiment_id, (first, second, _) = an_experiment(service)
    for job in (first, second):
        assert service.report(job, 1, 0.4).json()["verdict"] == "continue"
    number = service.assignment(second)["trial"]
    judge.trials = frozenset({number})
    service.settle()
    assert [run.progress is not None for run in judge.shown[0].in_flight] == [True, True, False]
    assert service.report(first, 2, 0.5).json()["verdict"] == "continue"
    assert service.report(second, 2, 0.3).json()["verdict"] == "stop"
    service.cluster.exit(second, 0)
    service.settle()
    trial = service.read(f"{experiment_id}/trials/{number}")
    assert (trial["state"], trial["reached_epoch"], trial["value"]) == ("stopped", 2, 0.3)
    assert ", since the rest of it promised less than other runs, and keeps its result" in trial["explanation"]
    assert len(service.active()) == 3, "its slot is taken by another run"


def test_it_looks_again_only_when_something_was_reported_and_not_at_once(service: Service, judge: Scripted) -> None:
    _, (job, *_) = an_experiment(service)
    service.settle()
    assert not judge.shown, "nothing was reported yet"
    service.report(job, 1)
    service.settle()
    service.clock.advance(2 * LOOK_AGAIN.total_seconds())
    service.settle()
    assert len(judge.shown) == 1, "nothing new was reported"
    service.report(job, 2)
    service.settle()
    assert len(judge.shown) == 2
    service.report(job, 3)
    service.settle()
    assert len(judge.shown) == 2, "it was looked at a moment ago"
    service.clock.advance(LOOK_AGAIN.total_seconds())
    service.settle()
    assert len(judge.shown) == 3


def test_the_baseline_is_trained_to_its_end(service: Service, judge: Scripted) -> None:
    _, (job, *_) = an_experiment(service, baseline=BASELINE)
    assert service.assignment(job)["trial"] == 1
    service.report(job, 1)
    judge.trials = frozenset({1})
    service.settle()
    assert service.report(job, 2).json()["verdict"] == "continue"


def test_an_experiment_that_does_not_ask_for_it_is_left_alone(service: Service, judge: Scripted) -> None:
    experiment_id, (job, *_) = an_experiment(service, stop_early=False)
    service.report(job, 1)
    service.settle()
    assert not judge.shown
    with service.sessions() as session:
        assert "stop_early" not in store.experiment(session, experiment_id).spec, "an older version knows nothing of it"


def test_a_judge_that_fails_costs_no_pass(service: Service) -> None:
    def fail(problem: Problem, history: History) -> frozenset[int]:
        raise RuntimeError("no judgement")

    experiment_id, jobs = an_experiment(service)
    service.judge = fail
    service.report(jobs[0], 1)
    service.settle()
    for job in jobs:
        service.finish(job)
    service.settle()
    assert service.read(experiment_id)["progress"]["runs_started"] == 6


def test_the_optimizers_process_judges_as_this_one_does() -> None:
    from tests.optimizer.test_stopping import ASKED, BAD, GOOD, under_way, with_these  # noqa: PLC0415

    history = with_these(under_way(101, GOOD, 12), under_way(102, BAD, 12))
    thinker = Thinker()
    try:
        assert thinker.judge(ASKED, history) == {102}
    finally:
        thinker.close()
