"""Secrets that the API's tokens are: `podium_`, 43 characters of chance, and 6 by which a typing error shows.

The prefix and the checksum are there for scanners of repositories, which recognise such a word without asking
anybody (as GitHub's own tokens have them), and for us: what was mistyped costs no question to the database.

At rest there is a SHA-256 of it, and nothing slower: bcrypt and its like make guessing dear where people choose words.
Nobody guesses one of 2**256, and every request would pay for it.
"""

import hashlib
import secrets
import zlib
from collections.abc import Callable

PREFIX = "podium_"
BYTES = 32
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BODY_LETTERS = 43
"""62**43 is the first power beyond 2**256."""
CHECK_LETTERS = 6
"""62**6 is the first beyond 2**32."""


def make_secret(chance: Callable[[int], bytes] = secrets.token_bytes) -> str:
    body = _written(int.from_bytes(chance(BYTES)), BODY_LETTERS)
    return PREFIX + body + _check_of(body)


def is_secret(text: str) -> bool:
    """Say whether a text has the form of our secrets, its checksum included."""
    rest = text.removeprefix(PREFIX)
    body, check = rest[:BODY_LETTERS], rest[BODY_LETTERS:]
    return text.startswith(PREFIX) and text.isascii() and len(body) == BODY_LETTERS and check == _check_of(body)


def digest_of(secret: str) -> str:
    """Return what is kept of a secret, in hexadecimal."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _check_of(body: str) -> str:
    return _written(zlib.crc32(body.encode()), CHECK_LETTERS)


def _written(number: int, width: int) -> str:
    letters = []
    for _ in range(width):
        number, place = divmod(number, len(LETTERS))
        letters.append(LETTERS[place])
    return "".join(reversed(letters))
