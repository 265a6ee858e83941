"""Whose checkpoints stay: the rule at work, on a disk and on an object store, whatever is killed meanwhile."""

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from controller import artifacts
from controller.leftovers import leftovers
from controller.plan import JobPhase
from controller.retention import STRAGGLERS
from tests.controller.stores import Stores, trained_in_turn
from tests.service import API, Service


@pytest.fixture(params=["file", "memory"])
def stores(request: pytest.FixtureRequest, service: Service, tmp_path: Path) -> Stores:
    return Stores(service, tmp_path.as_uri() if request.param == "file" else f"memory://{uuid4().hex}")


@pytest.mark.parametrize(("rule", "kept"), [("best", ["t2"]), ("last", ["t1", "t2", "t3"]), ("none", [])])
def test_ended_trials_keep_what_the_rule_says(stores: Stores, rule: str, kept: list[str]) -> None:
    experiment_id = trained_in_turn(stores, [0.5, 0.9, 0.7], checkpoints=rule)
    assert stores.kept(experiment_id) == kept


def test_a_new_best_displaces_the_old_one(stores: Stores) -> None:
    experiment_id = trained_in_turn(stores, [0.5])
    assert stores.kept(experiment_id) == ["t1"]
    [job] = stores.service.active()
    stores.train(job, 0.6)
    stores.settle()
    assert stores.kept(experiment_id) == ["t2"]


def test_of_several_objectives_the_whole_front_stays(stores: Stores) -> None:
    other = [{"metric": "latency", "direction": "minimize"}]
    experiment_id = trained_in_turn(stores, [], other_objectives=other)
    for accuracy, latency in ((0.5, 1.0), (0.9, 5.0), (0.8, 6.0), (0.4, 2.0)):
        stores.settle()
        [job] = stores.service.active()
        stores.train(job, accuracy, latency=latency)
    stores.settle()
    assert stores.kept(experiment_id) == ["t1", "t2"]


def test_paused_trials_keep_theirs_until_the_experiment_ends(stores: Stores) -> None:
    service = stores.service
    experiment_id = service.create(parallelism=1, fidelity={"rungs": {"small": 1, "full": 40}})
    stores.settle()
    [job] = service.active()
    stores.train(job, 0.5)
    stores.settle()
    assert service.read(f"{experiment_id}/trials/1")["state"] == "paused"
    assert stores.kept(experiment_id) == ["t1"]
    service.http.post(f"{API}/experiments/{experiment_id}/pause")
    stores.settle()
    assert stores.kept(experiment_id) == ["t1"], "a paused experiment may go on"
    service.http.post(f"{API}/experiments/{experiment_id}/stop")
    stores.settle()
    assert stores.kept(experiment_id) == ["t1"], "the best at the highest rung that was reached"


@pytest.mark.parametrize(("direction", "best"), [("maximize", "t2"), ("minimize", "t1")])
def test_before_any_full_training_the_best_at_the_highest_rung_stays(stores: Stores, direction: str, best: str) -> None:
    service = stores.service
    experiment_id = service.create(
        parallelism=1,
        fidelity={"rungs": {"small": 1, "full": 40}},
        objective={"metric": "val_accuracy", "direction": direction},
    )
    for value in (0.5, 0.9, 0.7):
        stores.settle()
        [job] = service.active()
        assert service.assignment(job)["to_epoch"] == 1, "none is promoted so early"
        stores.train(job, value)
    stores.settle()
    assert stores.kept(experiment_id) == ["t1", "t2", "t3"]
    service.http.post(f"{API}/experiments/{experiment_id}/stop")
    stores.settle()
    assert stores.kept(experiment_id) == [best]


def test_a_trial_whose_job_is_still_exiting_is_left_alone(stores: Stores) -> None:
    service = stores.service
    experiment_id = trained_in_turn(stores, [], checkpoints="none")
    [job] = service.active()
    folder = stores.folder(job)
    stores.save(folder)
    service.report(job, 1)
    stores.settle()
    assert stores.kept(experiment_id) == ["t1"], "its result is in, and it may still be writing"
    service.cluster.exit(job, 0)
    stores.settle()
    assert stores.kept(experiment_id) == []


def test_the_day_of_the_stragglers_begins_with_the_end_of_the_last_attempt(stores: Stores) -> None:
    service = stores.service
    experiment_id = trained_in_turn(stores, [], checkpoints="none")
    [first] = service.active()
    stores.save(stores.folder(first))
    service.cluster.exit(first, 75)
    service.settle()
    service.clock.advance(STRAGGLERS.total_seconds())
    [second] = service.active()
    token = service.signer.sign(second, service.clock())
    service.cluster.requests[second] = replace(service.cluster.requests[second], token=token)
    assert service.report(second, 1).status_code == 200
    del service.cluster.seen[second]
    assert stores.collector.sweep()
    assert stores.kept(experiment_id) == ["t1"], "its last attempt has not ended in the rows"


