"""Two processes that train together train what one would train; gloo stands in for NCCL."""

import os
import socket
import subprocess
import sys
from typing import Any

import pytest
import torch

from tests.sdk.fake_run_api import ROOT
from tests.worker import one_of_two
from tests.worker.one_of_two import COMPARED, folds_in, lessons, told_of, told_of_folds
from tests.worker.small import learner
from worker.parts import Share
from worker.ranks import Rank
from worker.together import SINGLE
from worker.training import fit

Found = dict[str, Any]  # Any: whatever a process has found


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def torchrun(number: int, port: int) -> dict[str, str]:
    """What torchrun tells a process."""
    given = {"RANK": number, "LOCAL_RANK": number, "WORLD_SIZE": 2, "LOCAL_WORLD_SIZE": 2, "MASTER_PORT": port}
    return {name: str(value) for name, value in given.items()} | {
        "MASTER_ADDR": "127.0.0.1",
        "GLOO_SOCKET_IFNAME": "lo",
        "OMP_NUM_THREADS": "1",
    }


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Found]:
    """What the two have found, the first one first."""
    folder, port = tmp_path_factory.mktemp("found"), free_port()
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", one_of_two.__name__, str(folder)],
            env={**os.environ, "PYTHONPATH": str(ROOT), **torchrun(number, port)},
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for number in range(2)
    ]
    try:
        said = [process.communicate(timeout=240)[1] for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0, 0], "\n".join(said)
    return [torch.load(folder / f"{number}.pt", weights_only=False) for number in range(2)]


def assert_same(found: Found, expected: Found) -> None:
    for name, tensor in expected["weights"].items():
        torch.testing.assert_close(found["weights"][name], tensor, rtol=1e-4, atol=1e-6)
    for (*numbers, positions), (*expected_numbers, expected_positions) in zip(
        found["results"], expected["results"], strict=True
    ):
        assert numbers == pytest.approx(expected_numbers, rel=1e-4)
        assert positions == expected_positions


@pytest.mark.parametrize("name", COMPARED)
def test_two_processes_train_what_one_does(found: list[Found], name: str) -> None:
    """Shares of 2 and 3 images, and of one and none: weights, losses and validation, in the same order."""
    each = learner(COMPARED[name])
    expected = told_of(each, list(fit(each, lessons(COMPARED[name]), [1, 2])))
    before = dict(learner(COMPARED[name]).model.state_dict())
    assert not torch.allclose(before["fc.weight"], each.model.get_parameter("fc.weight"))
    for of_process in found:
        assert_same(of_process[name], expected)


def test_one_process_alone_may_want_for_memory(found: list[Found]) -> None:
    assert [of_process["memory"]["micro_batch"] for of_process in found] == [None, 2]
    for of_process in found:
        assert_same(of_process["memory"], of_process["head"])


def test_a_resumed_training_of_two_equals_a_straight_one(found: list[Found]) -> None:
    """Bit for bit, with dropout's noise of each process."""
    for of_process in found:
        assert of_process["resumed"] == of_process["straight"]
    assert found[0]["straight"] == found[1]["straight"], "both have the same weights"


def test_folds_take_turns_in_two_processes_as_in_one(found: list[Found]) -> None:
    expected = told_of_folds(folds_in(SINGLE), [1, 2])
    for of_process in found:
        for told, told_by_one in zip(of_process["folds"], expected, strict=True):
            assert_same(told, told_by_one)
    assert found[0]["resumed folds"] == found[0]["whole folds"], "left midway through the second fold"


def test_what_one_of_the_two_lacks_neither_has(found: list[Found]) -> None:
    assert [of_process["had"] for of_process in found] == [[None, "features"]] * 2


def test_the_first_leads_and_the_other_follows(found: list[Found]) -> None:
    assert found[0]["following"] == [{"assignment": 7}, 1, 2, "Left"]
    assert found[1]["following"] == [{"assignment": 7}, 1, 2, "Followed"]


def test_a_batch_is_shared_out_evenly_and_whoever_has_none_passes_others_in_vain() -> None:
    shares = [Share(rank=Rank(number=number, processes=3), least=2) for number in range(3)]
    assert [share.of(7) for share in shares] == [slice(0, 2), slice(2, 4), slice(4, 7)]
    assert [share.of(5) for share in shares] == [slice(0, 2), slice(2, 5), slice(0, 2)]
    assert [share.counts(5) for share in shares] == [True, True, False]
