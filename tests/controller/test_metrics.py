"""What Prometheus is told: rows counted at each scrape, what a process measures of itself, and its probes."""

import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from controller.cluster import JobRefused
from controller.counted_cluster import CountedCluster
from controller.database import open_engine, open_sessions
from controller.jobs import JobRequest
from controller.meters import meters_of
from controller.plan import JobPhase, SeenJob
from controller.probes import Probes, probed
from controller.pulse import STUCK_SECONDS, Pulse, Wake
from podium.taxonomy import EndReason
from tests.chart.test_monitoring import asked_for
from tests.service import API, FakeCluster, Service

GPUS = {"limits": {"nvidia.com/gpu": 2}}
PRICED = {"command": ["true"], "resources": GPUS, "pricePerHour": 3.0}


def scrape(service: Service) -> Mapping[str, float]:
    """Return the API's samples, by name and labels as they are written."""
    answer = service.http.get("/metrics")
    assert answer.status_code == 200
    return samples(answer.text)


def samples(text: str) -> Mapping[str, float]:
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def test_states_and_ends_are_counted_and_what_never_happened_is_zero(service: Service) -> None:
    service.create(parallelism=1, max_attempts=1)
    service.settle()
    [job] = service.active()
    service.cluster.exit(job, 75)
    service.settle()
    [job] = service.active()
    service.finish(job)
    service.settle()
    told = scrape(service)
    assert told["podium_database_up{}"] == 1
    assert told["podium_experiments{state=running}"] == 1
    assert told["podium_trials{state=running}"] == 1
    assert told["podium_runs_ended_total{reason=succeeded}"] == 1
    assert told["podium_runs_ended_total{reason=preempted}"] == 0, "an attempt was, and its run went on"
    assert told["podium_attempts_ended_total{reason=preempted}"] == 1
    assert told["podium_attempts_ended_total{reason=bad node}"] == 0


def test_a_queue_wait_counts_from_an_attempts_turn_to_its_process(service: Service) -> None:
    service.create(parallelism=1)
    service.settle()
    [job] = service.active()
    service.clock.advance(45)
    service.cluster.shows(job, started_at=service.clock.now)
    service.settle()
    told = scrape(service)
    assert told["podium_queue_wait_seconds_bucket{le=30.0}"] == 0
    assert told["podium_queue_wait_seconds_bucket{le=60.0}"] == 1
    assert told["podium_queue_wait_seconds_bucket{le=+Inf}"] == told["podium_queue_wait_seconds_count{}"] == 1
    assert told["podium_queue_wait_seconds_sum{}"] == pytest.approx(45, abs=0.1)


def test_the_pause_before_a_retry_is_no_queue_wait(service: Service) -> None:
    service.create(parallelism=1)
    for _ in range(3):
        service.settle()
        [job] = service.active()
        service.cluster.exit(job, 75)
        service.settle()
        service.clock.advance(30)
    service.settle()
    [job] = service.active()
    service.cluster.shows(job, started_at=service.clock.now)
    service.settle()
    told = scrape(service)
    assert told["podium_queue_wait_seconds_count{}"] == 1
    assert told["podium_queue_wait_seconds_sum{}"] < 29


def test_accelerator_hours_and_money_count_from_a_pods_start_to_its_end(service: Service) -> None:
    experiment = service.create(parallelism=1, trial=PRICED)
    service.settle()
    [job] = service.active()
    service.clock.advance(1000)
    waiting = service.read(experiment)["progress"]
    assert (waiting["accelerator_hours"], waiting["money"]) == (0, 0), "a Pod that waits holds nothing"
    service.cluster.shows(job, started_at=service.clock.now)
    service.settle()
    service.clock.advance(1800)
    running = service.read(experiment)["progress"]
    assert running["accelerator_hours"] == pytest.approx(1.0, abs=1e-3)
    assert running["money"] == pytest.approx(1.5, abs=1e-3)
    service.finish(job)
    service.settle()
    service.clock.advance(7200)
    progress = service.read(experiment)["progress"]
    assert progress["accelerator_hours"] == pytest.approx(1.0, abs=1e-3), "and the next Pod only waits"
    told = scrape(service)
    assert told[f"podium_accelerator_hours_total{{experiment={experiment}}}"] == pytest.approx(1.0, abs=1e-3)
    assert told[f"podium_money_total{{experiment={experiment}}}"] == pytest.approx(1.5, abs=1e-3)


def test_without_prices_there_is_no_money(service: Service) -> None:
    experiment = service.create(parallelism=1)
    service.settle()
    [job] = service.active()
    service.finish(job)
    service.settle()
    assert service.read(experiment)["progress"]["money"] is None
    assert f"podium_money_total{{experiment={experiment}}}" not in scrape(service)


def test_an_experiments_spending_is_told_for_a_day_after_its_end(service: Service) -> None:
    experiment = service.create(parallelism=1)
    service.http.post(f"{API}/experiments/{experiment}/stop")
    service.settle()
    name = f"podium_accelerator_hours_total{{experiment={experiment}}}"
    assert name in scrape(service)
    service.clock.advance(25 * 3600)
    assert name not in scrape(service)


def test_avoided_nodes_are_named(service: Service) -> None:
    service.fail_on("broken")
    told = {name: value for name, value in scrape(service).items() if name.startswith("podium_nodes_avoided")}
    assert told == {"podium_nodes_avoided{node=broken}": 1}


