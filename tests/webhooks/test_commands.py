"""`podium webhooks` against the real application, and a real address."""

import threading
from collections.abc import Callable, Iterator

import httpx2
import pytest
from typer.testing import CliRunner, Result

from controller.webhooks.delivery import Deliverer, send_over
from podium.cli.app import app
from podium.webhooks import verify
from tests.cli.served import serving
from tests.service import Service
from tests.webhooks.receiver import receiving

Podium = Callable[..., Result]


@pytest.fixture
def podium(service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[Podium]:
    monkeypatch.setenv("COLUMNS", "160")
    with serving(service.app) as url:

        def invoke(*arguments: str) -> Result:
            given = ["webhooks", *arguments, "--url", url]
            return CliRunner().invoke(app, given, catch_exceptions=False)

        yield invoke


def test_a_webhook_from_its_making_to_its_end(podium: Podium, service: Service) -> None:
    with receiving() as address, httpx2.Client(trust_env=False) as http:
        made = podium("create", address.url, "--on", "experiment.completed", "--name", "digits")
        secret, identity = made.stdout.strip(), made.stderr.split()[0]
        assert secret.startswith("whsec_")
        assert "experiment.completed" in podium("list").stdout
        assert podium("try", identity).exit_code == 0
        send = send_over(http)
        deliverer = Deliverer(
            sessions=service.sessions,
            send=send,
            key=service.signer.key,
            clock=service.clock,
            stopping=threading.Event(),
        )
        deliverer.deliver()
        [(headers, body)] = address.received
        assert verify(secret, headers, body, now=service.clock.now.timestamp()).type == "webhook.tried"
        listed = podium("deliveries", identity).stdout
        assert "delivered" in listed
        assert "answered 204" in listed
        number = listed.splitlines()[1].split()[0]
        assert podium("again", identity, number).exit_code == 0
        deliverer.deliver()
        assert len(address.received) == 2
        assert podium("delete", identity).exit_code == 0
        assert identity not in podium("list").stdout


def test_what_is_no_address_and_what_is_no_webhook_are_named(podium: Podium) -> None:
    wrong = podium("create", "chat.example.org")
    assert wrong.exit_code == 2
    assert "url: found 'chat.example.org'; allowed: an address that starts with https://" in wrong.stderr
    missing = podium("deliveries", "wh_1")
    assert missing.exit_code == 1
    assert "podium webhooks list" in missing.stderr
