"""Connections of a database that was away."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from controller import database
from controller.database import open_engine, open_sessions, transaction
from controller.errors import DatabaseAway

NAME = "doomed"
END_ALL = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{NAME}'"


@pytest.fixture
def podium(database_url: str) -> Iterator[Engine]:
    """An engine with three connections that were used and are idle now."""
    engine = open_engine(f"{database_url}&application_name={NAME}")
    connections = [engine.connect() for _ in range(3)]
    for connection in connections:
        connection.execute(text("SELECT 1"))
        connection.close()
    yield engine
    engine.dispose()


def end_connections(database_url: str) -> None:
    other = open_engine(database_url)
    with other.begin() as connection:
        connection.execute(text(END_ALL))
    other.dispose()


def test_idle_connections_that_died_are_replaced_unnoticed(
    podium: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "TRUSTED_SECONDS", 0.0)
    end_connections(database_url)
    for _ in range(4):
        with transaction(open_sessions(podium)) as session:
            assert session.scalar(text("SELECT 1")) == 1


def test_a_busy_connection_that_died_costs_one_request_and_renews_all_others(
    podium: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "TRUSTED_SECONDS", 60.0)
    end_connections(database_url)
    with pytest.raises(DatabaseAway), transaction(open_sessions(podium)) as session:
        session.scalar(text("SELECT 1"))
    for _ in range(4):
        with transaction(open_sessions(podium)) as session:
            assert session.scalar(text("SELECT 1")) == 1
