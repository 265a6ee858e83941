"""A copy of a collection of the API, kept up to date: list, watch from there, list again when the server forgot.

A list replaces the copy as a whole, never in parts, and the copy never goes back behind what this process has written:
what it created itself is there at once, and stays until a list or the watch is known to be newer.
"""

import json
import random
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Generic, Protocol, TypeVar

import structlog

from controller.cluster import ClusterAway
from controller.kubernetes.api import Api, Json, Refused, Stream, Unanswered

log = structlog.get_logger(__name__)

PAGE = 500
"""Objects in one answer; more would make the server and this process hold too much at once."""


class Expired(Exception):
    """The server has forgotten what came after our version."""


class Item(Protocol):
    @property
    def uid(self) -> str: ...

    @property
    def version(self) -> int: ...


ItemT = TypeVar("ItemT", bound=Item)


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection(Generic[ItemT]):
    """What is reflected, and how its documents are read."""

    path: str
    selector: str
    read: Callable[[Json, ItemT | None], ItemT | None]
    """What it answers None for is left out. Its second argument is what the same object was before."""
    keeps_lost: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    resync_seconds: float = 300.0
    """A new list after so long, whatever the watch says."""
    watch_seconds: float = 60.0
    """The server ends a watch after so long: a connection that died unseen is noticed a little later."""
    watch_slack_seconds: float = 15.0
    first_pause_seconds: float = 0.25
    longest_pause_seconds: float = 10.0
    stale_seconds: float = 60.0
    """What was known this long before the server fell silent is not acted on any more."""
    first_list_seconds: float = 5.0
    unconfirmed_seconds: float = 60.0
    """How long something that this process created may be missing in lists; a server answers much sooner."""
    lost_seconds: float = 3600.0
    """How long what was lost is remembered when nobody says before that it may be forgotten: a standby never does."""


USUAL_TIMING = Timing()


