"""Nothing that the issuer gave, and no cookie, is in a log, a page or a row."""

import logging
from collections.abc import Iterator

import httpx2
import pytest
import structlog
from sqlalchemy import Engine, text
from structlog.testing import LogCapture

from tests.access.doors import HERE, MINE, make_experiment, make_project
from tests.oidc.served import SECRET, Provider, come_back, set_out, sign_in_there
from tests.service import Service


@pytest.fixture
def logged() -> Iterator[LogCapture]:
    before, capture = structlog.get_config(), LogCapture()
    structlog.configure(processors=[structlog.contextvars.merge_contextvars, capture])
    yield capture
    structlog.configure(**before)


def test_no_secret_of_a_sign_in_is_kept_or_told(
    closed: Service, provider: Provider, engine: Engine, logged: LogCapture, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    make_project(closed, MINE)
    experiment_id = make_experiment(closed, MINE)
    said, secrets = [], [SECRET, closed.signer.key]
    for lie in ({}, {"signed": "by another"}, {"claims": {"nonce": "another"}}, {"claims": {"groups": None}}):
        provider.lies(**lie)
        back = sign_in_there(set_out(closed), "ada-3")
        params = httpx2.URL(back).params
        secrets += [params["code"], params["state"], closed.http.cookies["podium_sign_in"]]
        with caplog.at_level(
            logging.DEBUG
        ):  # the controller's own requests too; outside of this only the test makes any
            said += [come_back(closed, back).text, come_back(closed, back).text]
    secrets.append(str(closed.http.cookies["podium_visit"]))
    said += [closed.http.get(path).text for path in ("/", "/audit", f"/experiments/{experiment_id}", "/sign-in")]
    assert closed.http.post(f"/experiments/{experiment_id}/pause", headers=HERE).status_code == 303
    for issued in provider.asked("issued"):
        secrets += [issued["id_token"], issued["access_token"], issued["refresh_token"]]
    verifiers = [each["form"]["code_verifier"] for each in provider.asked("/oauth2/token")]
    with engine.connect() as connection:
        for table in connection.dialect.get_table_names(connection):
            said += connection.execute(text(f'SELECT each::text FROM "{table}" each')).scalars().all()
    said += [str(logged.entries)]
    said += [each.getMessage() for each in caplog.records if "testserver" not in each.getMessage()]  # but the browser's
    told = "\n".join(said)
    assert [number for number, secret in enumerate([*secrets, *verifiers]) if secret in told] == []
    assert "somebody signed in at the issuer" in told
    assert "not believed" in told
    assert f"POST {provider.url}/oauth2/token" in told
    assert len(secrets) > 20
