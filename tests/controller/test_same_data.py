"""The first run says which images an experiment is of. What differs later is nobody's result, and nobody's failure."""

import pytest
from sqlalchemy.orm import Session

from controller import store
from controller.tables import AttemptRow
from podium.taxonomy import ExitCode
from tests.service import API, BASELINE, Service

IMAGES, HELD_OUT = "a" * 64, "b" * 64
OTHERS = "c" * 64


def test_the_first_run_says_what_the_experiment_is_of(service: Service) -> None:
    experiment_id = service.create(parallelism=2)
    service.settle()
    first, second = service.active()
    assert service.read(experiment_id)["data"] is None
    for job in (first, first, second):
        assert service.tell_data(job).status_code == 204
        assert service.read(experiment_id)["data"] == {"images": IMAGES, "held_out": HELD_OUT}
    assert service.read(experiment_id)["state"] == "running"


@pytest.mark.parametrize(
    ("told", "difference"),
    [
        ({"images": OTHERS}, "has other images (cccccccccccc) than the experiment's first run had (aaaaaaaaaaaa)"),
        ({"images": OTHERS, "held_out": OTHERS}, "has other images (cccccccccccc) than the experiment's first run had"),
        (
            {"held_out": OTHERS},
            "holds out other images (cccccccccccc) than the experiment's first run did (bbbbbbbbbbbb), as",
        ),
    ],
)
def test_other_data_pause_the_experiment_and_are_named(service: Service, told: dict[str, str], difference: str) -> None:
    experiment_id = service.create(parallelism=2)
    service.settle()
    first, second = service.active()
    service.tell_data(first)
    for _ in range(2):  # the answer may be lost
        answer = service.tell_data(second, **told)
        assert (answer.status_code, answer.json()["error"]) == (409, "OtherData")
        assert answer.json()["detail"].startswith(f"trial 2 {difference}")
        assert f"`podium resume {experiment_id}`" in answer.json()["detail"]
    found = service.read(experiment_id)
    assert (found["state"], found["data"]) == ("paused", {"images": IMAGES, "held_out": HELD_OUT})
    assert found["message"].startswith(f"paused: trial 2 {difference}")
    assert found["message"].endswith(
        f"Restore what that had, then `podium resume {experiment_id}`; to search on what is there now, create another"
    )
    assert service.report(first, 1).status_code == 200, "a run on the right data goes on"


def test_an_experiment_that_a_user_paused_names_them_too(service: Service) -> None:
    experiment_id = service.create(parallelism=2)
    service.settle()
    first, second = service.active()
    service.tell_data(first)
    service.http.post(f"{API}/experiments/{experiment_id}/pause")
    service.tell_data(second, images=OTHERS)
    found = service.read(experiment_id)
    assert found["state"] == "paused"
    assert found["message"].startswith(
        "paused: trial 2 has other images (cccccccccccc) than the experiment's first run"
    )


def test_the_trial_is_not_blamed_and_its_run_waits_for_the_data(service: Service) -> None:
    """Not even with a single attempt allowed: it is no fault of the configuration."""
    experiment_id = service.create(baseline=BASELINE, parallelism=1, max_attempts=1)
    service.settle()
    [job] = service.active()
    service.tell_data(job)
    service.report(job, 1)
    service.cluster.exit(job, 75)
    service.settle()
    [second] = service.active()
    assert service.tell_data(second, images=OTHERS).status_code == 409
    service.cluster.exit(second, ExitCode.OTHER_DATA, log="podium: trial 1 has other images")
    service.settle()
    trial = service.read(f"{experiment_id}/trials/1")
    assert (service.active(), trial["state"], trial["runs"][0]["reached_epoch"]) == ([], "running", 1)
    assert trial["runs"][0]["attempts"][1]["end_reason"] == "other data"
    assert trial["explanation"] == (
        "was preempted once, which cost the trial nothing; found other images than the first run's once, which cost "
        "the trial nothing; attempt 3 will continue from epoch 1"
    )
    assert service.cluster.events[-1][1].reason == "OtherData"

    service.http.post(f"{API}/experiments/{experiment_id}/resume")
    service.clock.advance(600)
    service.settle()
    [third] = service.active()
    assert service.tell_data(third).status_code == 204
    for epoch in (2, 3, 4):
        service.report(third, epoch, value=0.9)
    trial = service.read(f"{experiment_id}/trials/1")
    assert (trial["state"], trial["value"]) == ("completed", 0.9)


def test_a_script_that_ends_with_that_code_and_told_of_no_data_has_a_bug(service: Service) -> None:
    experiment_id = service.create(baseline=BASELINE, parallelism=1, max_attempts=1)
    service.settle()
    [job] = service.active()
    service.cluster.exit(job, ExitCode.OTHER_DATA)
    service.settle()
    trial = service.read(f"{experiment_id}/trials/1")
    [attempt] = trial["runs"][0]["attempts"]
    assert (trial["state"], attempt["end_reason"]) == ("failed", "bug")
    assert attempt["detail"].startswith("failed with exit code 67, and never told what it trains on; ")


def test_of_two_that_come_at_once_one_is_first(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment_id = service.create(parallelism=2)
    service.settle()
    quicker, slower = service.active()
    lock = store.lock_attempt

    def overtaken(session: Session, job: str) -> AttemptRow:
        found = lock(session, job)
        monkeypatch.setattr(store, "lock_attempt", lock)
        assert service.tell_data(quicker).status_code == 204
        return found

    monkeypatch.setattr(store, "lock_attempt", overtaken)
    assert service.tell_data(slower, images=OTHERS).status_code == 409
    assert service.read(experiment_id)["data"] == {"images": IMAGES, "held_out": HELD_OUT}


def test_a_superseded_attempt_says_nothing(service: Service) -> None:
    experiment_id = service.create(parallelism=1)
    service.settle()
    [first] = service.active()
    service.cluster.exit(first, 75)
    service.settle()
    answer = service.tell_data(first)
    assert (answer.status_code, answer.json()["error"]) == (409, "Superseded")
    assert service.read(experiment_id)["data"] is None


def test_what_is_no_digest_is_422(service: Service) -> None:
    service.create(parallelism=1)
    service.settle()
    [job] = service.active()
    assert service.tell_data(job, images="all of them").status_code == 422
