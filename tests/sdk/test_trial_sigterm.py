"""SIGTERM to a training script's process: it leaves at once with 75, and its children are not spared."""

import signal
import time

from tests.sdk.fake_run_api import FakeRunApi, finish
from tests.sdk.trial_script import script, trained


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


def test_sigterm_while_the_controller_is_away_leaves_at_once(api: FakeRunApi, folder: str) -> None:
    api.silent_after = 1
    process = api.start("-c", script())
    api.wait_for_requests(4)  # the assignment, what it is trained with, and two reports
    time.sleep(0.2)
    process.send_signal(signal.SIGTERM)

    assert finish(process, within_seconds=10)[0] == 75
    assert trained(folder) == "1 2"  # saved before the report that was never answered
