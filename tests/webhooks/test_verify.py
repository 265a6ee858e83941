"""What a receiver believes. The reference is the library of Standard Webhooks itself."""

import json
from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook as Reference
from standardwebhooks.webhooks import WebhookVerificationError

from controller.webhooks.signing import headers_of, secret_of
from podium.webhooks import ForgedNotice, Happening, Notice, Told, verify

SECRET = secret_of("k" * 32, "wh_1")
NOW = datetime(2026, 11, 27, tzinfo=UTC)
BODY = Notice(type=Happening.PAUSED, timestamp=NOW, data=Told(experiment="digits-k3f9")).model_dump_json().encode()


def test_the_reference_believes_what_podium_signs() -> None:
    headers = dict(headers_of(SECRET, "msg_1", BODY, datetime.now(UTC)))  # the reference asks the clock itself
    assert Reference(SECRET).verify(BODY, headers) == json.loads(BODY)
    with pytest.raises(WebhookVerificationError):
        Reference(secret_of("k" * 32, "wh_2")).verify(BODY, headers)


def test_podium_believes_what_the_reference_signs() -> None:
    signed = Reference(SECRET).sign("msg_1", NOW, BODY.decode())
    headers = {"Webhook-Id": "msg_1", "Webhook-Timestamp": str(int(NOW.timestamp())), "Webhook-Signature": signed}
    assert verify(SECRET, headers, BODY, now=NOW.timestamp()).data.experiment == "digits-k3f9"
    rotated = headers | {"Webhook-Signature": f"v1,bm8= {signed}"}
    assert verify(SECRET, rotated, BODY, now=NOW.timestamp()).type is Happening.PAUSED


@pytest.mark.parametrize(
    ("changed", "body", "seconds_later", "says"),
    [
        ({}, BODY.replace(b"k3f9", b"k3f8"), 0, "body has changed"),
        ({"webhook-id": "msg_2"}, BODY, 0, "not made with this secret"),
        ({"webhook-timestamp": str(int(NOW.timestamp()) + 1)}, BODY, 0, "not made with this secret"),
        ({"webhook-timestamp": "soon"}, BODY, 0, "no number"),
        ({"webhook-signature": "v1,é"}, BODY, 0, "not made with this secret"),
        ({}, BODY, 301, "clock"),
        ({}, BODY, -301, "clock"),
    ],
)
def test_what_was_changed_or_recorded_is_refused(
    changed: dict[str, str], body: bytes, seconds_later: int, says: str
) -> None:
    headers = dict(headers_of(SECRET, "msg_1", BODY, NOW)) | changed
    with pytest.raises(ForgedNotice, match=says):
        verify(SECRET, headers, body, now=NOW.timestamp() + seconds_later)


def test_a_missing_header_a_wrong_secret_and_a_strange_body_are_named() -> None:
    headers = dict(headers_of(SECRET, "msg_1", BODY, NOW))
    with pytest.raises(ForgedNotice, match="webhook-signature"):
        verify(
            SECRET,
            {name: value for name, value in headers.items() if name != "webhook-signature"},
            BODY,
            now=NOW.timestamp(),
        )
    with pytest.raises(ForgedNotice, match="whsec_"):
        verify("whsec_not base64!", headers, BODY, now=NOW.timestamp())
    strange = b'{"type": "experiment.danced"}'
    with pytest.raises(ForgedNotice, match="no notice"):
        verify(SECRET, headers_of(SECRET, "msg_1", strange, NOW), strange, now=NOW.timestamp())


def test_each_webhook_has_a_secret_of_its_own_and_a_new_key_changes_all() -> None:
    assert len({secret_of("k" * 32, "wh_1"), secret_of("k" * 32, "wh_2"), secret_of("j" * 32, "wh_1")}) == 3
