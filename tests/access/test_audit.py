"""The trail: every change by a user, with what was before, and nothing that did not happen."""

import contextlib
from collections.abc import Callable
from typing import Any

from tests.access.doors import ADMIN, HERE, MINE, bearer, make_experiment, make_project, make_token, sign_in
from tests.builders import spec_document
from tests.service import API, Service


def trail(service: Service, **params: Any) -> list[dict[str, Any]]:
    answer = service.http.get(f"{API}/audit", headers=ADMIN, params=params)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def test_every_verb_leaves_one_line_with_who_from_where_old_and_new(closed: Service) -> None:
    make_project(closed, MINE)
    secret = make_token(closed, "ada", "editor", projects=[MINE])
    who = bearer(secret)
    experiment_id = closed.http.post(f"{API}/experiments", json=spec_document(parallelism=1), headers=who).json()["id"]
    closed.settle()
    at = f"{API}/experiments/{experiment_id}"
    for method, path, body in (
        ("POST", f"{at}/trials/1/stop", None),
        ("POST", f"{at}/trials/1/stop", None),  # again: nothing new
        ("PATCH", at, {"parallelism": 3, "budget": {"cost": 6.0}}),
        ("PATCH", at, {"parallelism": 3}),
        ("POST", f"{at}/pause", None),
        ("POST", f"{at}/pause", None),
        ("POST", f"{at}/resume", None),
        ("POST", f"{at}/stop", None),
        ("POST", f"{at}/stop", None),
    ):
        assert closed.http.request(method, path, json=body, headers=who).status_code == 200, path
    closed.settle()
    assert closed.http.delete(at, headers=who).status_code == 204
    [token] = closed.http.get(f"{API}/tokens", headers=ADMIN).json()["items"]
    closed.http.delete(f"{API}/tokens/{token['id']}", headers=ADMIN)

    lines = trail(closed)[::-1]
    assert [(each["who"], each["action"], each["subject"]) for each in lines] == [
        ("bootstrap", "project created", MINE),
        ("bootstrap", "token created", "ada"),
        ("ada", "experiment created", experiment_id),
        ("ada", "trial stopped", experiment_id),
        ("ada", "experiment changed", experiment_id),
        ("ada", "experiment paused", experiment_id),
        ("ada", "experiment resumed", experiment_id),
        ("ada", "experiment stopped", experiment_id),
        ("ada", "experiment deleted", experiment_id),
        ("bootstrap", "token revoked", "ada"),
    ]
    assert {(each["address"], each["token_id"], each["project"]) for each in lines[2:9]} == {
        ("testclient", token["id"], MINE)
    }
    assert lines[4]["old"] == {"budget": {"cost": 4.0}, "parallelism": 1}
    assert lines[4]["new"] == {"budget": {"cost": 6.0}, "parallelism": 3}
    assert lines[2]["new"]["spec"]["name"] == "tiny"
    assert lines[1]["new"] == {"id": token["id"], "role": "editor", "projects": [MINE], "expires_at": None}
    moments = [each["at"] for each in lines]
    assert moments == sorted(moments)


def test_a_change_from_a_page_is_in_it_too(closed: Service) -> None:
    experiment_id = make_experiment(closed, "default")
    assert sign_in(closed, make_token(closed, "ada", "editor")).status_code == 303
    assert closed.http.post(f"/experiments/{experiment_id}/pause", headers=HERE).status_code == 303
    change = {"parallelism": "5", "was_parallelism": "2"}
    assert closed.http.post(f"/experiments/{experiment_id}/change", data=change, headers=HERE).status_code == 303
    last, before, _ = trail(closed, experiment=experiment_id)
    assert (last["who"], last["old"], last["new"]) == ("ada", {"parallelism": 2}, {"parallelism": 5})
    assert (before["who"], before["action"]) == ("ada", "experiment paused")


def test_what_was_refused_and_what_the_controller_does_by_itself_is_not_in_it(closed: Service) -> None:
    experiment_id = make_experiment(closed, "default", parallelism=1)
    closed.settle()
    [job] = closed.active()
    closed.finish(job)
    closed.settle()
    closed.http.post(f"{API}/experiments/{experiment_id}/trials/99/stop", headers=ADMIN)
    closed.http.post(f"{API}/experiments", json=spec_document(parallelism=0), headers=ADMIN)
    assert [each["action"] for each in trail(closed)] == ["experiment created"]


def test_a_change_and_its_line_are_there_together_or_not_at_all(
    closed: Service,
    monkeypatch: Any,  # pytest's own
) -> None:
    experiment_id = make_experiment(closed, "default")
    broken: Callable[..., Any] = lambda *given: 1 / 0  # noqa: E731
    monkeypatch.setattr("controller.report.experiment", broken)
    with contextlib.suppress(ZeroDivisionError):
        closed.http.post(f"{API}/experiments/{experiment_id}/pause", headers=ADMIN)
    monkeypatch.undo()
    found = closed.http.get(f"{API}/experiments/{experiment_id}", headers=ADMIN).json()
    assert (found["state"], len(trail(closed))) == ("running", 1)


def test_its_pages_lead_on_without_a_gap(closed: Service) -> None:
    for number in range(5):
        make_project(closed, f"p{number}")
    first = closed.http.get(f"{API}/audit", headers=ADMIN, params={"limit": 3}).json()
    make_project(closed, "meanwhile")
    rest = closed.http.get(f"{API}/audit", headers=ADMIN, params={"limit": 3, "cursor": first["next_cursor"]}).json()
    assert [each["subject"] for each in first["items"] + rest["items"]] == ["p4", "p3", "p2", "p1", "p0"]
    assert rest["next_cursor"] is None
