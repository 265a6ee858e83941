"""`podium-controller` as a process: what is wrong is said in one line."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, make_url, text

from controller.__main__ import until_signal


@pytest.fixture
def empty_url(database_url: str) -> Iterator[str]:
    admin = create_engine(database_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE untouched"))
    yield make_url(database_url).set(database="untouched").render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE untouched"))
    admin.dispose()


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PODIUM_")}
    command = [sys.executable, "-m", "controller", *arguments]
    return subprocess.run(command, env=kept | environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("command", ["serve", "reconcile"])
def test_a_database_that_was_not_migrated_stops_the_service_with_the_remedy(command: str, empty_url: str) -> None:
    ended = run(command, PODIUM_DATABASE_URL=empty_url)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "podium-controller migrate" in ended.stderr


def test_migrate_makes_a_database_ready(empty_url: str) -> None:
    assert run("migrate", PODIUM_DATABASE_URL=empty_url).returncode == 0
    assert run("migrate", PODIUM_DATABASE_URL=empty_url).returncode == 0


@pytest.mark.parametrize(
    ("environment", "word"),
    [
        ({}, "PODIUM_DATABASE_URL is not set"),
        ({"PODIUM_DATABASE_URL": "sqlite:///x"}, "needs PostgreSQL"),
        ({"PODIUM_DATABASE_URL": "postgresql://127.0.0.1:1/none"}, "does not answer"),
        ({"PODIUM_PORT": "no"}, "PODIUM_PORT"),
    ],
)
def test_a_wrong_configuration_is_one_clear_line(environment: dict[str, str], word: str) -> None:
    ended = run("serve", **environment)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert word in ended.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_is_noted_and_what_was_done_with_it_before_is_done_again(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with until_signal() as is_asked_to_stop:
        assert not is_asked_to_stop()
        os.kill(os.getpid(), number)
        assert is_asked_to_stop()
    assert signal.getsignal(number) is before


def test_a_terminal_that_closes_is_nothing_to_who_was_started_with_nohup() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with until_signal() as is_asked_to_stop:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not is_asked_to_stop()
    finally:
        signal.signal(signal.SIGHUP, before)
