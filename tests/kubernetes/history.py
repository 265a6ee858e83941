"""The objects of an API server and what happened to them, as far as it remembers.

It keeps to what Kubernetes says of resource versions: one rising number, and lists are snapshots of one of them.
"""

import itertools
import threading
from typing import Any

Document = dict[str, Any]


class History:
    def __init__(self) -> None:
        self.changed = threading.Condition()
        self._objects: dict[str, dict[str, Document]] = {}
        self._events: list[tuple[int, str, str, Document]] = []
        self._version = 100
        self._forgotten = 100
        self._snapshots: dict[str, tuple[int, list[Document]]] = {}
        self._numbers = itertools.count(1)

    def put(self, kind: str, document: Document) -> Document:
        """Create or change an object; return it as it is stored."""
        with self.changed:
            self._version += 1
            objects = self._objects.setdefault(kind, {})
            name = document["metadata"]["name"]
            event = "MODIFIED" if name in objects else "ADDED"
            meta = {"uid": f"uid-{next(self._numbers)}", **document["metadata"], "resourceVersion": str(self._version)}
            meta.setdefault("creationTimestamp", "2026-11-25T18:40:00Z")
            objects[name] = {**document, "metadata": meta}
            self._events.append((self._version, kind, event, objects[name]))
            self.changed.notify_all()
            return objects[name]

    def remove(self, kind: str, name: str) -> None:
        with self.changed:
            self._version += 1
            document = self._objects[kind].pop(name)
            document = {**document, "metadata": {**document["metadata"], "resourceVersion": str(self._version)}}
            self._events.append((self._version, kind, "DELETED", document))
            self.changed.notify_all()

    def bookmark(self, kind: str) -> int:
        """Tell watches how far they are; return that version."""
        with self.changed:
            self._version += 1
            document = {"metadata": {"resourceVersion": str(self._version)}}
            self._events.append((self._version, kind, "BOOKMARK", document))
            self.changed.notify_all()
            return self._version

    def forget(self) -> None:
        """Compact the history: no watch can be opened from before now."""
        with self.changed:
            self._version += 1
            self._forgotten = self._version
            self._events.clear()

    def names(self, kind: str) -> set[str]:
        with self.changed:
            return set(self._objects.get(kind, {}))

    def get(self, kind: str, name: str) -> Document:
        with self.changed:
            return self._objects[kind][name]

    def page(self, kind: str, limit: int, token: str | None) -> Document:
        """Return a list's first page, or the one that a token of an earlier page stands for."""
        with self.changed:
            if token:
                version, rest = self._snapshots.pop(token)
            else:
                version, rest = self._version, list(self._objects.get(kind, {}).values())
            meta: Document = {"resourceVersion": str(version)}
            if len(rest) > limit:
                meta["continue"] = f"page-{next(self._numbers)}"
                self._snapshots[meta["continue"]] = (version, rest[limit:])
            return {"kind": "List", "metadata": meta, "items": rest[:limit]}

    def events_after(self, version: int) -> list[tuple[int, str, str, Document]]:
        """Return the version, kind, type and object of what happened since."""
        with self.changed:
            return [event for event in self._events if event[0] > version]

    def is_forgotten(self, version: str) -> bool:
        return int(version) < self._forgotten
