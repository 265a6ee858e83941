"""No secret is in a log, an error, an event, a row, a Job or an export: all of them are searched for every secret."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import structlog
from fastapi.testclient import TestClient
from sqlalchemy import Engine, make_url, text
from structlog.testing import LogCapture

from controller.database import DatabaseUnusable, open_engine, open_sessions, require_migrated
from controller.kubernetes.job import House, Owner, job_of
from podium.study import ReportFormat
from tests.access.doors import ADMIN, BOOTSTRAP, HERE, bearer, make_experiment, make_token, sign_in
from tests.builders import spec_document
from tests.kubernetes.schemas import document_of
from tests.service import API, BASELINE, Service

HOUSE = House(namespace="podium", controller="podium-reconciler", owner=Owner(name="podium", uid="8e1f"))
DATABASE_PASSWORD = "the-databases-own-password"


@pytest.fixture
def logged() -> Iterator[LogCapture]:
    before, capture = structlog.get_config(), LogCapture()
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.processors.format_exc_info, capture]
    )
    yield capture
    structlog.configure(**before)


class Searched:
    """A closed service after a day's work, everything it said, and the secrets that were about."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.editor = make_token(service, "ada", "editor")
        self.experiment_id = make_experiment(service, "default", baseline=BASELINE)
        service.settle()
        self.jobs = service.active()
        self.run_tokens = [service.cluster.requests[job].token for job in self.jobs]
        wanted = {"url": "https://example.com/notices"}
        self.webhook = service.http.post(f"{API}/webhooks", json=wanted, headers=ADMIN).json()["secret"]
        self.said: list[str] = []
        service.http.cookies.clear()
        assert sign_in(service, self.editor).status_code == 303
        self.cookie = str(service.http.cookies["podium_visit"])

    @property
    def secrets(self) -> list[str]:
        return [BOOTSTRAP, self.editor, self.service.signer.key, self.cookie, self.webhook, *self.run_tokens]

    def ask(self, method: str, path: str, **options: Any) -> None:
        answer = self.service.http.request(method, path, **options)
        headers = [(name, value) for name, value in answer.headers.items() if name != "set-cookie"]
        self.said.append(f"{method} {path}: {answer.status_code} {headers} {answer.text}")

    def work(self) -> None:
        """Do right and wrong things at every door, with every secret in the places where it is no secret's."""
        good, worst = self.jobs
        self.service.finish(good)
        self.service.cluster.exit(worst, 1, log="boom")
        self.service.settle()
        for secret in self.secrets:
            for header in (bearer(secret), {"Authorization": f"Basic {secret}"}, {"Authorization": secret}):
                self.ask("GET", f"{API}/experiments/none", headers=header)
                self.ask("GET", f"{API}/run", headers=header)
                self.ask("POST", f"{API}/run/measurements", headers=header, json={"epoch": 0})
            self.ask("POST", "/sign-in", data={"token": secret + "x"}, headers=HERE)
        self.ask("POST", f"{API}/experiments", headers=ADMIN, json=spec_document(budget={}))
        at = f"{API}/experiments/{self.experiment_id}"
        for path in ("", "/trials", "/trials/1", "/runs", "/attempts", "/trials.csv", "/best", "/figures/history"):
            self.ask("GET", at + path, headers=ADMIN)
        for kind in get_args(ReportFormat):
            self.ask("GET", f"{API}/reports", params={"experiment": self.experiment_id, "format": kind}, headers=ADMIN)
        for path in ("/tokens", "/audit", "/whoami", "/projects", "/webhooks"):
            self.ask("GET", API + path, headers=ADMIN)
        for path in (
            "/",
            "/audit",
            "/new",
            f"/experiments/{self.experiment_id}",
            "/sign-in",
            "/metrics",
            "/openapi.json",
        ):
            self.ask("GET", path)

    def leaks(self, place: str, told: str) -> list[str]:
        return [f"secret {number} in {place}" for number, each in enumerate(self.secrets) if each in told]


def test_no_secret_leaves_the_controller(engine: Engine, tmp_path: Path, logged: LogCapture) -> None:
    service = Service(engine, open_sessions(engine), artifacts=tmp_path, admin_token=BOOTSTRAP)
    with TestClient(service.app, follow_redirects=False) as service.http:
        searched = Searched(service)
        searched.work()
    leaks = [leak for each in searched.said for leak in searched.leaks(each[:80], each)]
    leaks += searched.leaks("the log", str(logged.entries))
    leaks += searched.leaks("the events", str(service.cluster.events))
    with engine.connect() as connection:
        for table in connection.dialect.get_table_names(connection):
            rows = connection.execute(text(f'SELECT each::text FROM "{table}" each')).scalars().all()
            leaks += searched.leaks(f"table {table}", "\n".join(rows))
    assert leaks == []
    assert len(searched.said) > 60
    assert logged.entries


def test_a_job_holds_no_token_but_names_where_it_is(closed: Service) -> None:
    make_experiment(closed, "default", trial={"command": ["true"], "image": "busybox"})
    closed.settle()
    for job in closed.active():
        request = closed.cluster.requests[job]
        document = json.dumps(document_of(job_of(request, HOUSE)))
        assert f'"secretName": "{job}"' in document
        assert not any(each in document for each in (request.token, BOOTSTRAP, closed.signer.key))
        assert request.token not in repr(request)


def test_a_database_that_cannot_be_reached_is_told_without_its_password(database_url: str) -> None:
    url = make_url(database_url).set(password=DATABASE_PASSWORD, database="none-such")
    engine = open_engine(url.render_as_string(hide_password=False))
    with pytest.raises(Exception, match="none-such") as raised:
        require_migrated(engine)
    assert DATABASE_PASSWORD not in f"{raised.value!r} {raised.getrepr()} {engine!r} {engine.url!r}"
    with pytest.raises(DatabaseUnusable) as unusable:
        open_engine(f"mysql://podium:{DATABASE_PASSWORD}@host/podium")
    assert DATABASE_PASSWORD not in str(unusable.value)
