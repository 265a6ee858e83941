"""A release of the chart in a namespace of its own, seen as a user sees it: through HTTP, kubectl and helm."""

import base64
import json
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2

from tests.e2e.nodes import Node
from tests.e2e.shell import run
from tests.waiting import wait_for

API = "/api/v1/experiments"
RELEASE = "podium"
VALUES = Path(__file__).with_name("values.yaml")
STUB = Path(__file__).with_name("stub_worker.py")
DIARY = "/artifacts/diary"
"""Beside the checkpoints: on the volume that workers and API have in common."""
GATE = "/artifacts/gate"
"""Workers that are told of it end no epoch before it is there."""
LOCK = "locktype = 'advisory' and granted and mode = 'ExclusiveLock'"
"""The row of pg_locks that makes a reconciler the active one."""
OURS = "app.kubernetes.io/managed-by=podium"
"""What the reconciler makes; helm's own objects are managed by Helm."""


class Installation:
    def __init__(self, node: Node, namespace: str, tag: str) -> None:
        self.node = node
        self.namespace = namespace
        self.tag = tag
        self._forward: subprocess.Popen[bytes] | None = None
        self.http = httpx2.Client(timeout=30)

    # The release

    def install(self, *arguments: str) -> str:
        """Make the namespace and its volumes, and install the chart."""
        self.make_namespace()
        output = self.helm("install", RELEASE, "charts/podium", *self._values(), *arguments)
        self.connect()
        return output

    def upgrade(self, *arguments: str) -> str:
        return self.helm("upgrade", RELEASE, "charts/podium", *self._values(), *arguments)

    def helm(self, *arguments: str) -> str:
        return run("helm", "--kubeconfig", self.node.kubeconfig, "--namespace", self.namespace, *arguments, seconds=600)

    def _values(self) -> list[str]:
        settings = {
            "image.tag": self.tag,
            "worker.image.tag": self.tag,
            "postgres.image.tag": self.node.postgres_tag,
            "artifacts.volume.storageClass": self.node.storage_class,
            "postgres.volume.storageClass": self.node.storage_class,
        }
        given = ",".join(f"{name}={value}" for name, value in settings.items())
        return ["--wait", "--timeout", "5m", "--values", str(VALUES), "--set-string", given]

    def make_namespace(self) -> None:
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace, "labels": labels}}
        claims = [f"{RELEASE}-artifacts", f"data-{RELEASE}-postgres-0"]
        for document in (namespace, *self.node.volumes(self.namespace, claims)):
            self.kubectl("apply", "--filename", "-", stdin=json.dumps(document))

    def remove(self) -> None:
        """Remove the release, its namespace and its volumes, whatever state they are in."""
        self.close()
        with suppress(AssertionError):
            self.helm("uninstall", RELEASE, "--wait", "--timeout", "2m")
        run("kubectl", "--kubeconfig", self.node.kubeconfig, "delete", "namespace", self.namespace,
            "--ignore-not-found", "--timeout=180s", seconds=200)  # fmt: skip
        for name in self.kubectl("get", "pv", "--output", "name").split():
            if f"/{self.namespace}-" in name:
                self.kubectl("delete", name)
        self.node.forget(self.namespace)

    # The way in

    def connect(self) -> None:
        """Find the API's address, and the token that it wants."""
        if self.node.is_reachable():
            address = self.kubectl("get", "service", f"{RELEASE}-api", "--output", "jsonpath={.spec.clusterIP}:8080")
        else:
            address = self._forwarded()
        self.url = f"http://{address}"
        self.token = self.secret(f"{RELEASE}-auth", "admin-token")
        self.http.close()
        self.http = httpx2.Client(base_url=self.url, timeout=30, headers={"Authorization": f"Bearer {self.token}"})

    def _forwarded(self) -> str:
        self.close()
        command = ["kubectl", "--kubeconfig", self.node.kubeconfig, "--namespace", self.namespace]
        command += ["port-forward", f"service/{RELEASE}-api", ":8080"]
        self._forward = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self._forward.stdout is not None
        line = self._forward.stdout.readline().decode()  # Forwarding from 127.0.0.1:40001 -> 8080
        return line.split(" -> ")[0].rpartition(" ")[2]

    def close(self) -> None:
        if self._forward is not None:
            self._forward.terminate()
            self._forward.wait()
            assert self._forward.stdout is not None
            self._forward.stdout.close()
            self._forward = None
        self.http.close()

    def secret(self, name: str, key: str) -> str:
        encoded = self.kubectl("get", "secret", name, "--output", f"jsonpath={{.data.{key}}}")
        return base64.b64decode(encoded).decode()

    def is_ready(self) -> bool:
        try:
            return self.http.get("/readyz").status_code == 200
        except httpx2.TransportError:
            if not self.node.is_reachable():
                self.connect()
            return False

    # Experiments

    def create(self, **changes: Any) -> str:
        """Create an experiment of the stub worker. Keys of `trial` and `env` are laid over the usual ones."""
        spec = stub_spec(self.image("controller"))
        trial, env = changes.pop("trial", {}), changes.pop("env", {})
        spec["trial"] |= {"env": spec["trial"]["env"] | env} | trial
        answer = self.http.post(API, json=spec | changes)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def image(self, part: str) -> str:
        return f"podium-{part}:{self.tag}"

    def get(self, path: str) -> Any:
        """Read something of an experiment, over moments in which nobody serves."""
        answers = []

        def is_answered() -> bool:
            with suppress(httpx2.TransportError):
                answer = self.http.get(f"{API}/{path}")
                if answer.status_code != 503:
                    answers.append(answer)
            return bool(answers)

        wait_for(is_answered, f"GET {path} is answered", 90)
        assert answers[0].status_code == 200, answers[0].text
        return answers[0].json()

    def all_of(self, path: str) -> list[Any]:
        return list(self.get(f"{path}?limit=1000")["items"])

    def wait_until(self, experiment_id: str, state: str, seconds: float = 300) -> float:
        return wait_for(lambda: self.get(experiment_id)["state"] == state, f"{experiment_id} is {state}", seconds)

    def finish(self, experiment_id: str) -> None:
        """Let an experiment that had budget to spare come to its end: one more full training, and it is complete."""
        assert self.get(experiment_id)["state"] == "running", "what was done fell while it ran"
        spent = self.get(experiment_id)["progress"]["cost_spent"]
        self.http.patch(f"{API}/{experiment_id}", json={"budget": {"cost": spent + 2}}).raise_for_status()
        self.wait_until(experiment_id, "completed", 400)

    def diary(self, experiment_id: str) -> list[tuple[int, int]]:
        """Return each trial's number and epoch that was trained, as the workers wrote it down themselves."""
        lines = self.inside_reconciler("sh", "-c", f"cat {DIARY} 2> /dev/null || true").splitlines()
        entries = [entry for entry in map(json.loads, lines) if entry["experiment"] == experiment_id]
        return [(entry["trial"], entry["epoch"]) for entry in entries]

    def inside_reconciler(self, *command: str) -> str:
        return self.kubectl("exec", f"deployment/{RELEASE}-reconciler", "--", *command)

    # The cluster

    def kubectl(self, *arguments: str, stdin: str | None = None, seconds: float = 120) -> str:
        scope = ["--kubeconfig", self.node.kubeconfig, "--namespace", self.namespace]
        return run("kubectl", *scope, *arguments, stdin=stdin, seconds=seconds)

    def objects(self, kind: str, selector: str = "") -> list[dict[str, Any]]:
        answer = self.kubectl("get", kind, "--output", "json", f"--selector={selector}")
        return list(json.loads(answer)["items"])

    def names(self, kind: str, selector: str = "") -> list[str]:
        return [found["metadata"]["name"] for found in self.objects(kind, selector)]

    def pods_of(self, component: str) -> list[str]:
        """Return the names of the Pods of a component that are not on their way out."""
        return [each["metadata"]["name"] for each in self.staying(component)]

    def is_running(self, pod: str) -> bool:
        """Say whether the kubelet tells of a running container; on a busy node it does so long after the start."""
        state = self.kubectl("get", "pod", pod, "--output", "jsonpath={.status.containerStatuses[0].state.running}")
        return state != ""

    def images_of(self, component: str) -> set[str]:
        """Return what the Pods of a component run that are not on their way out."""
        return {container["image"] for each in self.staying(component) for container in each["spec"]["containers"]}

    def staying(self, component: str) -> list[dict[str, Any]]:
        """Return the Pods of a component that are not on their way out."""
        found = self.objects("pods", f"app.kubernetes.io/component={component}")
        return [each for each in found if "deletionTimestamp" not in each["metadata"]]

    def diagnosis(self) -> str:
        """Return what a person would look at first when something went wrong."""
        reconciler = (
            "logs",
            "--selector=app.kubernetes.io/component=reconciler",
            "--container=reconciler",
            "--tail=40",
        )
        told = []
        for question in (("get", "pods,jobs"), ("get", "events", "--sort-by=.lastTimestamp"), reconciler):
            with suppress(AssertionError):
                told.append("\n".join(self.kubectl(*question).splitlines()[-60:]))
        return "\n\n".join(told)

    def sql(self, statement: str) -> list[str]:
        script = f'PGPASSWORD="$POSTGRES_PASSWORD" psql -h 127.0.0.1 -U podium -d podium -At -c "{statement}"'
        return self.kubectl("exec", f"{RELEASE}-postgres-0", "--", "sh", "-c", script).split()

    def active_reconciler(self) -> str | None:
        """Return the Pod that holds the lock; the database knows it by its address."""
        held = self.sql(f"select host(client_addr) from pg_stat_activity join pg_locks using (pid) where {LOCK}")
        addresses = {pod["status"].get("podIP"): pod["metadata"]["name"] for pod in self.objects("pods")}
        return next((addresses[address] for address in held if address in addresses), None)

    def leader(self) -> str:
        """Return the Pod of the active reconciler, once there is one."""
        wait_for(lambda: self.active_reconciler() is not None, "a reconciler leads")
        found = self.active_reconciler()
        assert found is not None
        return found


def stub_spec(image: str) -> dict[str, Any]:
    return {
        "name": "chaos",
        "objective": {"metric": "score"},
        "parameters": {"x": {"type": "real", "low": 0.0, "high": 1.0}},
        "fidelity": {"rungs": {"small": 1, "medium": 2, "full": 4}},
        "budget": {"cost": 4.0},
        "parallelism": 3,
        "seed": 7,
        "trial": {
            "command": ["python", "-c", STUB.read_text()],
            "image": image,
            "env": {"DIARY": DIARY},
            "resources": {"requests": {"cpu": "5m", "memory": "32Mi"}, "limits": {"memory": "256Mi"}},
            "sharedMemory": "16Mi",
            "terminationGracePeriodSeconds": 5,
        },
    }
