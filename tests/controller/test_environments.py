"""What attempts are trained with and on, as their processes tell it, and as people read it."""

from typing import Any

import pytest

from tests.service import API, Service

TOLD: dict[str, Any] = {
    "python": "3.11.7",
    "podium": "0.1.0",
    "libraries": {"torch": "2.9.0", "torchvision": "0.24.0"},
    "system": "Linux x86_64",
    "device": "NVIDIA A100-SXM4-80GB",
}


def tell(service: Service, job: str, **changes: Any) -> Any:
    return service.http.post(f"{API}/run/environment", headers=service.token(job), json=TOLD | changes)


@pytest.fixture
def told(service: Service) -> str:
    """An experiment of four attempts: two told the same, one another torch, and one, of an older worker, nothing."""
    experiment_id = service.create(parallelism=4, baseline=None)
    service.settle()
    first, second, third, fourth = service.active()
    for job in (first, second):
        assert tell(service, job).status_code == 204
    tell(service, third, libraries={"torch": "2.10.0"})
    for job in (first, second, third, fourth):
        service.report(job, 1)
    return experiment_id


def test_it_is_kept_with_the_attempt_and_the_latest_word_counts(service: Service) -> None:
    experiment_id = service.create(parallelism=1)
    service.settle()
    [job] = service.active()
    assert service.read(f"{experiment_id}/attempts")["items"][0]["environment"] is None
    for device in ("a processor", "another"):
        tell(service, job, device=device)
    assert service.read(f"{experiment_id}/attempts")["items"][0]["environment"] == TOLD | {"device": "another"}


def test_the_report_counts_attempts_by_what_they_told(service: Service, told: str) -> None:
    [arm] = service.http.get(f"{API}/reports", params={"experiment": told}).json()["arms"]
    found = arm["provenance"]["environments"]
    assert [(each["environment"]["libraries"]["torch"], each["attempts"]) for each in found] == [
        ("2.9.0", 2),
        ("2.10.0", 1),
    ]
    assert arm["provenance"]["untold_attempts"] == 1
    assert "Its attempts were trained with 2 sets of versions: how it was run lists them" in arm["remarks"]


@pytest.mark.parametrize("form", ["html", "markdown"])
def test_people_read_it_in_the_report(service: Service, told: str, form: str) -> None:
    text = service.http.get(f"{API}/reports", params={"experiment": told, "format": form}).text.replace("\\_", "_")
    with_old = "Podium 0.1.0, Python 3.11.7, torch 2.9.0, torchvision 0.24.0 on Linux x86_64, NVIDIA A100-SXM4-80GB"
    assert f"{with_old} (2 attempts)" in text
    assert "torch 2.10.0 on" in text
    assert "not told by 1 attempt" in text


def test_people_read_it_on_the_trials_page(service: Service, told: str) -> None:
    page = service.http.get(f"/experiments/{told}/trials/1").text
    assert "torch 2.9.0, torchvision 0.24.0 on Linux x86_64, NVIDIA A100-SXM4-80GB" in page
    assert "Python" not in service.http.get(f"/experiments/{told}/trials/4").text


def test_what_has_ended_is_told_so_and_what_is_no_name_is_refused(service: Service) -> None:
    service.create(parallelism=1)
    service.settle()
    [job] = service.active()
    assert tell(service, job, device="an\x1b[31m escape").status_code == 422
    assert tell(service, job, device="x" * 201).status_code == 422
    service.cluster.exit(job, 75)
    service.settle()
    assert tell(service, job).json()["error"] == "Superseded"


def test_the_report_names_the_cluster_and_says_of_what_was_trained_on_none(service: Service) -> None:
    here, elsewhere = service.create(parallelism=1), service.create(trial={"external": True}, baseline=None)
    service.settle()
    told = service.http.get(f"{API}/reports", params={"experiment": [here, elsewhere]}).json()["arms"]
    assert [arm["provenance"]["clusters"] for arm in told] == [
        ["a cluster of the tests"],
        ["trained elsewhere, by who asked for it"],
    ]
