"""Checkpoints on S3, as a real client and a real HTTP server have it: what workers store, the controller removes."""

from collections.abc import Iterator

import fsspec
import pytest

from controller import artifacts
from podium import checkpoints
from podium.checkpoints import Checkpoint
from podium.wire import MeasurementReport

moto_server = pytest.importorskip("moto.server", reason="pip install s3fs moto[server]")
pytest.importorskip("s3fs", reason="pip install s3fs moto[server]")

REPORT = MeasurementReport(epoch=1, metrics={"val_accuracy": 0.5}, seconds=1.0)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def root(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the URL of a place in a bucket; the client finds the server by the environment, as in a Pod."""
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(variable, "anyone")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    fsspec.filesystem("s3", skip_instance_cache=True).makedirs("bucket", exist_ok=True)
    return "s3://bucket/podium"


def test_a_trials_folder_goes_whole_and_no_other_with_it(root: str) -> None:
    first, twelfth = (artifacts.trial_folder(root, "tiny-b4c8", number) for number in (1, 12))
    for folder in (first, twelfth):
        checkpoints.save(folder, Checkpoint(report=REPORT, data=b"weights"), attempt=1)
    assert checkpoints.load(first, up_to_epoch=1) is not None
    for _ in range(2):
        artifacts.remove(first)
        assert checkpoints.load(first, up_to_epoch=1) is None
    kept = checkpoints.load(twelfth, up_to_epoch=1)
    assert kept is not None
    assert kept.data == b"weights"


def test_what_a_worker_stored_after_the_controller_looked_goes_too(root: str) -> None:
    folder = artifacts.trial_folder(root, "tiny-b4c8", 2)
    checkpoints.save(folder, Checkpoint(report=REPORT, data=b"weights"), attempt=1)
    assert checkpoints.load(folder, up_to_epoch=1) is not None, "and the client remembers what it listed"
    worker = fsspec.filesystem("s3", skip_instance_cache=True)
    worker.pipe_file(f"{folder}/epoch-00002-attempt-1.ckpt", b"weights")
    artifacts.remove(artifacts.experiment_folder(root, "tiny-b4c8"))
    worker.invalidate_cache()
    assert worker.find(folder) == []
