"""A stand-in controller on a real socket, and the command run against it."""

from collections.abc import Callable, Iterator

import pytest
from typer.testing import CliRunner, Result

from podium.cli.app import app
from tests.cli.served import serving
from tests.cli.stand_in import World, create_app

Podium = Callable[..., Result]


@pytest.fixture(scope="session")
def served() -> Iterator[tuple[World, str]]:
    world = World()
    with serving(create_app(world)) as url:
        yield world, url


@pytest.fixture
def url(served: tuple[World, str]) -> str:
    return served[1]


@pytest.fixture
def world(served: tuple[World, str]) -> World:
    """An empty world, whatever the test before left."""
    fresh = World()
    for name in World.__slots__:
        setattr(served[0], name, getattr(fresh, name))
    return served[0]


@pytest.fixture
def podium(url: str, monkeypatch: pytest.MonkeyPatch) -> Podium:
    """Run `podium ARGUMENTS` in this process, against the stand-in."""
    monkeypatch.setenv("PODIUM_URL", url)
    monkeypatch.delenv("COLUMNS", raising=False)

    def invoke(*arguments: str, typed: str | None = None) -> Result:
        return CliRunner().invoke(app, arguments, input=typed, prog_name="podium", catch_exceptions=False)

    return invoke
