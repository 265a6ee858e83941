"""Cursor pages: nothing lost or twice while rows arrive, and no cursor but ours."""

import base64
import json

import pytest

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
LISTS = ["experiments", "experiments/{id}/trials", "experiments/{id}/runs", "experiments/{id}/attempts", "projects"]


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


def test_trials_that_arrive_between_pages_come_at_the_end(service: Service) -> None:
    experiment_id = service.create(parallelism=2)
    service.settle()
    first = service.read(f"{experiment_id}/trials?limit=1")
    for job in service.active():
        service.finish(job)
    service.settle()
    rest = service.read(f"{experiment_id}/trials?cursor={first['next_cursor']}")
    numbers = [each["number"] for each in first["items"] + rest["items"]]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) > 2
