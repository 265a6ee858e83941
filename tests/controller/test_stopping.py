"""A trial or an experiment that a person stops: at once where nothing trains, else at the next report."""

from controller.plan import Wait, WaitsFor
from tests.service import API, BASELINE, Service


def test_a_stopped_trial_keeps_what_it_reached(service: Service) -> None:
    experiment_id = service.create(baseline=BASELINE, parallelism=1)
    service.settle()
    [job] = service.active()
    assert service.report(job, 1).json() == {"verdict": "continue"}
    assert service.http.post(f"{API}/experiments/{experiment_id}/trials/1/stop").status_code == 200
    answer = service.report(job, 2, value=0.6)
    assert answer.json() == {"verdict": "stop"}
    assert service.report(job, 2, value=0.6).json() == {"verdict": "stop"}, "also when it is sent again"
    trial = service.read(f"{experiment_id}/trials/1")
    assert (trial["state"], trial["reached_epoch"], trial["value"]) == ("stopped", 2, 0.6)
    assert service.http.post(f"{API}/experiments/{experiment_id}/trials/1/stop").status_code == 409


def test_stopping_an_experiment_keeps_what_its_runs_reported(service: Service) -> None:
    experiment_id = service.create(baseline=BASELINE, parallelism=1)
    service.settle()
    [job] = service.active()
    service.report(job, 1, value=0.4)
    service.http.post(f"{API}/experiments/{experiment_id}/stop")
    service.settle()
    trial = service.read(f"{experiment_id}/trials/1")
    assert (trial["state"], trial["reached_epoch"], trial["value"]) == ("stopped", 1, 0.4)
    assert service.cluster.seen == {}


def test_a_trial_that_was_to_stop_is_not_started_again(service: Service) -> None:
    experiment_id = service.create(baseline=BASELINE, parallelism=1)
    service.settle()
    [job] = service.active()
    service.report(job, 1, value=0.4)
    service.http.post(f"{API}/experiments/{experiment_id}/trials/1/stop")
    service.cluster.exit(job, 75)
    service.settle()
    trial = service.read(f"{experiment_id}/trials/1")
    assert (trial["state"], trial["value"]) == ("stopped", 0.4)
    assert len(trial["runs"][0]["attempts"]) == 1


def test_a_trial_that_waits_for_its_retry_stops_at_once(service: Service) -> None:
    experiment_id = service.create(baseline=BASELINE, parallelism=1)
    service.settle()
    for _ in range(2):
        [job] = service.active()
        service.cluster.exit(job, 75)
        service.settle()
    assert service.active() == [], "its second fruitless end makes it wait"
    service.http.post(f"{API}/experiments/{experiment_id}/trials/1/stop")
    service.settle()
    assert service.read(f"{experiment_id}/trials/1")["state"] == "stopped"


def test_a_trial_whose_job_waits_for_a_node_stops_at_once(service: Service) -> None:
    experiment_id = service.create(baseline=BASELINE, parallelism=1)
    service.settle()
    [job] = service.active()
    wait = Wait(what=WaitsFor.NODE, since=service.clock.now, words="0/3 nodes are available")
    service.cluster.shows(job, wait=wait)
    service.settle()
    service.http.post(f"{API}/experiments/{experiment_id}/trials/1/stop")
    service.settle()
    assert job not in service.cluster.seen
    trial = service.read(f"{experiment_id}/trials/1")
    assert (trial["state"], len(trial["runs"][0]["attempts"])) == ("stopped", 1)


def test_a_trial_that_has_been_heard_stops_at_its_next_report(service: Service) -> None:
    experiment_id = service.create(baseline=BASELINE, parallelism=1)
    service.settle()
    [job] = service.active()
    service.report(job, 1, value=0.4)
    service.cluster.shows(job, wait=Wait(what=WaitsFor.NODE, since=service.clock.now, words="0/3 nodes"))
    service.settle()
    service.http.post(f"{API}/experiments/{experiment_id}/trials/1/stop")
    service.settle()
    assert job in service.cluster.seen
    assert service.report(job, 2, value=0.6).json() == {"verdict": "stop"}
