"""`podium evaluate`: from a search to its best trial's word on the test part, and what is said where that cannot be."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import Response
from typer.testing import CliRunner, Result

from podium.cli import evaluate
from podium.cli.app import app
from podium.evaluation import Evaluation
from podium.fault import Fault
from podium.results import PREDICTIONS
from tests.cli.served import serving
from tests.cli.stand_in import World, a_trial, an_experiment, answer, create_app, problem
from tests.sdk.fake_run_api import ROOT
from tests.service import Service
from tests.worker.evaluating import summary_in
from tests.worker.in_process import train_at
from tests.worker.small import write_images

JOB = {"kind": "Job", "spec": {"suspend": None}}


def podium(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--url", url], prog_name="podium", catch_exceptions=False)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Trial 4, the best, can be evaluated; 5 cannot, and of what the user names nothing is accepted."""
    world = World(trials=[a_trial()])
    world.add(an_experiment())
    served = create_app(world)
    at = "/api/v1/experiments/digits-k3f9/trials/{number}/evaluation"

    @served.get(at)
    def evaluation(number: int, test_data: str = "") -> Response:
        if number == 5:
            return problem(409, "NothingToEvaluate", "trial 5 is paused")
        if test_data:
            fault = Fault(path="test_data", found=test_data, allowed="not for digits")
            return problem(422, "InvalidRequest", "the trial cannot be evaluated on these data", [fault])
        folders = {name: f"file:///{name}" for name in ("checkpoints", "results", "test")}
        training = {"dataset": "cifar10", "data": "/data"}
        given = {"experiment": "digits-k3f9", "trial": number, "training": training, "configuration": {}, "epoch": 8}
        return answer(Evaluation.model_validate(given | folders))

    @served.get(at + "/job")
    def job(number: int, test_data: str = "") -> dict[str, object]:
        return JOB | {"trial": number, "test_data": test_data}

    with serving(served) as address:
        yield address


def test_a_trial_is_judged_from_its_search_to_the_screen(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Everything is real but the cluster: controller, training, the evaluating process, and what is printed."""
    for name, value in (("PYTHONPATH", str(ROOT)), ("OMP_NUM_THREADS", "1"), ("PODIUM_CACHE_DIR", str(tmp_path / "c"))):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("COLUMNS", raising=False)
    pets, unseen = write_images(tmp_path / "pets", each=10), write_images(tmp_path / "unseen", each=3)
    training = {"dataset": "image_folder", "data": str(pets), "test_data": str(unseen), "image_size": 32}
    training |= {"batch_size": 8}
    parameters = {"learning_rate": {"type": "real", "low": 1e-4, "high": 1e-2, "scale": "log"}}
    identity = service.create(
        trial=None, training=training, parameters=parameters, fidelity={"rungs": {"full": 1}}, parallelism=1
    )
    service.settle()
    [job] = service.active()
    token = service.token(job)["Authorization"].removeprefix("Bearer ")
    with serving(service.app) as url:
        assert train_at(url, token, monkeypatch) is None
        service.cluster.exit(job, 0)
        service.settle()
        before = service.read(identity)["progress"]
        assert podium(url, "results", identity, "--test").stderr == (
            f"podium: trial 1 was not evaluated on the test part, or not to the end; `podium evaluate {identity} 1` "
            "does it\n"
        )
        capfd.readouterr()
        result = podium(url, "evaluate", identity)
        assert result.exit_code == 0, result.stderr
        assert result.stdout.startswith("trial 1  after epoch 1, on 6 test images\n")
        assert "top-1 accuracy" in result.stdout
        assert f"trial 1 of {identity} is right about " in capfd.readouterr().err
        again = podium(url, "results", identity, "1", "--test", "--download", str(tmp_path / "saved"))
        assert again.stdout == result.stdout
        assert podium(url, "results", identity).stdout.startswith("trial 1  after epoch 1, on 4 validation images\n")
        assert service.read(identity)["progress"] == before, "it is no run, and costs nothing"
    written = tmp_path / identity / "t1" / "test"
    assert (tmp_path / "saved" / PREDICTIONS).read_bytes() == (written / PREDICTIONS).read_bytes()
    assert summary_in(tmp_path / "saved") == summary_in(written)


def test_a_job_is_printed_and_nothing_is_computed(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "NEEDED", ("no_such_module",))
    result = podium(url, "evaluate", "digits", "--manifest", "--test-data", "/data/2027")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == JOB | {"trial": 4, "test_data": "/data/2027"}
    assert "then: podium results digits-k3f9 4 --test" in result.stderr


def test_without_the_worker_one_line_says_what_to_install(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "NEEDED", ("podium", "no_such_module"))
    result = podium(url, "evaluate", "digits")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "podium: podium evaluate needs the worker, and no_such_module is not installed: pip install 'podium[worker]'; "
        "on Kubernetes, `podium evaluate digits-k3f9 4 --manifest` needs nothing here\n"
    )


def test_what_the_process_says_is_all_that_is_said(
    url: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PODIUM_CACHE_GIGABYTES", "lots")  # told before torch is loaded
    result = podium(url, "evaluate", "digits", "4")
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "")
    said = "podium: PODIUM_CACHE_GIGABYTES is 'lots'; give a number of gigabytes, or 0 for no cache\n"
    assert capfd.readouterr().err == said


def test_what_the_controller_refuses_is_one_line(url: str) -> None:
    refused = podium(url, "evaluate", "digits", "5")
    assert (refused.exit_code, refused.stdout, refused.stderr) == (1, "", "podium: trial 5 is paused\n")
    wrong = podium(url, "evaluate", "digits", "--test-data", "/data/2027")
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    assert wrong.stderr.startswith("podium: the trial cannot be evaluated on these data:\n  test_data: ")