def test_a_scrape_without_the_database_says_so_and_still_tells_the_rest(tmp_path: Path) -> None:
    nowhere = open_engine("postgresql://127.0.0.1:1/none")
    away = Service(nowhere, open_sessions(nowhere), artifacts=tmp_path)
    with TestClient(away.app) as away.http:
        told = scrape(away)
    assert told["podium_database_up{}"] == 0
    assert "podium_reconcile_seconds_count{}" in told
    assert not any(name.startswith("podium_experiments") for name in told)


def test_reports_are_timed_by_their_answers_and_nothing_else_is(service: Service) -> None:
    service.create(parallelism=1)
    service.settle()
    [job] = service.active()
    service.report(job, 1)
    service.report(job, 0)
    told = scrape(service)
    assert told["podium_report_seconds_count{code=200}"] == 1
    assert told["podium_report_seconds_count{code=422}"] == 1
    assert 0 < told["podium_report_seconds_sum{code=200}"] < 60


def test_suggestions_are_timed(service: Service) -> None:
    service.create(parallelism=2)
    service.settle()
    assert scrape(service)["podium_suggestion_seconds_count{}"] >= 2


def test_a_job_is_counted_once_however_often_it_is_asked_for(service: Service) -> None:
    cluster, registry = FakeCluster(), CollectorRegistry()
    counted = CountedCluster(cluster, meters_of(registry))
    service.create(parallelism=1)
    service.settle()
    [request] = service.cluster.requests.values()
    for _ in range(2):
        counted.create_job(request)
        assert list(counted.jobs()) == [request.name]
    assert registry.get_sample_value("podium_jobs_created_total") == 1
    for _ in range(2):
        counted.delete_job(request.name)
        cluster.seen[request.name] = SeenJob(name=request.name, phase=JobPhase.ACTIVE)  # its grace is long
        counted.jobs()
    assert registry.get_sample_value("podium_jobs_deleted_total") == 1
    counted.delete_job("another")
    assert registry.get_sample_value("podium_jobs_deleted_total") == 1


def test_a_refused_job_is_counted_and_still_refused(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(cluster: FakeCluster, request: JobRequest) -> None:
        raise JobRefused("no quota")

    service.create(parallelism=1)
    service.settle()
    [request] = service.cluster.requests.values()
    monkeypatch.setattr(FakeCluster, "create_job", refuse)
    registry = CollectorRegistry()
    counted = CountedCluster(FakeCluster(), meters_of(registry))
    with pytest.raises(JobRefused):
        counted.create_job(request)
    assert registry.get_sample_value("podium_jobs_refused_total") == 1
    assert registry.get_sample_value("podium_jobs_created_total") == 0


class Ticks:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_lag_counts_from_the_first_wake_up() -> None:
    ticks = Ticks()
    wake = Wake(ticks)
    assert wake.clear() is None
    wake.set()
    ticks.now += 2
    wake.set()
    ticks.now += 1
    assert wake.clear() == 3
    assert wake.clear() is None


def test_a_failed_pass_is_timed_and_does_not_count_as_finished() -> None:
    registry = CollectorRegistry()
    pulse = Pulse(meters_of(registry))
    with pytest.raises(ArithmeticError), pulse.passing(0.5):
        raise ArithmeticError
    assert registry.get_sample_value("podium_reconcile_seconds_count") == 1
    assert registry.get_sample_value("podium_reconcile_lag_seconds_sum") == 0.5
    assert registry.get_sample_value("podium_reconcile_last_pass_timestamp_seconds") == 0
    with pulse.passing(None):
        pass
    assert registry.get_sample_value("podium_reconcile_lag_seconds_count") == 1
    finished = registry.get_sample_value("podium_reconcile_last_pass_timestamp_seconds")
    assert finished is not None
    assert finished > 1e9


def test_a_loop_that_waits_its_turn_is_alive_and_one_that_hangs_is_not() -> None:
    ticks = Ticks()
    pulse = Pulse(meters_of(CollectorRegistry()), ticks)
    pulse.turned(30.0)
    ticks.now += 30 + STUCK_SECONDS
    assert pulse.is_beating()
    ticks.now += 1
    assert not pulse.is_beating()
    pulse.turned(0.0)
    assert pulse.is_beating()


@pytest.mark.parametrize("answers", [True, False])
def test_probes_answer_as_the_process_stands(answers: bool) -> None:
    registry = CollectorRegistry()
    meters_of(registry)
    probes = Probes(is_healthy=lambda: answers, is_ready=lambda: answers, registry=registry)
    with probed("127.0.0.1", 0, probes) as port:
        for path in ("/healthz", "/readyz"):
            assert get(port, path)[0] == (200 if answers else 503)
        status, text = get(port, "/metrics")
        assert status == 200
        assert samples(text)["podium_reconciler_active{}"] == 0
        assert get(port, "/else")[0] == 404


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_dashboard_and_alerts_ask_for_nothing_that_is_not_told(service: Service) -> None:
    service.create(parallelism=1, trial=PRICED)
    service.settle()
    [job] = service.active()
    service.report(job, 1)
    told = {name.partition("{")[0] for name in scrape(service)}
    announced = set(re.findall(r"^# TYPE (\S+)", service.http.get("/metrics").text, re.MULTILINE))
    assert asked_for() <= told | announced  # no node is avoided here, but it would be told


def test_every_end_has_a_series_from_the_start(service: Service) -> None:
    told = scrape(service)
    for reason in EndReason:
        assert told[f"podium_runs_ended_total{{reason={reason}}}"] == 0
