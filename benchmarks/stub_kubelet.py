"""Every kubelet and every worker of a cluster in one process: Pods are bound, run, report their epochs, and succeed.

    python -m benchmarks.stub_kubelet FOLDER SERVER API --nodes 50 --minutes 20 --until-filled FILE --diary FILE

No container is started. What a worker would say to the API is said over HTTP with the run token of the Job's Secret,
each time on a connection of its own. A run takes a drawn time around `--minutes`, its epochs equal parts of it. Those
that start before FILE exists wait for it and are then somewhere on their way, as in a search that has long been going
on. The diary has a line for each Job when it is first seen, for each last report before it is sent, and for each report
when it is answered.
"""

import argparse
import asyncio
import base64
import json
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import httpx2

from benchmarks.control_plane import NAMESPACE, ControlPlane
from benchmarks.finished_trials import accuracy

PODS, SECRETS = f"/api/v1/namespaces/{NAMESPACE}/pods", f"/api/v1/namespaces/{NAMESPACE}/secrets"
JOBS = f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs"
JOB_LABEL = "job-name"
START_SECONDS = 1.0
"""From the Pod's creation to its first request, as if the image were there already."""
EXIT_SECONDS = 1.0
RETRY_SECONDS = 0.2
MERGE = {"Content-Type": "application/merge-patch+json"}

Document = dict[str, Any]  # Any: an object of the API


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("server")
    arguments.add_argument("api")
    arguments.add_argument("--nodes", type=int, required=True)
    arguments.add_argument("--minutes", type=float, required=True)
    arguments.add_argument("--until-filled", type=Path, required=True)
    arguments.add_argument("--diary", type=Path, required=True)
    given = arguments.parse_args()
    with given.diary.open("a", buffering=1) as diary:
        asyncio.run(run(given, ControlPlane(url=given.server, folder=given.folder), diary))


async def run(given: argparse.Namespace, plane: ControlPlane, diary: TextIO) -> None:
    limits = httpx2.Limits(max_connections=100, max_keepalive_connections=100)
    one_request_each = httpx2.Limits(max_connections=500, max_keepalive_connections=0)
    async with (
        httpx2.AsyncClient(base_url=plane.url, verify=plane.trust(), timeout=60, limits=limits) as cluster,
        httpx2.AsyncClient(base_url=given.api, timeout=60, limits=one_request_each) as api,
    ):
        kubelet = Kubelet(
            cluster=cluster,
            api=api,
            nodes=given.nodes,
            mean_seconds=60 * given.minutes,
            filled=given.until_filled,
            diary=diary,
        )
        await asyncio.gather(
            follow(cluster, PODS, kubelet.see_pod), follow(cluster, JOBS, kubelet.see_job), kubelet.wait_until_filled()
        )


async def follow(cluster: httpx2.AsyncClient, path: str, see: Callable[[str, Document], None]) -> None:
    """Call `see` for all that is there and for every change, for ever."""
    while True:
        with suppress(httpx2.TransportError):
            found = (await cluster.get(path)).json()
            for document in found["items"]:
                see("ADDED", document)
            async for kind, document in changes(cluster, path, found["metadata"]["resourceVersion"]):
                see(kind, document)
        await asyncio.sleep(RETRY_SECONDS)


