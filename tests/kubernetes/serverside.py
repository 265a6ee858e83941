"""What happens at the API server beside a controller: Pods run, Jobs end, requests arrive and are refused."""

from typing import Any

from controller.kubernetes.job import House
from controller.kubernetes.reflector import Timing
from tests.kubernetes.api_server import NAMESPACE, Answer, ApiServer, Request
from tests.kubernetes.documents import running

QUICK = Timing(first_pause_seconds=0.01, longest_pause_seconds=0.05, watch_seconds=30)
HOUSE = House(namespace=NAMESPACE, controller="podium")


def start(server: ApiServer, job: str = "trial-a1", state: Any = None, phase: str = "Running", **meta: Any) -> str:
    """Give a Job its Pod, as the Job controller and a kubelet do; return its name."""
    name, uid = f"{job}-x7c2p", server.get("jobs", job)["metadata"]["uid"]
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": job, "uid": uid}
    pod = {
        "metadata": {"name": name, "ownerReferences": [owner], **meta},
        "spec": {"nodeName": "node-a"},
        "status": {"phase": phase, "containerStatuses": [{"name": "worker", "state": state or running()}]},
    }
    server.put("pods", pod)
    return name


def end(server: ApiServer, job: str, *conditions: Any) -> None:
    server.put("jobs", {**server.get("jobs", job), "status": {"conditions": list(conditions)}})


def posted(server: ApiServer, kind: str) -> list[Request]:
    return [one for one in server.requests if (one.method, one.kind) == ("POST", kind)]


def deleted(server: ApiServer) -> list[Request]:
    return [one for one in server.requests if one.method == "DELETE"]


def refusing(kind: str, *answers: Answer, method: str = "POST") -> Any:
    """Return a rule that gives these answers to the first requests of a kind."""
    left = iter(answers)
    return lambda asked: next(left, None) if (asked.method, asked.kind) == (method, kind) else None
