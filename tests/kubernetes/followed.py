"""A reflector that follows a collection of small things, and what it has of them."""

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from controller.cluster import ClusterAway
from controller.kubernetes.api import Json
from controller.kubernetes.reflector import Collection, Reflector, Timing
from tests.kubernetes.api_server import NAMESPACE, ApiServer
from tests.waiting import wait_for

QUICK = Timing(
    resync_seconds=600,
    watch_seconds=30,
    first_pause_seconds=0.01,
    longest_pause_seconds=0.05,
    stale_seconds=0.3,
    first_list_seconds=10,
)


@dataclass(frozen=True, kw_only=True)
class Thing:
    uid: str
    version: int = field(compare=False)
    name: str
    color: str


def read(document: Json, before: Thing | None = None) -> Thing | None:
    meta = document["metadata"]
    if document.get("color") == "invisible":
        return None
    return Thing(uid=meta["uid"], version=int(meta["resourceVersion"]), name=meta["name"], color=document["color"])


def thing(name: str, color: str = "red", **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "color": color, **more}


class Followed:
    """A server, and a reflector that follows its things."""

    def __init__(self, server: ApiServer) -> None:
        self.server = server
        self.changes = 0
        self.reflector = self.follow(QUICK, start=False)

    def follow(self, timing: Timing, *, start: bool = True) -> Reflector[Thing]:
        path = f"/api/v1/namespaces/{NAMESPACE}/things"
        collection = Collection(path=path, selector="a=b", read=read, keeps_lost=True)
        self.reflector = Reflector(self.server.api(), collection, self._note, timing)
        if start:
            self.reflector.start()
        return self.reflector

    def colors(self) -> dict[str, str]:
        return {thing.name: thing.color for thing in self.reflector.items().values()}

    def lost(self) -> dict[str, str]:
        return {thing.name: thing.color for thing in self.reflector.lost().values()}

    def until(self, **colors: str) -> None:
        def are_so() -> bool:
            with suppress(ClusterAway):
                return self.colors() == colors
            return False

        wait_for(are_so, str(colors))

    def lists(self) -> int:
        return self.server.count(lambda request: request.is_list and "continue" not in request.query)

    def watches(self) -> int:
        return self.server.opened.count("things")

    def until_watched(self, times: int) -> None:
        wait_for(lambda: self.watches() >= times, f"{times} watches")

    def _note(self) -> None:
        self.changes += 1
