"""What a training script's process does, seen from outside: exit codes, checkpoints, and what the controller heard."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from podium import checkpoints
from tests.sdk.fake_run_api import TOKEN, FakeRunApi, assignment, finish, serving

SCRIPT = """
import sys, time
import podium

with podium.trial() as trial:
    trained = []
    if checkpoint := trial.load_checkpoint():
        trained = checkpoint.data.decode().split()
    for epoch in trial.epochs():
        {before}
        trained.append(str(epoch))
        print(*trained, flush=True)
        trial.report(epoch=epoch, checkpoint=" ".join(trained).encode(), val_accuracy={accuracy})
    {after}
"""


@pytest.fixture
def api(tmp_path: Path) -> Iterator[FakeRunApi]:
    with serving(FakeRunApi(assignment(tmp_path / "t3"))) as api:
        yield api


@pytest.fixture
def folder(api: FakeRunApi) -> str:
    return api.assignment.checkpoints


def script(before: str = "pass", accuracy: str = "epoch / 10", after: str = "pass") -> str:
    return SCRIPT.format(before=before, accuracy=accuracy, after=after)


def trained(folder: str) -> str:
    checkpoint = checkpoints.load(folder, up_to_epoch=99)
    return checkpoint.data.decode() if checkpoint else ""


def test_a_run_reports_every_epoch_and_exits_0(api: FakeRunApi, folder: str) -> None:
    code, stderr = finish(api.start("-c", script()))

    assert (code, stderr) == (0, "")
    assert [(report.epoch, report.metrics) for report in api.reports] == [
        (1, {"val_accuracy": 0.1}),
        (2, {"val_accuracy": 0.2}),
        (3, {"val_accuracy": 0.3}),
    ]
    assert trained(folder) == "1 2 3"


def test_the_configuration_keeps_its_types(api: FakeRunApi) -> None:
    checks = "assert trial.parameters == {'learning_rate': 0.1, 'nesterov': False, 'batch_size': 16}; "
    checks += "assert [type(v) for v in trial.parameters.values()] == [float, bool, int]; "
    checks += "assert (trial.seed, trial.number, trial.to_epoch, trial.full_epochs) == (7, 3, 3, 8)"

    assert finish(api.start("-c", script(after=checks))) == (0, "")


def test_sigterm_inside_a_long_epoch_leaves_at_once_with_75(api: FakeRunApi, folder: str) -> None:
    process = api.start("-c", script(before="time.sleep(600 if epoch == 2 else 0)"))
    api.wait_for_epoch(1)
    time.sleep(0.2)  # into the sleep of epoch 2
    process.send_signal(signal.SIGTERM)

    code, stderr = finish(process, within_seconds=10)
    assert code == 75
    assert stderr == "podium: SIGTERM: leaving; the run resumes from its last checkpoint\n"
    assert trained(folder) == "1"


def test_sigterm_is_not_swallowed_by_a_broad_except(api: FakeRunApi) -> None:
    process = api.start(
        "-c", script(before="\n        try: time.sleep(600 if epoch == 2 else 0)\n        except: pass")
    )
    api.wait_for_epoch(1)
    time.sleep(0.2)
    process.send_signal(signal.SIGTERM)

    assert finish(process, within_seconds=10)[0] == 75
    assert api.epochs in ([1], [1, 2])


def test_a_forked_child_dies_of_sigterm_itself(api: FakeRunApi) -> None:
    """As a DataLoader's workers must; the trial goes on."""
    fork = "import os, signal; ready, tell = os.pipe(); child = os.fork(); "
    fork += "child or (os.write(tell, b'!'), time.sleep(600)); os.read(ready, 1); os.kill(child, signal.SIGTERM); "
    fork += "assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGTERM"

    assert finish(api.start("-c", script(before=fork)), within_seconds=30)[0] == 0


def test_a_forked_child_dies_of_sigterm_without_pythons_help(api: FakeRunApi) -> None:
    """A handler in Python does not run before a call into C returns: a child about to sleep would sleep to the end."""
    fork = "import os, signal; child = os.fork(); "
    fork += "child or os._exit(signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL); "
    fork += "assert os.waitpid(child, 0)[1] == 0; assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL"

    assert finish(api.start("-c", script(before=fork))) == (0, "")


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


def test_a_script_without_checkpoints_works_too(api: FakeRunApi) -> None:
    text = "import podium\nwith podium.trial() as trial:\n"
    text += "    for epoch in trial.epochs(): trial.report(epoch=epoch, val_accuracy=0.5)"

    assert finish(api.start("-c", text)) == (0, "")
    assert api.epochs == [1, 2, 3]


def test_a_verdict_of_stop_ends_the_process_well(api: FakeRunApi, folder: str) -> None:
    api.stop_at = 2

    assert finish(api.start("-c", script())) == (0, "podium: stopped by the controller after epoch 2\n")
    assert (api.epochs, trained(folder)) == ([1, 2], "1 2")


def test_nan_is_infeasible_and_never_sent(api: FakeRunApi, folder: str) -> None:
    code, stderr = finish(api.start("-c", script(accuracy="float('nan') if epoch == 2 else 0.5")))

    assert (code, stderr) == (65, "podium: val_accuracy is nan: the training diverged\n")
    assert (api.epochs, trained(folder)) == ([1], "1")


