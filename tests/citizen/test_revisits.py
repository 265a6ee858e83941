"""Lists that are polled tell from a hash of their rows that nothing has changed, and hide nothing that has."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event, text

from controller.plan import Wait, WaitsFor
from tests.service import API, Service

LISTS = ["trials", "runs", "attempts"]
Change = Callable[[Service, str], object]


def started(service: Service) -> tuple[str, str]:
    """Return an experiment and its Job that is in flight."""
    experiment_id = service.create(parallelism=1)
    service.settle()
    return experiment_id, service.active()[0]


def a_report(service: Service, job: str) -> None:
    service.report(job, 1)


def a_part_of_an_epoch(service: Service, job: str) -> None:
    service.progress(job, 1, 0.4, loss=0.7)


def a_pod_that_waits(service: Service, job: str) -> None:
    wait = Wait(what=WaitsFor.NODE, since=service.clock.now, words="no node has room")
    service.cluster.shows(job, wait=wait)
    service.settle()


def an_end(service: Service, job: str) -> None:
    service.finish(job)
    service.settle()


def a_failure(service: Service, job: str) -> None:
    service.cluster.exit(job, 1, log="Traceback: no such file")
    service.settle()


CHANGES: list[tuple[str, Change]] = [
    ("runs", a_report),
    ("runs", a_part_of_an_epoch),
    ("runs", a_pod_that_waits),
    ("runs", a_failure),
    ("runs", an_end),
    ("attempts", a_part_of_an_epoch),
    ("attempts", a_failure),
    ("trials", an_end),
]


@pytest.mark.parametrize(("path", "change"), CHANGES)
def test_whatever_changes_a_list_is_sent(service: Service, path: str, change: Change) -> None:
    experiment_id, job = started(service)
    address = f"{API}/experiments/{experiment_id}/{path}"
    before = service.http.get(address)
    known = {"If-None-Match": before.headers["ETag"]}
    assert service.http.get(address, headers=known).status_code == 304
    change(service, job)
    after = service.http.get(address, headers=known)
    assert (after.status_code, after.headers["ETag"] != before.headers["ETag"]) == (200, True)
    assert after.content != before.content


def test_a_page_changes_by_its_own_rows_alone(service: Service) -> None:
    experiment_id, job = started(service)
    service.finish(job)
    service.settle()
    runs = service.read(f"{experiment_id}/runs?limit=1")
    last = f"{API}/experiments/{experiment_id}/runs?cursor={runs['next_cursor']}"
    known = {"If-None-Match": service.http.get(last).headers["ETag"]}
    with service.engine.begin() as connection:
        connection.execute(text("UPDATE runs SET seconds = 5 WHERE number = 1"))
    assert service.http.get(last, headers=known).status_code == 304
    service.report(service.active()[0], 1)
    assert service.http.get(last, headers=known).status_code == 200


@pytest.mark.parametrize("path", LISTS)
def test_a_list_that_goes_on_now_is_another(service: Service, path: str) -> None:
    """The rows shown are the same, but there is a next page."""
    experiment_id, job = started(service)
    address = f"{API}/experiments/{experiment_id}/{path}?limit=1"
    service.finish(job)
    before = service.http.get(address)
    assert before.json()["next_cursor"] is None
    service.settle()
    after = service.http.get(address, headers={"If-None-Match": before.headers["ETag"]})
    assert (after.status_code, after.json()["next_cursor"] is None) == (200, False)


@pytest.mark.parametrize("path", LISTS)
def test_what_has_not_changed_is_not_read(service: Service, path: str) -> None:
    experiment_id, _ = started(service)
    address = f"{API}/experiments/{experiment_id}/{path}"
    known = {"If-None-Match": service.http.get(address).headers["ETag"]}
    with statements(service) as asked:
        answer = service.http.get(address, headers=known)
    assert (answer.status_code, answer.content, "Authorization" in answer.headers["Vary"]) == (304, b"", True)
    assert sum("md5" in each for each in asked) == 1
    assert len(asked) == 2  # the experiment, and the hash
    assert not [each for each in asked if f"FROM {path}" in each and "md5" not in each]


def test_a_tag_is_the_rows_content_and_outlives_a_copy_of_them(service: Service) -> None:
    """As after a restore: the rows are other versions of themselves, and say the same."""
    experiment_id, _ = started(service)
    address = f"{API}/experiments/{experiment_id}/runs"
    known = {"If-None-Match": service.http.get(address).headers["ETag"]}
    with service.engine.begin() as connection:
        connection.execute(text("UPDATE runs SET seconds = seconds"))
    assert service.http.get(address, headers=known).status_code == 304


@contextmanager
def statements(service: Service) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        seen.append(statement)

    event.listen(service.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(service.engine, "before_cursor_execute", note)
