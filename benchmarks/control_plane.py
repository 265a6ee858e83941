"""Kubernetes without nodes: etcd, kube-apiserver, and the Job controller with the garbage collector.

Everything listens on free ports of the loopback address, lives in one folder, and ends with the block, or with this
process when that is killed. The programs are those of hack/cluster; the objects that Podium needs are the chart's.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
PROGRAMS = Path(os.environ.get("CLUSTER_CACHE", Path.home() / ".cache" / "debian-k8s")) / "k8s"
NAMESPACE, OWNER = "podium", "podium-reconciler"
RECONCILER = f"system:serviceaccount:{NAMESPACE}:{OWNER}"
START_SECONDS, STOP_SECONDS = 90.0, 20.0
WANTED = {
    ("Role", OWNER): "/apis/rbac.authorization.k8s.io/v1/namespaces/podium/roles",
    ("RoleBinding", OWNER): "/apis/rbac.authorization.k8s.io/v1/namespaces/podium/rolebindings",
    ("ServiceAccount", OWNER): "/api/v1/namespaces/podium/serviceaccounts",
    ("ServiceAccount", "podium-worker"): "/api/v1/namespaces/podium/serviceaccounts",
    ("ConfigMap", "podium-pod-defaults"): "/api/v1/namespaces/podium/configmaps",
    ("Deployment", OWNER): "/apis/apps/v1/namespaces/podium/deployments",
}
"""Of the chart's objects, those that count here: the reconciler's rights, and the owner of its Jobs."""

Document = dict[str, Any]  # Any: an object of the API


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPlane:
    url: str
    folder: Path
    parts: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def kubeconfig(self) -> Path:
        """The reconciler's own, with the rights that the chart gives it."""
        return self.folder / "reconciler.kubeconfig"

    def trust(self) -> ssl.SSLContext:
        """Return the way in for the administrator, for whom no rule of fairness holds."""
        context = ssl.create_default_context(cafile=str(self.folder / "ca.crt"))
        context.load_cert_chain(str(self.folder / "admin.crt"), str(self.folder / "admin.key"))
        return context

    def client(self) -> httpx2.Client:
        return httpx2.Client(base_url=self.url, verify=self.trust(), timeout=30)

    def pod_defaults(self) -> str:
        """Return the chart's defaults for Pods, as the reconciler reads them from its ConfigMap."""
        with self.client() as client:
            found = client.get(f"/api/v1/namespaces/{NAMESPACE}/configmaps/podium-pod-defaults").json()
        return str(next(iter(found["data"].values())))


@contextmanager
def control_plane(folder: Path, nodes: int) -> Iterator[ControlPlane]:
    """Yield a control plane with so many nodes, which are objects and nothing else."""
    folder.mkdir(parents=True)
    etcd_port, peer_port, port = free_ports(3)
    plane = ControlPlane(url=f"https://127.0.0.1:{port}", folder=folder)
    make_certificates(folder)
    write_kubeconfig(plane, "admin")
    write_kubeconfig(plane, "reconciler")
    with ExitStack() as stack:

        def start(name: str, command: list[str]) -> None:
            plane.parts[name] = stack.enter_context(process(name, command, folder))

        start("etcd", etcd(folder, etcd_port, peer_port))
        start("kube-apiserver", api_server(folder, port, etcd_port))
        wait_until_ready(plane)
        start("kube-controller-manager", controllers(folder))
        make_objects(plane, nodes)
        yield plane


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