async def changes(cluster: httpx2.AsyncClient, path: str, version: str) -> AsyncIterator[tuple[str, Document]]:
    query = {"watch": "true", "resourceVersion": version, "timeoutSeconds": "3600"}
    async with cluster.stream("GET", path, params=query, timeout=None) as answer:
        async for line in answer.aiter_lines():
            event = json.loads(line)
            if event["type"] == "ERROR":
                return
            yield event["type"], event["object"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kubelet:
    cluster: httpx2.AsyncClient
    api: httpx2.AsyncClient
    nodes: int
    mean_seconds: float
    filled: Path
    diary: TextIO
    _is_filled: asyncio.Event = field(default_factory=asyncio.Event)
    _lives: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _jobs: set[str] = field(default_factory=set)

    async def wait_until_filled(self) -> None:
        while not self.filled.exists():
            await asyncio.sleep(RETRY_SECONDS)
        self._is_filled.set()

    def see_job(self, kind: str, job: Document) -> None:
        uid, name = job["metadata"]["uid"], job["metadata"]["name"]
        if kind == "DELETED":
            self._jobs.discard(uid)
        elif uid not in self._jobs:
            self._jobs.add(uid)
            self._note("job", name)

    def see_pod(self, kind: str, pod: Document) -> None:
        uid = pod["metadata"]["uid"]
        is_over = pod["status"].get("phase") in ("Succeeded", "Failed")
        if kind == "DELETED" or is_over:
            life = self._lives.pop(uid, None)
            if life is not None and not is_over:
                life.cancel()
        elif pod["metadata"].get("deletionTimestamp"):
            life = self._lives.pop(uid, None)
            if life is not None:
                life.cancel()
            self._lives[uid] = asyncio.create_task(self._let_go(pod))
        elif uid not in self._lives:
            self._lives[uid] = asyncio.create_task(self._live(pod))

    async def _let_go(self, pod: Document) -> None:
        """Confirm the end of a Pod that is being deleted, as its node would."""
        await self.cluster.request("DELETE", f"{PODS}/{pod['metadata']['name']}", json={"gracePeriodSeconds": 0})

    async def _live(self, pod: Document) -> None:
        name, job = pod["metadata"]["name"], pod["metadata"]["labels"][JOB_LABEL]
        draw = random.Random(job)
        node = {"apiVersion": "v1", "kind": "Node", "name": f"node-{draw.randrange(self.nodes)}"}
        binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name}, "target": node}
        await self._change("POST", f"{PODS}/{name}/binding", binding)
        token = await self._token(job)
        await asyncio.sleep(START_SECONDS)
        started_at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        await self._show(pod, "Running", {"running": {"startedAt": started_at}})
        await self._train(job, token, draw)
        await asyncio.sleep(EXIT_SECONDS)
        ended = {"exitCode": 0, "reason": "Completed", "startedAt": started_at}
        ended["finishedAt"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        await self._show(pod, "Succeeded", {"terminated": ended})

    async def _token(self, job: str) -> str:
        """Read the Job's Secret, which follows the Job; a kubelet waits for it too."""
        while (answer := await self.cluster.get(f"{SECRETS}/{job}")).status_code != httpx2.codes.OK:
            await asyncio.sleep(RETRY_SECONDS)
        return decoded(answer.json()["data"]["token"])

    async def _train(self, job: str, token: str, draw: random.Random) -> None:
        seconds = self.mean_seconds * draw.uniform(0.5, 1.5)
        run = await self._ask("GET", "/api/v1/run", token)
        epochs = range(run["from_epoch"] + 1, run["to_epoch"] + 1)
        pause_seconds, begun = seconds / len(epochs), 0.0
        if not self._is_filled.is_set():
            epochs = epochs[draw.randrange(len(epochs)) :]  # those before were reported long ago
            begun = draw.random()  # of the epoch under way
            await self._is_filled.wait()
        for epoch in epochs:
            await asyncio.sleep(pause_seconds * (1 - begun))
            begun = 0.0
            value = accuracy(run["configuration"], epoch / run["full_epochs"]) + draw.gauss(0, 0.005)
            report = {"epoch": epoch, "metrics": {run["objective"]: value}, "seconds": 60.0}
            if epoch == run["to_epoch"]:
                self._note("end", job)
            began = time.perf_counter()
            answer = await self._ask("POST", "/api/v1/run/measurements", token, report)
            self._note("report", job, seconds=time.perf_counter() - began)
            if answer["verdict"] == "stop":
                return

    async def _ask(self, method: str, path: str, token: str, body: Document | None = None) -> Document:
        """Ask as the SDK does: what the controller cannot answer now is asked again."""
        headers = {"Authorization": f"Bearer {token}"}
        while True:
            with suppress(httpx2.TransportError):
                answer = await self.api.request(method, path, json=body, headers=headers)
                if answer.status_code == httpx2.codes.OK:
                    return dict(answer.json())
                self._note("refused", token, answer=f"{method} {path}: {answer.status_code} {answer.text}")
                if answer.status_code < httpx2.codes.INTERNAL_SERVER_ERROR:
                    raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
            await asyncio.sleep(RETRY_SECONDS)

    async def _show(self, pod: Document, phase: str, state: Document) -> None:
        container = pod["spec"]["containers"][0]
        status = {
            "name": container["name"],
            "image": container["image"],
            "imageID": container["image"],
            "ready": phase == "Running",
            "restartCount": 0,
            "state": state,
        }
        body = {"status": {"phase": phase, "containerStatuses": [status]}}
        await self._change("PATCH", f"{PODS}/{pod['metadata']['name']}/status", body)

    async def _change(self, method: str, path: str, body: Document) -> None:
        """Send a change to the API server, again if it was not heard; it may find that the first try was."""
        headers = MERGE if method == "PATCH" else None
        await until_heard(lambda: self.cluster.request(method, path, json=body, headers=headers))

    def _note(self, what: str, job: str, **more: object) -> None:
        print(json.dumps({"at": time.time(), "what": what, "job": job, **more}), file=self.diary)


async def until_heard(ask: Callable[[], Awaitable[httpx2.Response]]) -> httpx2.Response:
    while True:
        with suppress(httpx2.TransportError):
            return await ask()
        await asyncio.sleep(RETRY_SECONDS)


def decoded(secret: str) -> str:
    return base64.b64decode(secret).decode()


if __name__ == "__main__":
    main()
