"""An issuer within a company, whose certificate nobody else vouches for."""

from pathlib import Path

from fastapi.testclient import TestClient
from sqlalchemy import Engine

from controller.database import open_sessions
from controller.oidc.issuer import Issuer, trust_of
from controller.oidc.options import OidcOptions
from tests.access.doors import BOOTSTRAP
from tests.oidc.served import options_of, provided
from tests.oidc.test_sign_in import refusal
from tests.service import Service


def test_a_certificate_is_believed_that_the_file_vouches_for_and_no_other(engine: Engine, tmp_path: Path) -> None:
    def set_out(options: OidcOptions) -> tuple[int, str]:
        issuer = Issuer(options=options, trust=trust_of(options))
        service = Service(engine, open_sessions(engine), artifacts=tmp_path, admin_token=BOOTSTRAP, issuer=issuer)
        with TestClient(service.app, follow_redirects=False) as http:
            answer = http.get("/sign-in/oidc")
        return answer.status_code, answer.headers.get("location", "") + refusal(answer.text)

    with provided(tmp_path, str(tmp_path / "issuer")) as provider:
        status, told = set_out(options_of(provider.url, ca_file=tmp_path / "issuer.crt"))
        assert (status, told.startswith(f"{provider.url}/oauth2/authorize?")) == (303, True)
        status, told = set_out(options_of(provider.url))
        assert (status, "CERTIFICATE_VERIFY_FAILED" in told) == (503, True)
