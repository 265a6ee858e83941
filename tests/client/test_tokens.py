"""A token that was copied badly: what can be mended is, and what cannot is refused without being repeated."""

import httpx2
import pytest

from podium.address import find_address
from podium.client import PodiumClient, UnusableToken
from podium.leaving import Fault
from podium.run_client import RunClient

SECRET = "podium_mPawRdQ1ZG9G"
BAD_TOKENS = [f"{SECRET}\nX-Other: 1", f"{SECRET}ß", f"{SECRET}\x00", f"“{SECRET}”"]


def test_the_line_break_at_the_end_of_a_file_or_a_secret_is_no_part_of_a_token() -> None:
    shown: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        shown.append(request.headers["Authorization"])
        return httpx2.Response(200, json={"items": [], "next_cursor": None})

    address = find_address(None, None, {"PODIUM_URL": "http://podium.test", "PODIUM_TOKEN": f" {SECRET}\n"})
    with PodiumClient("http://podium.test", token=f"{SECRET}\n", transport=httpx2.MockTransport(answer)) as client:
        assert list(client.experiments()) == []
    assert address.token == SECRET
    assert shown == [f"Bearer {SECRET}"]


@pytest.mark.parametrize("token", BAD_TOKENS)
def test_a_token_that_no_header_can_hold_is_refused_and_not_repeated(token: str) -> None:
    with pytest.raises(UnusableToken, match="copy it anew") as refused:
        PodiumClient("http://podium.test", token=token)
    assert SECRET not in str(refused.value)
    with pytest.raises(Fault, match="run token") as left:
        RunClient("http://podium.test", token)
    assert SECRET not in str(left.value)
