"""The connection to PostgreSQL: engine, sessions, migrations, and the channel that wakes the reconciler."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, event, func, make_url, select, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from controller.errors import DatabaseAway

CHANNEL = "podium"
WATCH_CHANNEL = "podium_watch"
"""Bears names of Jobs whose output somebody watches."""
CONNECT_TIMEOUT_SECONDS = 5
POOL_TIMEOUT_SECONDS = 10
USUAL_POOL = 20
"""Connections of a process."""
TRUSTED_SECONDS = 1.0
"""A connection that was in use so lately is taken again without asking whether it is alive: that is a round trip."""
NOTICE_SECONDS = 10
"""A peer that is gone without a word, as with its node, is noticed after this."""
NOTICING = {
    "tcp_user_timeout": 1000 * NOTICE_SECONDS,
    "keepalives": 1,
    "keepalives_idle": NOTICE_SECONDS // 2,
    "keepalives_interval": NOTICE_SECONDS // 5,
    "keepalives_count": 2,
}
"""libpq's words for it, on the client's side of a connection."""
Sessions = Callable[[], Session]


class DatabaseUnusable(Exception):
    """The database cannot be used as it is; the message says which command mends it."""


def open_engine(url: str, pool_size: int = USUAL_POOL) -> Engine:
    """Return an engine for PostgreSQL. Raises DatabaseUnusable when the URL names something else."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise DatabaseUnusable("PODIUM_DATABASE_URL is no database URL; write postgresql://user@host/name") from None
    if parsed.get_backend_name() != "postgresql":
        raise DatabaseUnusable(f"PODIUM_DATABASE_URL names {parsed.get_backend_name()}; Podium needs PostgreSQL")
    engine = create_engine(
        parsed.set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_SECONDS,
        connect_args={"connect_timeout": CONNECT_TIMEOUT_SECONDS, **NOTICING},
    )
    _refuse_the_dead(engine)
    return engine


def _refuse_the_dead(engine: Engine) -> None:
    """Have a connection that was idle asked whether it lives: a database that was away left dead ones behind.

    Where one that was busy just now turns out to be dead, its request is answered with 503, and all others are renewed.
    """

    def left(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        record.info["idle_since"] = time.monotonic()

    def taken(connection: DBAPIConnection, record: ConnectionPoolEntry, proxy: object) -> None:
        idle_since = record.info.get("idle_since")
        if idle_since is None or time.monotonic() - idle_since < TRUSTED_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except psycopg.Error as error:
            raise InvalidatePoolError from error  # the pool connects anew, and takes none of the others either

    event.listen(engine, "checkin", left)
    event.listen(engine, "checkout", taken)


def open_sessions(engine: Engine) -> sessionmaker[Session]:
    return sessionmaker(engine, expire_on_commit=False)


@contextmanager
def transaction(sessions: Sessions) -> Iterator[Session]:
    """Open the one transaction of a request or a step. Raises DatabaseAway when PostgreSQL does not answer."""
    try:
        with sessions() as session, session.begin():
            yield session
    except (OperationalError, PoolTimeout) as error:
        raise DatabaseAway("the database does not answer; try again in a few seconds") from error


def wake_reconciler(session: Session) -> None:
    """Have PostgreSQL wake the reconciler once this transaction commits."""
    session.execute(text(f"NOTIFY {CHANNEL}"))


def ask_for_output(session: Session, jobs: Iterable[str]) -> None:
    """Have PostgreSQL tell the leader, once this transaction commits, that somebody watches the output of Jobs."""
    for job in jobs:
        session.execute(select(func.pg_notify(WATCH_CHANNEL, job)))


def is_reachable(engine: Engine) -> bool:
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except (OperationalError, PoolTimeout):
        return False
    return True


def migrate(engine: Engine) -> None:
    """Bring the schema to what this version needs. Running it again, or on a newer schema, changes nothing."""
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(7021)"))  # two migrations at once take turns
        found = MigrationContext.configure(connection).get_current_revision()
        if found is not None and found not in _known_revisions():
            return
        config = _alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def require_migrated(engine: Engine) -> None:
    """Raise DatabaseUnusable when the schema is older than what this version needs.

    A newer one is good: migrations only add, and during an upgrade the Pods of the version before go on for a while.
    """
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    needed, *older = _known_revisions()
    if found is None or found in older:
        raise DatabaseUnusable(
            f"the schema is at {found or 'nothing'}, this version needs {needed}; run `podium-controller migrate`"
        )


def _known_revisions() -> list[str]:
    """Return the revisions that this version has migrations for, the newest first."""
    return [script.revision for script in ScriptDirectory.from_config(_alembic_config()).walk_revisions()]


def _alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