@contextmanager
def process(
    name: str, command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program in a group of its own, with its log beside it, until the block ends."""
    # setpriv: the kernel ends it when this process is killed and no `finally` is run
    command = ["setpriv", "--pdeathsig", "KILL", *command]
    with (folder / f"{name}.log").open("wb") as log:
        started = subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
        )
    try:
        yield started
    finally:
        end(started)


def end(started: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(started.pid, signal.SIGTERM)
    try:
        started.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(started.pid, signal.SIGKILL)
        started.wait()


def etcd(folder: Path, port: int, peer_port: int) -> list[str]:
    program = shutil.which("etcd")
    if program is None:
        raise SystemExit("no etcd; `apt-get install etcd-server`")
    client, peer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peer_port}"
    return [
        program,
        *("--data-dir", str(folder / "etcd"), "--name", "only", "--initial-cluster", f"only={peer}"),
        *("--listen-client-urls", client, "--advertise-client-urls", client),
        *("--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer),
        # patient: a busy machine must not cost it its leadership
        *("--heartbeat-interval", "500", "--election-timeout", "5000", "--logger", "zap"),
    ]


def api_server(folder: Path, port: int, etcd_port: int) -> list[str]:
    return [
        program_of_kubernetes("kube-apiserver"),
        f"--etcd-servers=http://127.0.0.1:{etcd_port}",
        f"--secure-port={port}",
        "--bind-address=127.0.0.1",
        "--endpoint-reconciler-type=none",  # a loopback address is no Endpoint
        f"--tls-cert-file={folder}/apiserver.crt",
        f"--tls-private-key-file={folder}/apiserver.key",
        f"--client-ca-file={folder}/ca.crt",
        f"--service-account-key-file={folder}/sa.key",
        f"--service-account-signing-key-file={folder}/sa.key",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--service-cluster-ip-range=10.97.0.0/16",
        "--authorization-mode=RBAC",
    ]


def controllers(folder: Path) -> list[str]:
    return [
        program_of_kubernetes("kube-controller-manager"),
        f"--kubeconfig={folder}/admin.kubeconfig",
        f"--authentication-kubeconfig={folder}/admin.kubeconfig",
        "--controllers=job,garbagecollector,serviceaccount",
        f"--service-account-private-key-file={folder}/sa.key",
        "--leader-elect=false",
        "--secure-port=0",
        "--port=0",
        "--kube-api-qps=200",  # its own default of 20 would be the first bottleneck of all
        "--kube-api-burst=400",
    ]


def program_of_kubernetes(name: str) -> str:
    if not (PROGRAMS / name).exists():
        raise SystemExit(f"no {name} in {PROGRAMS}; `hack/cluster build` makes it, in about ten minutes")
    return str(PROGRAMS / name)


def make_certificates(folder: Path) -> None:
    openssl(folder, "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -subj /CN=scale -days 2 -out ca.crt")
    openssl(folder, "genrsa -out sa.key 2048")
    sign(folder, "apiserver", "/CN=kube-apiserver", "serverAuth")
    sign(folder, "admin", "/O=system:masters/CN=admin", "clientAuth")
    sign(folder, "reconciler", f"/O=system:serviceaccounts/CN={RECONCILER}", "clientAuth")


def sign(folder: Path, name: str, subject: str, use: str) -> None:
    (folder / "extensions").write_text(f"extendedKeyUsage={use}\nsubjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl(folder, f"req -new -newkey rsa:2048 -nodes -keyout {name}.key -subj {subject} -out {name}.csr")
    ca = "-CA ca.crt -CAkey ca.key -CAcreateserial"
    openssl(folder, f"x509 -req -in {name}.csr {ca} -days 2 -out {name}.crt -extfile extensions")


def openssl(folder: Path, words: str) -> None:
    done = subprocess.run(["openssl", *words.split()], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"openssl {words}: {done.stderr}")


def write_kubeconfig(plane: ControlPlane, user: str) -> None:
    folder = plane.folder
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "scale", "cluster": {"server": plane.url, "certificate-authority": str(folder / "ca.crt")}}
        ],
        "users": [
            {
                "name": user,
                "user": {
                    "client-certificate": str(folder / f"{user}.crt"),
                    "client-key": str(folder / f"{user}.key"),
                },
            }
        ],
        "contexts": [{"name": "scale", "context": {"cluster": "scale", "user": user}}],
        "current-context": "scale",
    }
    (folder / f"{user}.kubeconfig").write_text(json.dumps(document))  # JSON is YAML


def wait_until_ready(plane: ControlPlane) -> None:
    deadline = time.monotonic() + START_SECONDS
    with plane.client() as client:
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx2.TransportError):
                if client.get("/readyz").status_code == httpx2.codes.OK:
                    return
            time.sleep(0.2)
    raise SystemExit(f"the API server did not come up; see {plane.folder}/kube-apiserver.log")


def make_objects(plane: ControlPlane, nodes: int) -> None:
    with plane.client() as client:
        post(client, "/api/v1/namespaces", {"kind": "Namespace", "metadata": {"name": NAMESPACE}})
        for number in range(nodes):
            post(client, "/api/v1/nodes", {"kind": "Node", "metadata": {"name": f"node-{number}"}})
        text = (ROOT / "manifests" / "podium.yaml").read_text()
        found = {(each["kind"], each["metadata"]["name"]): each for each in YAML(typ="safe").load_all(text) if each}
        for key, path in WANTED.items():
            post(client, path, found[key])


def post(client: httpx2.Client, path: str, document: Document) -> None:
    answer = client.post(path, json=document)
    if answer.status_code != httpx2.codes.CREATED:
        raise SystemExit(f"POST {path}: {answer.status_code} {answer.text}")
