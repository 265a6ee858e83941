"""A script that defers SIGTERM stores its state within the epoch, leaves with 75, and its run resumes there."""

import signal

from podium import checkpoints
from tests.sdk.fake_run_api import FakeRunApi, finish

SCRIPT = """
import time
import podium

with podium.trial() as trial:
    taken = []
    if checkpoint := trial.load_checkpoint():
        taken = checkpoint.data.decode().split()
    with trial.deferring():
        for epoch in trial.epochs():
            for step in [f"{epoch}.1", f"{epoch}.2", f"{epoch}.3"]:
                if step in taken:
                    continue
                print(step, flush=True)
                while step == WAIT_IN and not trial.is_leaving:
                    time.sleep(0.01)
                taken.append(step)
                if trial.is_leaving:
                    trial.leave(" ".join(taken).encode() + PADDING)
            trial.report(epoch=epoch, checkpoint=" ".join(taken).encode(), val_accuracy=epoch / 10)
"""
STEPS = [f"{epoch}.{step}" for epoch in (1, 2, 3) for step in (1, 2, 3)]


def terminated_in(api: FakeRunApi, step: str, *, before: str = "", padding: int = 0) -> tuple[list[str], str]:
    """Send SIGTERM, twice, while the script is in a step; return the steps that it took, and stderr."""
    constants = f"{before}\nWAIT_IN, PADDING = {step!r}, b' ' * {padding}\n"
    process = api.start("-c", constants + SCRIPT)
    assert process.stdout is not None
    taken = []
    while step not in taken:
        taken.append(process.stdout.readline().strip())
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGTERM)
    code, stderr = finish(process, within_seconds=10)
    assert code == 75, stderr
    changes = {"attempt": api.assignment.attempt + 1, "reported_epoch": max(api.epochs, default=0)}
    api.assignment = api.assignment.model_copy(update=changes)
    return taken, stderr


def steps_to_the_end(api: FakeRunApi) -> list[str]:
    process = api.start("-c", "WAIT_IN, PADDING = '', b''" + SCRIPT)
    with process:
        stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (0, "")
    return stdout.split()


def test_no_step_is_taken_twice_and_each_epoch_is_reported_once(api: FakeRunApi) -> None:
    first, stderr = terminated_in(api, "1.2")
    assert stderr == "podium: SIGTERM: leaving; the run resumes from the checkpoint midway through epoch 1\n"
    assert api.epochs == []
    second, _ = terminated_in(api, "3.1")
    assert [*first, *second, *steps_to_the_end(api)] == STEPS
    assert api.epochs == [1, 2, 3]


def test_the_report_before_a_midway_checkpoint_is_sent_again_when_it_was_lost(api: FakeRunApi) -> None:
    terminated_in(api, "2.2")
    [first], api.reports = api.reports, []
    api.assignment = api.assignment.model_copy(update={"reported_epoch": 0})
    assert steps_to_the_end(api) == ["2.3", "3.1", "3.2", "3.3"]
    assert api.reports[0] == first
    assert api.epochs == [1, 2, 3]


def test_a_state_within_an_epoch_beyond_the_target_is_not_used(api: FakeRunApi, folder: str) -> None:
    terminated_in(api, "2.2")
    api.assignment = api.assignment.model_copy(update={"to_epoch": 1})
    code, stderr = finish(api.start("-c", "WAIT_IN, PADDING = '', b''" + SCRIPT))
    assert (code, stderr) == (0, "podium: epoch 1 was trained already; its results are reported\n")


def test_a_full_disk_costs_the_epoch_under_way_and_says_so(api: FakeRunApi, folder: str) -> None:
    """A limit on file sizes stands for the full disk: the kernel refuses the write in the same way."""
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))"
    _, stderr = terminated_in(api, "2.2", before=limit, padding=8000)
    assert f"SIGTERM: leaving; could not save the checkpoint midway through epoch 2 in {folder}: File too" in stderr
    assert "the one of epoch 1 is intact and the next attempt resumes from it" in stderr
    assert stderr.count("\n") == 1
    loaded = checkpoints.load(folder, up_to_epoch=9)
    assert loaded is not None
    assert loaded.data == b"1.1 1.2 1.3"
    assert steps_to_the_end(api) == STEPS[3:]


def test_leaving_unasked_is_a_bug(api: FakeRunApi) -> None:
    code, stderr = finish(api.start("-c", "import podium\nwith podium.trial() as trial: trial.leave(b'state')"))
    assert code == 1
    assert "call it when trial.is_leaving" in stderr
