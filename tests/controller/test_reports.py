"""What workers report: counted once, from the attempt that is due, with its token, and only what makes sense."""

from typing import Any

import pytest

from tests.service import API, BASELINE, Service


def test_a_report_sent_three_times_counts_once(service: Service) -> None:
    experiment_id = service.create(parallelism=1)
    service.settle()
    [job] = service.active()
    answers = [service.report(job, 1, value=0.5) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len({answer.text for answer in answers}) == 1
    assert len(service.read(f"{experiment_id}/trials/1")["measurements"]) == 1


def test_a_report_by_a_superseded_attempt_gets_409_and_changes_nothing(service: Service) -> None:
    experiment_id = service.create(parallelism=1)
    service.settle()
    [first] = service.active()
    service.cluster.exit(first, 75)
    service.settle()
    [second] = service.active()
    before = service.read(f"{experiment_id}/trials/1")
    answer = service.report(first, 1)
    assert (answer.status_code, answer.json()["error"]) == (409, "Superseded")
    assert service.http.get(f"{API}/run", headers=service.token(first)).status_code == 409
    assert service.read(f"{experiment_id}/trials/1") == before
    assert service.report(second, 1).status_code == 200


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"epoch": 1, "metrics": {"loss": 1.0}, "seconds": 1}, "ObjectiveMissing"),
        ({"epoch": 5, "metrics": {"val_accuracy": 1.0}, "seconds": 1}, "InvalidRequest"),
        ({"epoch": 0, "metrics": {"val_accuracy": 1.0}, "seconds": 1}, "InvalidRequest"),
        ({"epoch": 1, "metrics": {}, "seconds": 1}, "InvalidRequest"),
        ({"epoch": True, "metrics": {"val_accuracy": 1.0}, "seconds": 1}, "InvalidRequest"),
        ({"epoch": 1, "metrics": {"val_accuracy": 1.0}, "seconds": -1}, "InvalidRequest"),
        ({"epoch": 1, "metrics": {"val_accuracy": 1.0}, "seconds": 1e12}, "InvalidRequest"),  # it was milliseconds
        ({"epoch": 1, "metrics": {"val_accuracy": 1.0}, "seconds": 1, "more": 1}, "InvalidRequest"),
    ],
)
def test_a_report_that_is_no_use_is_422_and_changes_nothing(service: Service, body: Any, error: str) -> None:
    experiment_id = service.create(baseline=BASELINE, parallelism=1)
    service.settle()
    [job] = service.active()
    answer = service.http.post(f"{API}/run/measurements", headers=service.token(job), json=body)
    assert (answer.status_code, answer.json()["error"]) == (422, error)
    assert service.read(f"{experiment_id}/trials/1")["measurements"] == []


def test_nan_is_refused_wherever_it_hides(service: Service) -> None:
    service.create(parallelism=1)
    service.settle()
    [job] = service.active()
    body = b'{"epoch": 1, "metrics": {"val_accuracy": NaN}, "seconds": 1}'
    headers = service.token(job) | {"Content-Type": "application/json"}
    assert service.http.post(f"{API}/run/measurements", headers=headers, content=body).status_code == 422


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer x"}, {"Authorization": "Basic x"}])
def test_without_its_run_token_a_worker_gets_nothing(service: Service, header: dict[str, str]) -> None:
    assert service.http.get(f"{API}/run", headers=header).status_code == 401
    body = {"epoch": 1, "metrics": {"val_accuracy": 1.0}, "seconds": 1}
    assert service.http.post(f"{API}/run/measurements", headers=header, json=body).status_code == 401


def test_an_expired_token_is_refused(service: Service) -> None:
    service.create(parallelism=1)
    service.settle()
    [job] = service.active()
    service.clock.advance(3601)
    answer = service.report(job, 1)
    assert (answer.status_code, answer.json()["error"]) == (401, "TokenExpired")
