"""Whose address and whose token are taken. That no token goes to an address that it is not for."""

from pathlib import Path

import pytest

from podium.address import find_address
from podium.profiles import Config, Profile, config_file, write_config

KEPT = "https://podium.example"
OTHER = "https://other.example"
TOKEN = "kept-token"


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """An environment with a login in it, and a folder in which nothing runs."""
    environment = {"HOME": str(tmp_path), "PODIUM_STATE_DIR": str(tmp_path / "nothing")}
    profiles = {
        "default": Profile(url=KEPT, token=TOKEN),
        "other": Profile(url=OTHER, token="another"),
    }
    write_config(config_file(environment), Config(profiles=profiles))
    return environment


@pytest.mark.parametrize(
    ("asked", "more", "expected"),
    [
        ((None, None, None), {}, (KEPT, TOKEN)),
        ((None, None, "other"), {}, (OTHER, "another")),
        ((None, None, None), {"PODIUM_PROFILE": "other"}, (OTHER, "another")),
        (
            (None, None, "other"),
            {"PODIUM_URL": "http://env", "PODIUM_TOKEN": "e"},
            (OTHER, "another"),
        ),
        ((None, None, None), {"PODIUM_URL": "http://env"}, ("http://env", None)),
        ((None, None, None), {"PODIUM_URL": "http://env", "PODIUM_TOKEN": "e"}, ("http://env", "e")),
        ((None, None, None), {"PODIUM_TOKEN": "e"}, (KEPT, "e")),
        (("http://given", None, None), {}, ("http://given", None)),
        (("http://given", None, "other"), {}, ("http://given", None)),
        ((KEPT + "/", None, None), {}, (KEPT + "/", TOKEN)),
        ((KEPT + ".evil.example", None, None), {}, (KEPT + ".evil.example", None)),
        (("http://given", "t", None), {"PODIUM_TOKEN": "e"}, ("http://given", "t")),
    ],
)
def test_arguments_then_environment_then_the_login(
    home: dict[str, str],
    asked: tuple[str | None, str | None, str | None],
    more: dict[str, str],
    expected: tuple[str, str | None],
) -> None:
    url, token, profile = asked
    found = find_address(url, token, home | more, profile=profile)
    assert (found.url, found.token) == expected
    assert "token=" not in repr(found)


def test_without_anything_it_is_the_usual_address(tmp_path: Path) -> None:
    found = find_address(None, None, {"HOME": str(tmp_path), "PODIUM_STATE_DIR": str(tmp_path)})
    assert (found.url, found.token, found.fingerprint) == ("http://127.0.0.1:8080", None, None)