class Reflector(Generic[ItemT]):
    """Its methods may be called from any thread; its own thread asks the server."""

    def __init__(
        self, api: Api, collection: Collection[ItemT], changed: Callable[[], None], timing: Timing = USUAL_TIMING
    ) -> None:
        """Keep a copy of `collection` from `start` on, and call `changed` from a thread whenever it differs."""
        self._api, self._collection, self._changed, self._timing = api, collection, changed, timing
        self._lock = threading.Lock()
        self._items: dict[str, ItemT] = {}
        self._lost: dict[str, tuple[ItemT, float]] = {}
        """And when that was seen, by the monotonic clock."""
        self._created: dict[str, float] = {}
        self._version: int | None = None
        self._listed_at = -float("inf")
        self._failing_since: float | None = None
        self._failures = 0
        self._failure = "the first list has not come yet"
        self._list_after = 0.0
        """A list that was asked for before this moment, by the monotonic clock, is not good enough."""
        self._needed_after = 0.0
        """And one from before this moment is shown to nobody."""
        self._stream: Stream | None = None
        self._has_listed = threading.Event()
        self._closing = threading.Event()
        self._name = collection.path.rsplit("/", 1)[-1]
        self._thread = threading.Thread(target=self._run, name=f"reflect-{self._name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def items(self) -> Mapping[str, ItemT]:
        """Return what is there, by uid, once the list has come that is needed; the wait for it has a limit.

        Raises ClusterAway after it, and when the server has been silent for too long.
        """
        self._has_listed.wait(self._timing.first_list_seconds)
        with self._lock:
            silent_seconds = time.monotonic() - self._failing_since if self._failing_since is not None else 0.0
            if not self._has_listed.is_set() or silent_seconds > self._timing.stale_seconds:
                raise ClusterAway(f"{self._collection.path}: {self._failure}")
            return dict(self._items)

    def lost(self) -> Mapping[str, ItemT]:
        """Return what was there and is no more, by uid, as it was seen last, until it is forgotten."""
        with self._lock:
            return {uid: item for uid, (item, _) in self._lost.items()}

    def forget(self, uids: Iterable[str]) -> None:
        with self._lock:
            for uid in uids:
                self._lost.pop(uid, None)

    def add(self, item: ItemT) -> None:
        """Put in what this process just created, unless the watch has passed that moment already."""
        with self._lock:
            if self._version is None or item.version > self._version:
                self._items[item.uid] = item
                self._created[item.uid] = time.monotonic()

    def is_newer_than(self, moment: float) -> bool:
        """Say whether the last list was asked for after `moment`, by the monotonic clock."""
        with self._lock:
            return self._listed_at > moment

    def list_again(self) -> None:
        """Ask the server for a new list, now; `changed` is called when it is there."""
        with self._lock:
            self._list_after = time.monotonic()
            if self._stream is not None:
                self._stream.cut()

    def renew(self) -> None:
        """Answer with nothing but what the server says from now on, as before the first list."""
        with self._lock:
            self._needed_after = time.monotonic()
            self._has_listed.clear()
            self._failure = "a new list has not come yet"
        self.list_again()

    def close(self) -> None:
        self._closing.set()
        self.list_again()
        if self._thread.is_alive():
            self._thread.join(timeout=2.0)

    def _run(self) -> None:
        while not self._closing.is_set():
            began, pause_seconds = time.monotonic(), 0.0
            try:
                self._follow()
            except Expired as error:
                self._list_after = began
                log.info("the watch has expired; listing again", collection=self._name, error=str(error))
            except (Unanswered, Refused) as error:
                self._failures += 1
                pause_seconds = self._pause_seconds(error)
                seconds = round(pause_seconds, 2)
                log.warning("no answer; asking again", collection=self._name, error=str(error), seconds=seconds)
                self._note_failure(str(error))
            except Exception as error:  # a document that cannot be read must not end the watch for ever
                self._list_after, pause_seconds = time.monotonic(), self._timing.longest_pause_seconds
                log.exception("the watch failed; listing again", collection=self._name, seconds=pause_seconds)
                self._note_failure(f"{type(error).__name__}: {error}")
            if time.monotonic() - began < self._timing.first_pause_seconds:  # a server that ends every watch at once
                pause_seconds = max(pause_seconds, self._timing.first_pause_seconds)
            self._closing.wait(pause_seconds)

    def _follow(self) -> None:
        """List when that is due, then watch until the server ends it."""
        began = time.monotonic()
        jitter = random.uniform(0.9, 1.1)  # so that replicas do not all list at once
        if self._must_list() or began - self._listed_at > self._timing.resync_seconds * jitter:
            self._list(began)
        self._watch()

    def _list(self, began: float) -> None:
        items: dict[str, ItemT] = {}
        query: dict[str, str | int] = {"labelSelector": self._collection.selector, "limit": PAGE}
        while True:
            answer = self._api.get(self._collection.path, query)
            for document in answer.get("items") or ():
                item = self._collection.read(document, self._items.get(document["metadata"]["uid"]))
                if item is not None:
                    items[item.uid] = item
            query["continue"] = answer["metadata"].get("continue") or ""
            if not query["continue"]:
                break
        self._replace(items, int(answer["metadata"]["resourceVersion"]), began)
        self._changed()

    def _replace(self, items: dict[str, ItemT], version: int, began: float) -> None:
        with self._lock:
            since = time.monotonic() - self._timing.unconfirmed_seconds
            unconfirmed = {
                uid: created_at
                for uid, created_at in self._created.items()
                if uid not in items and created_at > since and self._items[uid].version > version
            }
            items |= {uid: self._items[uid] for uid in unconfirmed}
            self._lose({uid: item for uid, item in self._items.items() if uid not in items})
            self._items, self._created = items, unconfirmed
            self._version, self._listed_at = version, began
            self._failing_since, self._failures = None, 0
            if began > self._needed_after:
                self._has_listed.set()

    def _watch(self) -> None:
        query: dict[str, str | int] = {
            "labelSelector": self._collection.selector,
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": str(self._version),
            "timeoutSeconds": max(1, round(self._timing.watch_seconds)),
        }
        silence_seconds = self._timing.watch_seconds + self._timing.watch_slack_seconds
        try:
            stream = self._api.stream(self._collection.path, query, read_seconds=silence_seconds)
        except Refused as error:
            if error.status == HTTPStatus.GONE:
                raise Expired(str(error)) from error
            raise
        with self._lock:
            self._stream, self._failing_since, self._failures = stream, None, 0
        try:
            for line in stream.lines() if not self._must_list() else ():
                if self._apply(json.loads(line)):
                    self._changed()
        except Unanswered:
            if not self._must_list():  # else we cut it ourselves
                raise
        finally:
            with self._lock:
                self._stream = None
            stream.close()

    def _apply(self, event: Json) -> bool:
        """Take in what the watch says. Return whether anything is different now."""
        kind, document = event["type"], event["object"]
        if kind == "ERROR":  # nearly always that the version is too old, and in all else a list helps as well
            raise Expired(str(document.get("message", "")))
        uid, version = document["metadata"].get("uid", ""), int(document["metadata"]["resourceVersion"])
        with self._lock:
            self._version = version
            before = self._items.get(uid)
            item = None if kind == "BOOKMARK" else self._collection.read(document, before)
            if item is None:
                return False
            self._created.pop(uid, None)
            if kind != "DELETED":
                self._items[uid] = item
                return item != before
            self._items.pop(uid, None)
            self._lose({uid: item})
            return True

    def _lose(self, items: Mapping[str, ItemT]) -> None:
        """Remember what is gone, under the lock, and forget what has been so for long."""
        if self._collection.keeps_lost:
            now = time.monotonic()
            since = now - self._timing.lost_seconds
            self._lost = {uid: lost for uid, lost in self._lost.items() if lost[1] > since}
            self._lost |= {uid: (item, now) for uid, item in items.items()}

    def _must_list(self) -> bool:
        return self._listed_at <= self._list_after

    def _pause_seconds(self, error: Unanswered | Refused) -> float:
        """Back off with jitter, and never before the server wants to be asked again."""
        longest_seconds = self._timing.first_pause_seconds * 2.0 ** min(self._failures, 16)
        pause_seconds = min(longest_seconds, self._timing.longest_pause_seconds) * random.uniform(0.5, 1.0)
        return max(pause_seconds, error.retry_after_seconds) if isinstance(error, Unanswered) else pause_seconds

    def _note_failure(self, failure: str) -> None:
        with self._lock:
            self._failure = failure
            if self._failing_since is None:
                self._failing_since = time.monotonic()
