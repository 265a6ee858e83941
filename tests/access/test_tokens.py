"""Tokens: what is kept of them, how long they are good, and that they end at once."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from controller import project_table, token_table
from controller.database import transaction
from controller.errors import NameTaken
from controller.secret_words import LETTERS, digest_of, is_secret, make_secret
from podium.access import Role, TokenOrder
from tests.access.doors import ADMIN, MINE, bearer, make_experiment, make_project, make_token, sign_in
from tests.builders import spec_document
from tests.service import API, Service
from tests.waiting import wait_for


def test_a_secret_is_known_by_its_form_and_no_letter_of_it_may_be_mistyped() -> None:
    secret = make_secret(lambda count: bytes(range(count)))
    assert secret == make_secret(lambda count: bytes(range(count)))
    assert len(secret) == 56
    assert is_secret(secret)
    for place in range(len(secret)):
        other = LETTERS[(LETTERS.index(secret[place]) + 1) % 62] if secret[place] != "_" else "-"
        assert not is_secret(secret[:place] + other + secret[place + 1 :]), place
    assert not any(map(is_secret, ["", "podium_", secret[:-1], secret + "0", secret.upper(), " " + secret]))


def test_two_secrets_are_never_the_same_and_use_every_byte_of_chance() -> None:
    assert make_secret(lambda count: b"\0" * count) != make_secret(lambda count: b"\0" * (count - 1) + b"\1")
    assert make_secret(lambda count: b"\xff" * count) != make_secret(lambda count: b"\xfe" + b"\xff" * (count - 1))
    assert make_secret() != make_secret()


def test_a_secret_is_shown_once_and_only_its_digest_is_kept(closed: Service) -> None:
    secret = make_token(closed, "ci", "editor")
    [listed] = closed.http.get(f"{API}/tokens", headers=ADMIN).json()["items"]
    assert (listed["name"], listed["role"], listed["created_by"]) == ("ci", "editor", "bootstrap")
    with closed.engine.connect() as connection:
        dump = str(connection.execute(text("SELECT t::text FROM tokens t UNION ALL SELECT a::text FROM audit a")).all())
    assert digest_of(secret) in dump
    assert secret not in dump
    assert secret not in str(listed)


def test_a_token_opens_what_its_role_opens_until_it_is_revoked(closed: Service) -> None:
    who = bearer(make_token(closed, "ci", "viewer"))
    assert closed.http.get(f"{API}/whoami", headers=who).json() | {"expires_at": None} == {
        "name": "ci",
        "role": "viewer",
        "projects": None,
        "source": "token",
        "expires_at": None,
    }
    refused = closed.http.post(f"{API}/experiments", json=spec_document(), headers=who)
    assert (refused.status_code, refused.json()["error"]) == (403, "Forbidden")
    assert "needs the role editor, and yours is viewer" in refused.json()["detail"]
    [token] = closed.http.get(f"{API}/tokens", headers=ADMIN).json()["items"]
    for _ in range(2):
        assert closed.http.delete(f"{API}/tokens/{token['id']}", headers=ADMIN).status_code == 204
    assert closed.http.get(f"{API}/experiments", headers=who).status_code == 401
    assert closed.http.delete(f"{API}/tokens/77", headers=ADMIN).status_code == 404
    make_token(closed, "ci", "viewer")  # its name is free again


def test_a_token_expires(closed: Service) -> None:
    end = closed.clock() + timedelta(hours=1)
    who = bearer(make_token(closed, "ci", "viewer", expires_at=end.isoformat()))
    assert closed.http.get(f"{API}/experiments", headers=who).status_code == 200
    closed.clock.advance(3600)
    answer = closed.http.get(f"{API}/experiments", headers=who)
    assert (answer.status_code, answer.json()["error"]) == (401, "TokenExpired")
    assert "podium tokens create" in answer.json()["detail"]


def test_a_visit_ends_with_its_token_at_once(closed: Service) -> None:
    end = (closed.clock() + timedelta(hours=1)).isoformat()
    assert sign_in(closed, make_token(closed, "short", "viewer", expires_at=end)).status_code == 303
    assert closed.http.get("/").status_code == 200
    closed.clock.advance(3600)
    assert closed.http.get("/").headers["location"].startswith("/sign-in")
    secret = make_token(closed, "revoked", "viewer")
    sign_in(closed, secret)
    assert closed.http.get("/").status_code == 200
    token = closed.http.get(f"{API}/tokens", headers=ADMIN).json()["items"][-1]["id"]
    closed.http.delete(f"{API}/tokens/{token}", headers=ADMIN)
    assert closed.http.get("/").headers["location"].startswith("/sign-in")
    assert sign_in(closed, secret).status_code == 401


def test_its_last_use_is_written_once_a_minute(closed: Service) -> None:
    who = bearer(make_token(closed, "ci", "viewer"))

    def used() -> Any:
        return closed.http.get(f"{API}/tokens", headers=ADMIN).json()["items"][0]["last_used_at"]

    assert used() is None
    closed.http.get(f"{API}/whoami", headers=who)
    first = used()
    assert first is not None
    closed.clock.advance(token_table.USED_AGAIN.total_seconds() - 1)
    closed.http.get(f"{API}/whoami", headers=who)
    assert used() == first
    closed.clock.advance(1)
    closed.http.get(f"{API}/whoami", headers=who)
    assert used() > first


@pytest.mark.parametrize(
    ("order", "status", "told"),
    [
        ({"name": "a", "role": "admin", "projects": ["default"]}, 422, "an admin's token has no limits"),
        ({"name": "a", "role": "viewer", "projects": ["none-such"]}, 422, "projects[0]"),
        ({"name": "a", "role": "viewer", "projects": []}, 422, "projects"),
        ({"name": "a", "role": "viewer", "expires_at": "2020-01-01T00:00:00Z"}, 422, "a moment to come"),
        ({"name": "a", "role": "king"}, 422, "role"),
        ({"name": "a\nb", "role": "viewer"}, 422, "name"),
        ({"name": "taken", "role": "viewer"}, 409, "taken"),
    ],
)
def test_what_makes_no_sense_is_refused(closed: Service, order: Mapping[str, Any], status: int, told: str) -> None:
    make_token(closed, "taken", "viewer")
    answer = closed.http.post(f"{API}/tokens", json=order, headers=ADMIN)
    assert answer.status_code == status, answer.text
    assert told in answer.text


def test_an_experiment_belongs_to_the_only_project_of_its_authors_token(closed: Service) -> None:
    for name in ("one", "two"):
        make_project(closed, name)
    single = bearer(make_token(closed, "single", "editor", projects=["one"]))
    double = bearer(make_token(closed, "double", "editor", projects=["one", "two"]))

    def create(who: Mapping[str, str], **params: str) -> Any:
        return closed.http.post(f"{API}/experiments", json=spec_document(), headers=who, params=params)

    assert create(single).json()["project"] == "one"
    assert create(ADMIN).json()["project"] == "default"
    assert create(double, project="two").json()["project"] == "two"
    assert create(double).status_code == 422
    for who in (single, ADMIN):
        answer = create(who, project="two" if who is single else "three")
        assert (answer.status_code, answer.json()["error"]) == (404, "ProjectNotFound")
    counted = closed.http.get(f"{API}/projects", headers=double).json()["items"]
    assert [(each["name"], each["experiments"]) for each in counted] == [("one", 1), ("two", 1)]
    listed = closed.http.get(f"{API}/experiments", params={"project": "two"}, headers=ADMIN).json()["items"]
    assert [each["project"] for each in listed] == ["two"]


def test_a_key_of_another_project_is_another_key(closed: Service) -> None:
    make_project(closed, "one")
    stranger = bearer(make_token(closed, "stranger", "editor", projects=["one"]))
    key = {"Idempotency-Key": "the same"}
    first = closed.http.post(f"{API}/experiments", json=spec_document(), headers=ADMIN | key).json()
    again = closed.http.post(f"{API}/experiments", json=spec_document(seed=8), headers=stranger | key)
    assert again.status_code == 201
    assert first["id"] not in again.text


def test_nothing_is_learnt_from_experiments_of_another_project(closed: Service) -> None:
    for name in (MINE, "other"):
        make_project(closed, name)
    theirs = make_experiment(closed, MINE)
    stranger = bearer(make_token(closed, "stranger", "editor", projects=["other"]))
    answer = closed.http.post(f"{API}/experiments", json=spec_document(warm_start=[theirs]), headers=stranger)
    absent = closed.http.post(f"{API}/experiments", json=spec_document(warm_start=["x-0000"]), headers=stranger)
    assert answer.status_code == 422
    assert answer.text.replace(theirs, "x-0000") == absent.text


@pytest.mark.parametrize(
    "make",
    [
        lambda session, now: token_table.make(
            session, TokenOrder(name="twice", role=Role.VIEWER), make_secret(), by="a test", now=now
        ),
        lambda session, now: project_table.make(session, "twice", now),
    ],
    ids=["token", "project"],
)
def test_of_two_who_take_one_name_at_once_the_later_is_refused(closed: Service, make: Callable[..., Any]) -> None:
    def later() -> None:
        with transaction(closed.sessions) as session:
            make(session, closed.clock())

    with ThreadPoolExecutor(1) as pool:
        with transaction(closed.sessions) as session:
            make(session, closed.clock())
            second = pool.submit(later)
            wait_for(lambda: waiting_for_locks(closed) == 1, "the later of the two waits for the first")
        with pytest.raises(NameTaken, match="twice"):
            second.result()


def waiting_for_locks(service: Service) -> int:
    with service.engine.connect() as connection:
        query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        return int(connection.execute(text(query)).scalar_one())
