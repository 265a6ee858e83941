"""A run that is taken up again: where its checkpoint stands, what is reported again, and what a full disk costs."""

from pathlib import Path

from tests.sdk.fake_run_api import FakeRunApi, finish
from tests.sdk.trial_script import script, trained


def test_a_killed_run_resumes_and_trains_nothing_twice(api: FakeRunApi, folder: str) -> None:
    process = api.start("-c", script(before="time.sleep(600 if epoch == 3 else 0)"))
    api.wait_for_epoch(2)
    process.kill()
    finish(process)

    api.assignment = api.assignment.model_copy(update={"attempt": 2, "reported_epoch": 2})
    process = api.start("-c", script())
    with process:
        stdout, _ = process.communicate(timeout=60)
    assert (process.returncode, stdout) == (0, "1 2 3\n")
    assert api.epochs == [1, 2, 3]


def test_a_report_that_was_lost_is_sent_again_on_resume(api: FakeRunApi, folder: str) -> None:
    api.assignment = api.assignment.model_copy(update={"to_epoch": 2})
    finish(api.start("-c", script()))
    api.assignment = api.assignment.model_copy(update={"attempt": 2, "reported_epoch": 1, "to_epoch": 3})
    first, api.reports = api.reports[1], []

    assert finish(api.start("-c", script()))[0] == 0
    assert api.reports[0] == first
    assert api.epochs == [2, 3]
    assert trained(folder) == "1 2 3"


def test_a_checkpoint_at_the_target_is_reported_without_training(api: FakeRunApi) -> None:
    finish(api.start("-c", script()))
    api.reports = []

    code, stderr = finish(api.start("-c", script(before="raise AssertionError('trained again')")))
    assert (code, api.epochs) == (0, [3])
    assert stderr == "podium: epoch 3 was trained already; its results are reported\n"


def test_a_checkpoint_beyond_the_target_is_not_used(api: FakeRunApi) -> None:
    finish(api.start("-c", script()))
    api.reports = []
    api.assignment = api.assignment.model_copy(update={"to_epoch": 2, "reported_epoch": 1})

    assert finish(api.start("-c", script(before="raise AssertionError('trained again')")))[0] == 0
    assert api.epochs == [2]


def test_a_lost_storage_means_training_from_the_beginning(api: FakeRunApi, folder: str) -> None:
    api.assignment = api.assignment.model_copy(update={"from_epoch": 2, "reported_epoch": 2})

    code, stderr = finish(api.start("-c", script()))
    assert (code, api.epochs) == (0, [1, 2, 3])
    assert f"trial 3 stands at epoch 2, but {folder} holds no checkpoint" in stderr


def test_a_full_disk_leaves_the_checkpoint_before_intact(api: FakeRunApi, folder: str) -> None:
    """A limit on file sizes stands for the full disk: the kernel refuses the write in the same way."""
    text = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
    text += script().replace('" ".join(trained).encode()', '" ".join(trained).encode() + b" " * 8000 * (epoch == 2)')

    code, stderr = finish(api.start("-c", text))
    assert code == 1
    assert stderr.count("\n") == 1
    assert (
        f"could not save the checkpoint of epoch 2 in {folder}: File too large; the one of epoch 1 is intact" in stderr
    )
    assert trained(folder) == "1"
    assert [path.name for path in Path(folder.removeprefix("file://")).iterdir()] == ["epoch-00001-attempt-1.ckpt"]
    assert api.epochs == [1]
