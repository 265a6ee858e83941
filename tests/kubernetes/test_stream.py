"""What is read of an answer that goes on, and of one that is cut short."""

from collections.abc import Iterator
from typing import cast

import pytest
import urllib3

from controller.kubernetes.api import Stream, Unanswered


class TlsAnswer:
    """An answer whose socket, once shut down, gives what came over the wire, as Python's TLS sockets do."""

    def __init__(self) -> None:
        self.is_shut_down = False

    def stream(self, _: int) -> Iterator[bytes]:
        while not self.is_shut_down:
            yield b'{"type": "ADDED"}\n'
        yield b"\x17\x03\x03\x00\xff\n"

    def shutdown(self) -> None:
        self.is_shut_down = True


def test_nothing_that_came_after_the_cut_is_taken_for_an_event() -> None:
    stream = Stream(cast("urllib3.BaseHTTPResponse", TlsAnswer()))  # no more of one is needed
    lines = stream.lines()
    assert next(lines) == b'{"type": "ADDED"}'

    stream.cut()

    with pytest.raises(Unanswered, match="was cut"):
        next(lines)
