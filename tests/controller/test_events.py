"""What people are told beside a Job: results and troubles, each once."""

import pytest

from controller.cluster import JobEvent
from controller.events import Ending, event_of
from controller.plan import Wait, WaitsFor
from podium.taxonomy import EndReason
from tests.service import API, BASELINE, Service

SCHEDULER = "0/3 nodes are available: 3 Insufficient nvidia.com/gpu"


def ending(reason: EndReason, value: float | None = None) -> Ending:
    return Ending(reason=reason, detail="why; what follows", reached_epoch=7, metric="val_accuracy", value=value)


@pytest.mark.parametrize(
    ("told", "word", "message"),
    [
        (ending(EndReason.SUCCEEDED, 0.98125), "TargetReached", "reached epoch 7 with val_accuracy 0.9812"),
        (
            ending(EndReason.STOPPED, 0.5),
            "Stopped",
            "stopped by a verdict at epoch 7 with val_accuracy 0.5, which stays its result",
        ),
        (ending(EndReason.STOPPED), "Stopped", "why; what follows"),
        (ending(EndReason.SCHEDULING), "NotStarted", "why; what follows"),
    ],
)
def test_a_result_is_told_as_it_is_and_trouble_with_what_follows(told: Ending, word: str, message: str) -> None:
    event = event_of(told)
    assert (event.reason, event.message) == (word, message)


@pytest.mark.parametrize("reason", list(EndReason))
def test_every_end_has_a_word_as_kubernetes_has_them_and_only_trouble_warns(reason: EndReason) -> None:
    event = event_of(ending(reason, 0.5))
    assert event.reason.isalpha()
    assert event.reason[0].isupper()
    assert event.is_warning is (reason not in (EndReason.SUCCEEDED, EndReason.STOPPED))


def test_a_result_is_told_once_while_its_job_exits_and_no_epoch_is(service: Service) -> None:
    service.create(baseline=BASELINE, parallelism=1)
    service.settle()
    [job] = service.active()
    for epoch in range(1, 5):
        service.report(job, epoch, value=0.5 + epoch / 10)
        service.settle()
    for _ in range(3):
        service.settle()
    assert service.cluster.events == [
        (job, JobEvent(reason="TargetReached", message="reached epoch 4 with val_accuracy 0.9"))
    ]


def test_a_result_is_told_even_if_its_job_was_never_seen_exiting(service: Service) -> None:
    service.create(parallelism=1)
    service.settle()
    [job] = service.active()
    service.finish(job)
    service.settle()
    assert [(name, event.reason) for name, event in service.cluster.events] == [(job, "TargetReached")]


def test_a_preemption_is_told_with_what_follows(service: Service) -> None:
    service.create(parallelism=1)
    service.settle()
    [job] = service.active()
    service.cluster.exit(job, 75)
    service.settle()
    [(name, event)] = service.cluster.events
    assert (name, event.reason, event.is_warning) == (job, "Preempted", True)
    assert event.message.endswith("; attempt 2 continues from the last checkpoint")


def test_a_job_that_waited_in_vain_is_told_the_schedulers_words(service: Service) -> None:
    service.create(parallelism=1)
    service.settle()
    [job] = service.active()
    wait = Wait(
        what=WaitsFor.NODE, since=service.clock.now, words="0/3 nodes are available: 3 Insufficient nvidia.com/gpu"
    )
    service.cluster.shows(job, wait=wait)
    service.clock.advance(3600)
    service.settle()
    [(name, event)] = service.cluster.events
    assert (name, event.reason, event.is_warning) == (job, "NotStarted", True)
    assert SCHEDULER in event.message


def test_a_bad_node_is_named_beside_the_job_that_found_it_out(service: Service) -> None:
    failing = service.fail_on("broken")
    told = {name: event for name, event in service.cluster.events if event.reason == "BadNode"}
    assert list(told) == failing[-1:]
    assert "node broken" in told[failing[-1]].message


def test_a_verdict_is_told_with_the_result_that_stays(service: Service) -> None:
    experiment = service.create(baseline=BASELINE, parallelism=1)
    service.settle()
    [job] = service.active()
    service.http.post(f"{API}/experiments/{experiment}/trials/1/stop")
    service.report(job, 2, value=0.6)
    service.settle()
    [(_, event)] = service.cluster.events
    assert (event.reason, event.is_warning) == ("Stopped", False)
    assert "epoch 2 with val_accuracy 0.6" in event.message