def test_a_loss_that_is_infinite_is_infeasible(api: FakeRunApi) -> None:
    assert finish(api.start("-c", script(accuracy="0.5, Train_Loss=float('inf')")))[0] == 65
    assert api.epochs == []


def test_another_metric_that_is_not_finite_is_left_out(api: FakeRunApi) -> None:
    code, stderr = finish(api.start("-c", script(accuracy="0.5, f1=float('nan')")))

    assert code == 0
    assert "f1 is nan; it is left out" in stderr
    assert api.reports[0].metrics == {"val_accuracy": 0.5}


def test_a_script_may_call_its_configuration_infeasible(api: FakeRunApi) -> None:
    code, stderr = finish(api.start("-c", script(before="trial.infeasible('momentum without velocity')")))
    assert (code, stderr) == (65, "podium: momentum without velocity\n")


@pytest.mark.parametrize(
    ("fault", "expected_code"),
    [
        ("raise type('OutOfMemoryError', (RuntimeError,), {})('CUDA out of memory')", 66),
        ("raise MemoryError", 137),
        ('raise RuntimeError("DefaultCPUAllocator: can\'t allocate memory")', 137),
        ("sys.exit(3)", 3),
    ],
)
def test_exit_codes_say_what_was_missing(api: FakeRunApi, fault: str, expected_code: int) -> None:
    code, stderr = finish(api.start("-c", script(before=fault)))
    assert code == expected_code
    assert "Traceback" not in stderr


def test_a_bug_keeps_its_traceback(api: FakeRunApi) -> None:
    code, stderr = finish(api.start("-c", script(before="1 / 0")))
    assert code == 1
    assert "Traceback" in stderr
    assert "ZeroDivisionError" in stderr


def test_a_script_that_ends_early_says_so(api: FakeRunApi) -> None:
    process = api.start("-c", script(before="\n        if epoch == 2: break"))
    assert finish(process) == (1, "podium: the script ended after reporting epoch 1 of 3\n")


def test_a_report_without_the_objective_is_a_bug(api: FakeRunApi) -> None:
    code, stderr = finish(api.start("-c", script().replace("val_accuracy=", "accuracy=")))
    assert code == 1
    assert "the objective 'val_accuracy' is missing among the metrics accuracy" in stderr


def test_a_superseded_attempt_exits_and_changes_nothing(api: FakeRunApi, folder: str) -> None:
    api.refusals = [(409, {})]

    code, stderr = finish(api.start("-c", script()))
    assert code == 75
    assert "a newer attempt has taken over" in stderr
    assert (api.epochs, trained(folder)) == ([], "")


def test_an_attempt_superseded_while_it_trains_exits_at_its_next_report(api: FakeRunApi) -> None:
    api.superseded_from = 2

    code, stderr = finish(api.start("-c", script()))
    assert code == 75
    assert "attempt 1 is superseded by attempt 2" in stderr
    assert api.epochs == [1]


def test_a_controller_that_is_away_for_a_while_loses_nothing(api: FakeRunApi) -> None:
    api.refusals = [(503, {"Retry-After": "0"}), (503, {}), (500, {}), (429, {"Retry-After": "1"})]

    code, stderr = finish(api.start("-c", script()))
    assert (code, api.epochs) == (0, [1, 2, 3])
    assert "trying again" in stderr


def test_sigterm_while_the_controller_is_away_leaves_at_once(api: FakeRunApi, folder: str) -> None:
    api.silent_after = 1
    process = api.start("-c", script())
    api.wait_for_requests(3)
    time.sleep(0.2)
    process.send_signal(signal.SIGTERM)

    assert finish(process, within_seconds=10)[0] == 75
    assert trained(folder) == "1 2"  # saved before the report that was never answered


def test_a_refused_token_is_one_clear_line(api: FakeRunApi) -> None:
    code, stderr = finish(api.start("-c", script(), env={"PODIUM_RUN_TOKEN": "forged"}))
    assert code == 1
    assert stderr.count("\n") == 1
    assert "this token is not valid" in stderr


def test_the_token_may_come_in_a_file(api: FakeRunApi, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(TOKEN + "\n")
    env = {"PODIUM_RUN_TOKEN": "forged", "PODIUM_RUN_TOKEN_FILE": str(token)}

    assert finish(api.start("-c", script(), env=env)) == (0, "")


def test_a_token_that_cannot_be_read_is_one_clear_line(api: FakeRunApi, tmp_path: Path) -> None:
    code, stderr = finish(api.start("-c", script(), env={"PODIUM_RUN_TOKEN_FILE": str(tmp_path / "none")}))
    assert code == 1
    assert stderr.startswith("podium: the run token cannot be read, PODIUM_RUN_TOKEN_FILE names ")
    assert stderr.count("\n") == 1


@pytest.mark.parametrize("variable", ["PODIUM_URL", "PODIUM_RUN_TOKEN"])
def test_a_script_started_by_hand_says_what_it_needs(api: FakeRunApi, variable: str) -> None:
    code, stderr = finish(api.start("-c", script(), env={variable: ""}))
    assert code == 1
    assert stderr.startswith(f"podium: {variable} is not set;")
    assert stderr.count("\n") == 1


def test_an_address_that_is_none_is_one_clear_line(api: FakeRunApi) -> None:
    code, stderr = finish(api.start("-c", script(), env={"PODIUM_URL": "nonsense"}))
    assert code == 1
    assert "http://" in stderr
    assert stderr.count("\n") == 1


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