def test_a_job_that_outlives_its_attempt_is_waited_for(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    service = stores.service
    experiment_id = trained_in_turn(
        stores, [], checkpoints="none", max_attempts=1, trial={"command": ["true"], "silenceSeconds": 60}
    )
    [job] = service.active()
    stores.save(stores.folder(job))
    service.cluster.shows(job, started_at=service.clock.now)
    with monkeypatch.context() as patch:
        patch.setattr(service.cluster, "delete_job", lambda name: None)  # its grace is long
        service.clock.advance(61)
        stores.settle()
        assert service.read(f"{experiment_id}/trials/1")["state"] == "failed"
        assert service.cluster.seen[job].phase is JobPhase.ACTIVE
        assert stores.kept(experiment_id) == ["t1"]
    stores.settle()
    assert stores.kept(experiment_id) == []


def test_what_a_straggler_wrote_afterwards_goes_a_day_later(stores: Stores) -> None:
    experiment_id = trained_in_turn(stores, [0.5, 0.9])
    straggler = artifacts.trial_folder(stores.url, experiment_id, 1)
    stores.save(straggler)
    stores.settle()
    assert stores.kept(experiment_id) == ["t1", "t2"]
    stores.service.clock.advance(STRAGGLERS.total_seconds())
    stores.settle()
    assert stores.kept(experiment_id) == ["t2"]


def test_a_removal_that_fails_is_tried_again_and_stops_no_other(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed = artifacts.remove

    def resist(url: str) -> None:
        if url.endswith("/t1"):
            raise RuntimeError("as an object store's own error is")
        removed(url)

    with monkeypatch.context() as patch:
        patch.setattr(artifacts, "remove", resist)
        service = stores.service
        experiment_id = service.create(
            parallelism=1, fidelity={"rungs": {"full": 1}}, budget={"cost": 9.0}, checkpoints="none"
        )
        for value in (0.5, 0.6):
            service.settle()
            [job] = service.active()
            stores.train(job, value)
        service.settle()
        assert not stores.collector.sweep()
        assert stores.kept(experiment_id) == ["t1"]
    assert stores.collector.sweep()
    assert stores.kept(experiment_id) == []


def test_a_controller_killed_between_removal_and_mark_loses_nothing(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(*arguments: object) -> None:
        raise Killed

    experiment_id = trained_in_turn(stores, [0.5], checkpoints="best")
    [job] = stores.service.active()
    stores.train(job, 0.9)
    stores.service.settle()
    with monkeypatch.context() as patch:
        patch.setattr("controller.leftovers.mark", die)
        with pytest.raises(Killed):
            stores.collector.sweep()
    stores.settle()
    assert stores.kept(experiment_id) == ["t2"]


def test_a_deleted_experiment_takes_its_checkpoints_along_whenever_it_is_collected(stores: Stores) -> None:
    service = stores.service
    experiment_id = trained_in_turn(stores, [0.5], checkpoints="last")
    service.http.post(f"{API}/experiments/{experiment_id}/stop")
    stores.settle()
    assert service.http.delete(f"{API}/experiments/{experiment_id}").status_code == 204
    assert stores.kept(experiment_id) == ["t1"], "the API removes nothing itself; it may be killed at once"
    stores.settle()
    assert stores.kept(experiment_id) == []
    stores.save(artifacts.trial_folder(stores.url, experiment_id, 1))
    service.clock.advance(STRAGGLERS.total_seconds())
    stores.settle()
    assert stores.kept(experiment_id) == []
    with service.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM deleted_experiments")).scalar_one() == 0


def test_an_experiment_from_before_there_was_a_rule_keeps_everything(stores: Stores) -> None:
    experiment_id = trained_in_turn(stores, [0.5])
    with stores.service.engine.begin() as connection:
        without = "UPDATE experiments SET spec = (spec::jsonb - 'checkpoints')::json"
        connection.execute(text(without))
    [job] = stores.service.active()
    stores.train(job, 0.9)
    stores.settle()
    assert stores.kept(experiment_id) == ["t1", "t2"]


def test_what_is_decided_for_good_is_not_looked_at_again(stores: Stores) -> None:
    service = stores.service
    experiment_id = trained_in_turn(stores, [0.5, 0.9])
    service.http.post(f"{API}/experiments/{experiment_id}/stop")
    stores.settle()
    last_ones = trained_in_turn(stores, [0.5], checkpoints="last")
    service.http.post(f"{API}/experiments/{last_ones}/stop")
    stores.settle()
    service.clock.advance(STRAGGLERS.total_seconds())
    stores.settle()
    with service.sessions() as session:
        assert leftovers(session, now=service.clock(), after=0, limit=9) == []
    assert stores.kept(experiment_id) == ["t2"]
    assert stores.kept(last_ones) == ["t1"]


def test_a_trial_that_finishes_after_its_experiment_was_stopped_may_still_be_the_best(stores: Stores) -> None:
    service = stores.service
    experiment_id = trained_in_turn(stores, [0.5])
    [job] = service.active()
    stores.save(stores.folder(job))
    service.http.post(f"{API}/experiments/{experiment_id}/stop")
    assert stores.collector.sweep()
    assert service.report(job, 1, value=0.9).status_code == 200
    stores.settle()
    assert stores.kept(experiment_id) == ["t2"]


def test_each_trial_is_removed_once_however_often_it_is_looked_at(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    removals: list[str] = []
    monkeypatch.setattr(artifacts, "remove", removals.append)
    trained_in_turn(stores, [0.5, 0.6, 0.7], checkpoints="none")
    for _ in range(3):
        stores.settle()
    assert [url.rsplit("/", 1)[-1] for url in removals] == ["t1", "t2", "t3"]


def test_more_trials_than_a_page_are_all_collected(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.collection.PAGE", 2)
    experiment_id = trained_in_turn(stores, [0.9, 0.1, 0.2, 0.3, 0.4])
    assert stores.kept(experiment_id) == ["t1"]
    with stores.service.engine.begin() as connection:
        connection.execute(text("UPDATE trials SET checkpoints = 'kept'"))
    for number in range(1, 6):
        stores.save(artifacts.trial_folder(stores.url, experiment_id, number))
    assert stores.collector.sweep()
    assert stores.kept(experiment_id) == ["t1"]
