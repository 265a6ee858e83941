"""Cursor pages: nothing lost or twice while rows arrive, and no cursor but ours."""

import base64
import json
from typing import Any

import httpx2
import pytest

from podium.blocking.experiment import Experiment
from podium.client import PodiumClient
from tests.service import API, Service

STRANGE = ["x", "", "====", "\u00e9", "a\0b"]
PLAIN: list[object] = [
    True,
    -1,
    2**63,
    2**4000,
    1.5,
    {},
    [],
    [[]],
    ["2026", "a", "b"],
    ["none", "a"],
    ["2026-01-01", "a"],
]
OF_EXPERIMENT = ["trials", "runs", "attempts", "records", "measurements"]
LISTS = ["experiments", "projects", *(f"experiments/{{id}}/{each}" for each in OF_EXPERIMENT)]


def cursor_of(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@pytest.mark.parametrize("path", LISTS)
def test_a_cursor_that_is_none_of_ours_is_refused_with_the_remedy(service: Service, path: str) -> None:
    address = f"{API}/{path.format(id=service.create())}"
    for cursor in [*STRANGE, *map(cursor_of, PLAIN)]:
        answer = service.http.get(address, params={"cursor": cursor})
        assert answer.status_code == 422, cursor
        assert "cursor" in answer.text


def test_one_of_another_list_is_refused(service: Service) -> None:
    experiment_id = service.create()
    numbered = cursor_of(1)
    moment = cursor_of(["2026-01-01T00:00:00+00:00", "a"])
    assert service.http.get(f"{API}/experiments", params={"cursor": numbered}).status_code == 422
    trials = service.http.get(f"{API}/experiments/{experiment_id}/trials", params={"cursor": moment})
    assert trials.status_code == 422


def test_experiments_that_arrive_between_pages_move_none(service: Service) -> None:
    there = [service.create() for _ in range(5)]
    seen: list[str] = []
    cursor = None
    while True:
        asked = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = service.http.get(f"{API}/experiments", params=asked).json()
        seen += [each["id"] for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        service.create()
    assert seen == there[::-1]


@pytest.mark.parametrize("path", OF_EXPERIMENT)
def test_rows_of_an_experiment_that_arrive_between_pages_come_at_the_end(service: Service, path: str) -> None:
    """And rows that change meanwhile stay in their places."""
    experiment_id = service.create(parallelism=2)
    service.settle()
    seen: list[str] = []
    cursor = None
    for _ in range(20):
        page = service.read(f"{experiment_id}/{path}?limit=1" + (f"&cursor={cursor}" if cursor else ""))
        seen += [key_of(each) for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        if len(seen) < 3:
            service.finish(service.active()[0])
            service.settle()
    assert seen == [key_of(each) for each in service.read(f"{experiment_id}/{path}")["items"]]
    assert len(set(seen)) == len(seen) == 4


def key_of(item: Any) -> str:
    """Return what tells an item from the others of its list."""
    return str(item.get("job") or item.get("number") or item["trial"]["number"])


def test_all_measurements_come_by_the_page_and_are_those_of_each_trial(service: Service) -> None:
    experiment_id = service.create(parallelism=2)
    service.settle()
    for job in service.active():
        service.finish(job)
    service.settle()
    first = service.read(f"{experiment_id}/measurements?limit=1")
    rest = service.read(f"{experiment_id}/measurements?cursor={first['next_cursor']}")
    told = {each["number"]: each["measurements"] for each in first["items"] + rest["items"]}
    assert told == {number: service.read(f"{experiment_id}/trials/{number}")["measurements"] for number in told}
    assert [bool(told[number]) for number in sorted(told)] == [True, True, False, False]


def test_a_frame_of_measurements_takes_a_request_for_hundreds_of_trials(service: Service) -> None:
    experiment_id = service.create(parallelism=3)
    service.settle()
    service.finish(service.active()[0])
    asked: list[str] = []

    def through(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.path)
        answer = service.http.request(request.method, str(request.url))
        return httpx2.Response(answer.status_code, content=answer.content)

    with PodiumClient("http://testserver", transport=httpx2.MockTransport(through)) as client:
        frame = Experiment(client, client.experiment(experiment_id)).to_pandas("measurements")
    assert asked == [f"{API}/experiments/{experiment_id}", f"{API}/experiments/{experiment_id}/measurements"]
    assert list(frame["epoch"]) == list(range(1, len(frame) + 1))
    assert {"trial", "attempt", "seconds", "val_accuracy"} <= set(frame.columns)
