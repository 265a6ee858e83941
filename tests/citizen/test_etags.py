"""What is polled has a tag, and is not sent twice."""

import pytest

from controller.api.etags import matches
from tests.service import API, Service


@pytest.mark.parametrize("path", ["", "/{id}", "/{id}/trials", "/{id}/trials/1", "/{id}/runs", "/{id}/trials.csv"])
def test_the_same_answer_is_not_sent_twice(service: Service, path: str) -> None:
    experiment_id = service.create(parallelism=1)
    service.settle()
    address = f"{API}/experiments{path.format(id=experiment_id)}"
    first = service.http.get(address)
    again = service.http.get(
        address, headers={"If-None-Match": f'"other", W/{first.headers["ETag"].removeprefix("W/")}'}
    )
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert "content-length" not in again.headers
    assert "Authorization" in first.headers["Vary"]


def test_what_has_changed_is_sent_under_another_tag(service: Service) -> None:
    experiment_id = service.create(parallelism=1)
    service.settle()
    address = f"{API}/experiments/{experiment_id}/trials"
    first = service.http.get(address)
    service.finish(service.active()[0])
    service.settle()
    second = service.http.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert second.status_code == 200
    assert second.headers["ETag"] != first.headers["ETag"]


def test_an_error_has_no_tag(service: Service) -> None:
    answer = service.http.get(f"{API}/experiments/none", headers={"If-None-Match": "*"})
    assert (answer.status_code, "ETag" in answer.headers) == (404, False)


def test_tags_match_weakly() -> None:
    assert matches('"b", W/"a"', '"a"')
    assert matches("*", '"a"')
    assert matches('"a"', 'W/"a"')
    assert not matches("", '"a"')
    assert not matches('"aa"', '"a"')
