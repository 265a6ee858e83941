"""Who may reconcile: the one process that holds a PostgreSQL advisory lock. It also hears what wakes it."""

import math
import threading
import time
from collections.abc import Callable

import psycopg
import structlog
from psycopg.conninfo import make_conninfo
from sqlalchemy import make_url

from controller.database import CHANNEL, CONNECT_TIMEOUT_SECONDS, NOTICE_SECONDS, NOTICING, WATCH_CHANNEL
from controller.leader_name import BEFORE_THE_FIRST

LOCK_KEY = 7020
RETRY_SECONDS = 1.0
HEARTBEAT_SECONDS = 5.0
"""How often a silent connection is asked whether it still lives."""

log = structlog.get_logger()


class Leadership:
    """Hold the lock as long as the connection lives, and call `wake` on every NOTIFY.

    The connection is the lease: when it breaks, PostgreSQL frees the lock and `is_held` turns false. `gained` is called
    each time that the lock was won, before anybody acts on it. What `named` says is the connection's name, for others
    to read, and is asked for every HEARTBEAT_SECONDS. `watched` is called with each Job whose output somebody watches.
    """

    def __init__(
        self,
        database_url: str,
        wake: Callable[[], None],
        gained: Callable[[], None] = lambda: None,
        named: Callable[[], str] = lambda: BEFORE_THE_FIRST,
        watched: Callable[[str], None] = lambda job: None,
    ) -> None:
        url = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._conninfo = make_conninfo(url, connect_timeout=CONNECT_TIMEOUT_SECONDS, **NOTICING)
        self._wake = wake
        self._gained = gained
        self._named = named
        self._watched = watched
        self._held = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="leadership", daemon=True)

    @property
    def is_held(self) -> bool:
        return self._held.is_set()

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Give the lock back. Returns when the connection is closed."""
        self._stopping.set()
        self._thread.join(timeout=2 * HEARTBEAT_SECONDS)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._lead()
            except psycopg.Error as error:
                log.warning("the database does not answer; trying again", error=str(error).strip())
            finally:
                self._held.clear()
            self._stopping.wait(RETRY_SECONDS)

    def _lead(self) -> None:
        with psycopg.connect(self._conninfo, autocommit=True) as connection:
            # the server's side of the same connection: it holds the lock
            connection.execute(f"SET tcp_keepalives_idle = {NOTICE_SECONDS // 2}")
            connection.execute(f"SET tcp_keepalives_interval = {NOTICE_SECONDS // 5}")
            connection.execute(f"SET tcp_user_timeout = '{NOTICE_SECONDS}s'")
            while not self._lock(connection):
                if self._stopping.wait(RETRY_SECONDS):
                    return
            connection.execute(f"LISTEN {CHANNEL}")
            connection.execute(f"LISTEN {WATCH_CHANNEL}")
            self._gained()
            self._held.set()
            self._wake()
            log.info("this process reconciles")
            beat_at = -math.inf
            while not self._stopping.is_set():
                if time.monotonic() - beat_at >= HEARTBEAT_SECONDS:
                    beat_at = time.monotonic()
                    connection.execute("SELECT set_config('application_name', %s, false)", (self._named(),))
                for notice in connection.notifies(timeout=HEARTBEAT_SECONDS, stop_after=1):
                    if notice.channel == WATCH_CHANNEL:
                        self._watched(notice.payload)
                    else:
                        self._wake()
                connection.execute("SELECT 1")

    def _lock(self, connection: psycopg.Connection[tuple[object, ...]]) -> bool:
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", (LOCK_KEY,)).fetchone()
        return row is not None and bool(row[0])
