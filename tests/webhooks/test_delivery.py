"""From what happens to an experiment to a real address, and what becomes of a notice that nobody takes."""

import threading
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from controller.webhooks.delivery import Deliverer, send_over
from controller.webhooks.schedule import PAUSES
from podium.webhooks import Notice, verify
from tests.service import API, Service
from tests.webhooks.receiver import Receiver, receiving


@pytest.fixture
def address() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def deliverer(service: Service) -> Iterator[Deliverer]:
    with httpx2.Client(timeout=5.0, trust_env=False) as http:
        yield Deliverer(
            sessions=service.sessions,
            send=send_over(http),
            key=service.signer.key,
            clock=service.clock,
            stopping=threading.Event(),
        )


def add(service: Service, url: str, **more: Any) -> Any:
    answer = service.http.post(f"{API}/webhooks", json={"url": url, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def deliveries(service: Service, webhook: Any) -> list[Any]:
    """The oldest first."""
    items = service.http.get(f"{API}/webhooks/{webhook['id']}/deliveries").json()["items"]
    assert isinstance(items, list)
    return items[::-1]


def notices(service: Service, address: Receiver, webhook: Any) -> list[Notice]:
    """What arrived, if it can be believed."""
    now = service.clock.now.timestamp()
    return [verify(webhook["secret"], headers, body, now=now) for headers, body in address.received]


def test_each_turn_of_an_experiments_life_is_told_once_and_in_order(
    service: Service, deliverer: Deliverer, address: Receiver
) -> None:
    webhook = add(service, address.url)
    experiment = service.create()
    for verb in ("pause", "pause", "resume", "resume"):
        service.http.post(f"{API}/experiments/{experiment}/{verb}")
    service.http.patch(f"{API}/experiments/{experiment}", json={"parallelism": 3})
    service.http.post(f"{API}/experiments/{experiment}/stop")
    service.settle()
    service.http.delete(f"{API}/experiments/{experiment}")
    deliverer.deliver()
    told = notices(service, address, webhook)
    assert [each.type.split(".")[1] for each in told] == [
        "created", "paused", "resumed", "changed", "stopped", "deleted",
    ]  # fmt: skip
    assert {each.data.experiment for each in told} == {experiment}
    assert told[1].data.message.startswith("paused by a user")
    deliverer.deliver()
    assert len(address.received) == 6, "what was taken is not sent again"
    assert {each["state"] for each in deliveries(service, webhook)} == {"delivered"}


def test_a_new_best_is_told_with_its_value_and_a_worse_trial_is_not(
    service: Service, deliverer: Deliverer, address: Receiver
) -> None:
    webhook = add(service, address.url, happenings=["experiment.improved", "experiment.completed"])
    service.create(parallelism=1, budget={"runs": 3}, baseline=None, fidelity={"rungs": {"full": 2}})
    for value in (0.5, 0.4, 0.7):
        service.settle()
        [job] = service.active()
        service.finish(job, value)
    service.settle()
    deliverer.deliver()
    told = [
        (each.type.split(".")[1], each.data.best_trial, each.data.best_value)
        for each in notices(service, address, webhook)
    ]
    assert told == [("improved", 1, 0.5), ("improved", 3, 0.7), ("completed", 3, 0.7)]


def test_an_experiment_that_pauses_by_itself_says_why(
    service: Service, deliverer: Deliverer, address: Receiver
) -> None:
    webhook = add(service, address.url, happenings=["experiment.paused"])
    service.create(parallelism=3, max_attempts=1, baseline=None)
    service.settle()
    for job in service.active():
        service.cluster.exit(job, 1, "ImportError: no module named train")
    service.settle()
    deliverer.deliver()
    [paused] = notices(service, address, webhook)
    assert "all failed by a bug" in paused.data.message


def test_a_webhook_hears_of_what_it_asked_for_and_of_no_other_name(
    service: Service, deliverer: Deliverer, address: Receiver
) -> None:
    webhook = add(service, address.url, name="digits", happenings=["experiment.created"])
    wanted, other = service.create(name="digits"), service.create(name="cars")
    for each in (wanted, other):
        service.http.post(f"{API}/experiments/{each}/stop")
    deliverer.deliver()
    assert [(each.type, each.data.experiment) for each in notices(service, address, webhook)] == [
        ("experiment.created", wanted)
    ]


def test_what_is_refused_waits_and_arrives_in_order_with_the_id_that_it_had(
    service: Service, deliverer: Deliverer, address: Receiver
) -> None:
    webhook = add(service, address.url)
    address.status = 500
    experiment = service.create()
    service.http.post(f"{API}/experiments/{experiment}/pause")
    deliverer.deliver()
    assert len(address.received) == 1, "while the address fails, nothing else is thrown at it"
    waiting = deliveries(service, webhook)[0]
    assert (waiting["state"], waiting["attempts"], waiting["status"]) == ("waiting", 1, 500)
    assert "answered 500" in waiting["detail"]
    address.status = 204
    deliverer.deliver()
    assert len(address.received) == 1, "it is not due yet"
    service.clock.advance(PAUSES[0].total_seconds() + 1)
    deliverer.deliver()
    identities = [headers["webhook-id"] for headers, _ in address.received]
    assert identities[0] == identities[1] != identities[2]
    assert {each["state"] for each in deliveries(service, webhook)} == {"delivered"}


def test_an_address_that_never_answers_is_given_up_and_may_be_tried_again_by_hand(
    service: Service, deliverer: Deliverer, address: Receiver
) -> None:
    webhook = add(service, "http://127.0.0.1:9/nobody")
    assert service.http.post(f"{API}/webhooks/{webhook['id']}/try").status_code == 202
    for pause in (*PAUSES, PAUSES[0]):
        deliverer.deliver()
        service.clock.advance(pause.total_seconds() + 1)
    [lost] = deliveries(service, webhook)
    assert (lost["state"], lost["attempts"], lost["status"]) == ("given up", len(PAUSES) + 1, None)
    assert "no answer" in lost["detail"]
    with service.engine.begin() as connection:
        connection.execute(text("UPDATE webhooks SET url = :url"), {"url": address.url})
    again = service.http.post(f"{API}/webhooks/{webhook['id']}/deliveries/{lost['id']}/again")
    assert again.json()["state"] == "waiting"
    deliverer.deliver()
    assert deliveries(service, webhook)[0]["state"] == "delivered"


def test_one_that_hangs_does_not_hold_up_another(service: Service, address: Receiver) -> None:
    with httpx2.Client(timeout=0.2, trust_env=False) as http:
        deliverer = Deliverer(
            sessions=service.sessions,
            send=send_over(http),
            key=service.signer.key,
            clock=service.clock,
            stopping=threading.Event(),
        )
        with receiving() as slow:
            slow_webhook, quick = add(service, slow.url), add(service, address.url)
            held = threading.Event()
            slow.answer_headers = _Held(held)
            service.create()
            deliverer.deliver()
            held.set()
    assert deliveries(service, quick)[0]["state"] == "delivered"
    assert "no answer" in deliveries(service, slow_webhook)[0]["detail"]


class _Held(dict[str, str]):
    """Headers that are not there until an event is set."""

    def __init__(self, held: threading.Event) -> None:
        super().__init__()
        self._held = held

    def items(self) -> Any:  # Any: whatever a dict's are
        self._held.wait(5)
        return super().items()


def test_an_address_that_is_gone_is_not_asked_again(service: Service, deliverer: Deliverer, address: Receiver) -> None:
    webhook = add(service, address.url)
    address.status = 410
    service.create()
    deliverer.deliver()
    service.create()
    deliverer.deliver()
    assert len(address.received) == 1
    [listed] = service.http.get(f"{API}/webhooks").json()["items"]
    assert listed["id"] == webhook["id"]
    assert listed["stopped_at"] is not None


def test_a_redirect_is_no_road_to_elsewhere(service: Service, deliverer: Deliverer, address: Receiver) -> None:
    with receiving() as elsewhere:
        address.status, address.answer_headers = 307, {"location": elsewhere.url}
        webhook = add(service, address.url)
        service.create()
        deliverer.deliver()
        assert not elsewhere.received
    assert deliveries(service, webhook)[0]["status"] == 307


def test_what_did_not_happen_is_not_told(service: Service, deliverer: Deliverer, address: Receiver) -> None:
    add(service, address.url)
    key = {"Idempotency-Key": "once"}
    service.http.post(f"{API}/experiments", json={"name": "no spec"}, headers=key)
    deliverer.deliver()
    assert not address.received


def test_no_secret_lies_in_the_database_or_in_a_list(service: Service, address: Receiver) -> None:
    webhook = add(service, address.url)
    service.create()
    with service.engine.begin() as connection:
        rows = [
            str(row) for name in ("webhooks", "webhook_deliveries") for row in connection.execute(text(f"TABLE {name}"))
        ]
    assert webhook["secret"] not in "".join(rows)
    assert webhook["secret"] not in service.http.get(f"{API}/webhooks").text


def test_forgetting_a_webhook_forgets_what_waits_for_it(
    service: Service, deliverer: Deliverer, address: Receiver
) -> None:
    webhook = add(service, address.url)
    service.create()
    assert service.http.delete(f"{API}/webhooks/{webhook['id']}").status_code == 204
    deliverer.deliver()
    assert not address.received
    missing = service.http.get(f"{API}/webhooks/{webhook['id']}/deliveries")
    assert missing.status_code == 404
    assert "podium webhooks list" in missing.json()["detail"]


def test_old_deliveries_are_forgotten_and_waiting_ones_are_not(
    service: Service, deliverer: Deliverer, address: Receiver
) -> None:
    webhook = add(service, address.url)
    service.create()
    deliverer.deliver()
    service.clock.advance(31 * 86_400)
    deliverer.deliver()
    assert deliveries(service, webhook) == []


@pytest.mark.parametrize(
    "url", ["ftp://example.org", "https://", "https://user:password@example.org", "https://example.org/#x", "x"]
)
def test_what_is_no_address_is_refused(service: Service, url: str) -> None:
    answer = service.http.post(f"{API}/webhooks", json={"url": url})
    assert answer.status_code == 422
    assert answer.json()["faults"][0]["path"] == "url"


def test_a_page_of_deliveries_leads_to_the_next(service: Service, deliverer: Deliverer, address: Receiver) -> None:
    webhook = add(service, address.url)
    for _ in range(3):
        service.http.post(f"{API}/webhooks/{webhook['id']}/try")
    path = f"{API}/webhooks/{webhook['id']}/deliveries"
    first = service.http.get(path, params={"limit": 2}).json()
    service.http.post(f"{API}/webhooks/{webhook['id']}/try")
    second = service.http.get(path, params={"limit": 2, "cursor": first["next_cursor"]}).json()
    numbers = [each["id"] for each in [*first["items"], *second["items"]]]
    assert len(numbers) == 3
    assert numbers == sorted(numbers, reverse=True)
