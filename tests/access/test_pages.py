"""What pages show to whom: nobody is offered a button that he may not press."""

import pytest

from tests.access.doors import ADMIN, MINE, THEIRS, kinds, make_experiment, sign_in
from tests.service import API, Service

VERBS = ("pause", "resume", "stop", "change")


def enter(service: Service, who: dict[str, str]) -> None:
    service.http.cookies.clear()
    assert sign_in(service, who["Authorization"].removeprefix("Bearer ")).status_code == 303


@pytest.mark.parametrize(("kind", "edits", "administers"), [("viewer", 0, 0), ("editor", 1, 0), ("admin", 1, 1)])
def test_buttons_are_those_of_the_role(closed: Service, kind: str, edits: bool, administers: bool) -> None:
    enter(closed, kinds(closed)[kind])
    experiment_id = make_experiment(closed)
    closed.settle()
    home, page = closed.http.get("/").text, closed.http.get(f"/experiments/{experiment_id}").text
    trial = closed.http.get(f"/experiments/{experiment_id}/trials/1").text
    now = closed.http.get(f"/parts/experiments/{experiment_id}/now").text
    assert ('href="/new"' in home, 'href="/new"' in page) == (edits, edits)
    assert [f"/experiments/{experiment_id}/{verb}" in page for verb in VERBS] == [edits] * len(VERBS)
    assert ('id="do-pause"' in page, 'id="do-pause"' in now, 'id="do-stop"' in now) == (edits, edits, edits)
    assert ("/trials/1/stop" in trial, 'id="do-stop"' in trial) == (edits, edits)
    assert ('href="/audit"' in home, "All of it, and from where" in page) == (administers, administers)
    assert f", {kind}</span>" in home


def test_who_changed_what_is_on_the_experiments_page_and_from_where_for_admins(closed: Service) -> None:
    who = kinds(closed)
    experiment_id = make_experiment(closed, parallelism=2)
    at = f"{API}/experiments/{experiment_id}"
    assert closed.http.patch(at, json={"parallelism": 7}, headers=who["editor"]).status_code == 200
    enter(closed, who["viewer"])
    page = closed.http.get(f"/experiments/{experiment_id}").text
    assert "an-editor: experiment changed, {&#34;parallelism&#34;: 2} to {&#34;parallelism&#34;: 7}" in page
    assert "testclient" not in page
    enter(closed, who["admin"])
    changes = closed.http.get("/audit", params={"experiment": experiment_id}).text
    assert changes.count("<td>testclient</td>") == 2
    assert "a-viewer" in closed.http.get("/audit").text


def test_a_comparison_or_report_with_one_experiment_of_another_project_is_none(closed: Service) -> None:
    who = kinds(closed)
    mine, theirs = make_experiment(closed, MINE), make_experiment(closed, THEIRS, name="not-yours")
    enter(closed, who["viewer"])
    for path in ("/compare", "/parts/compare", "/report", "/data/overlay"):
        assert closed.http.get(path, params={"id": [mine, mine]}).status_code == 200, path
        answer = closed.http.get(path, params={"id": [mine, theirs]})
        assert answer.status_code == 404, path
    asked = {"experiment": [mine, theirs]}
    assert closed.http.get(f"{API}/reports", params=asked, headers=who["viewer"]).status_code == 404
    assert closed.http.get(f"{API}/reports", params=asked, headers=ADMIN).status_code == 200
    listed = closed.http.get("/parts/experiments").text
    assert (mine in listed, theirs in listed, "not-yours" in listed) == (True, False, False)
