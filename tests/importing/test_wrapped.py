"""A command that knows nothing of Podium, run as a trial's process would be."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from podium.leaving import Fault
from podium.wrapped import _end, filled, metrics_in
from tests.sdk.fake_run_api import FakeRunApi, assignment, finish, serving

TELLING = """
import sys
for epoch in range(1, int(sys.argv[1]) + 1):
    print(f"epoch {epoch} loss=0.5 val_accuracy={epoch / 10}", flush=True)
"""


@pytest.fixture
def api(tmp_path: Path) -> Iterator[FakeRunApi]:
    with serving(FakeRunApi(assignment(tmp_path / "t3"))) as served:
        yield served


def run(api: FakeRunApi, *command: str) -> tuple[int, str]:
    wrapped = ("-m", "podium.wrapped", "--metric", "val_accuracy", "--metric", "loss", "--", "python3", *command)
    return finish(api.start(*wrapped))


def test_each_time_the_objective_is_told_an_epoch_is_over(api: FakeRunApi) -> None:
    code, _ = run(api, "-c", TELLING, "${PODIUM_EPOCHS}")
    assert code == 0
    assert api.epochs == [1, 2, 3]
    assert api.reports[2].metrics == {"loss": 0.5, "val_accuracy": 0.3}


def test_one_value_at_the_end_is_that_of_the_last_epoch(api: FakeRunApi) -> None:
    assert run(api, "-c", "print('val_accuracy=0.75')")[0] == 0
    assert api.epochs == [3]


def test_more_values_than_epochs_leave_the_last_one_for_the_last_epoch(api: FakeRunApi) -> None:
    assert run(api, "-c", TELLING, "5")[0] == 0
    assert api.epochs == [1, 2, 3]
    assert api.reports[2].metrics["val_accuracy"] == 0.5


def test_a_shells_own_variables_are_left_to_the_shell() -> None:
    assert filled(["a=${a} $${HOME} $$${b}"], {"a": 0.5, "b": 1}) == ["a=0.5 ${HOME} $${b}"]
    with pytest.raises(Fault, match=r"\$\{HOME\} is no parameter.* write \$\$\{HOME\}"):
        filled(["${HOME}"], {"a": 0.5})


def test_parameters_are_filled_in(api: FakeRunApi) -> None:
    code, _ = run(api, "-c", "import sys; print(f'val_accuracy={sys.argv[1]}')", "${learning_rate}")
    assert code == 0
    assert api.reports[0].metrics["val_accuracy"] == 0.1


@pytest.mark.parametrize(
    ("script", "code", "says"),
    [
        ("raise SystemExit(66)", 66, ""),
        ("pass", 1, "val_accuracy=0.5"),
        ("print('val_accuracy=nan')", 65, "diverged"),
    ],
)
def test_ends_that_are_no_result_have_their_exit_code(api: FakeRunApi, script: str, code: int, says: str) -> None:
    found, stderr = run(api, "-c", script)
    assert found == code
    assert says in stderr
    assert api.epochs == []


def test_a_placeholder_that_is_no_parameter_is_named(api: FakeRunApi) -> None:
    code, stderr = run(api, "-c", "pass", "${lr}")
    assert code == 1
    assert "learning_rate, nesterov, batch_size" in stderr


def test_a_verdict_ends_the_command(api: FakeRunApi) -> None:
    api.stop_at = 1
    script = "import time; print('val_accuracy=1', flush=True); print('val_accuracy=2', flush=True); time.sleep(50)"
    assert run(api, "-c", script)[0] == 0
    assert api.epochs == [1]


def test_a_command_that_heeds_no_sigterm_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("podium.wrapped.GRACE_SECONDS", 0.2)
    script = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as deaf:
        assert deaf.stdout is not None
        assert deaf.stdout.readline() == "deaf\n"
        _end(deaf)
    assert deaf.returncode == -signal.SIGKILL


def test_numbers_are_read_as_katib_reads_them() -> None:
    line = "Epoch 3: Validation-accuracy=9.5e-1, loss = .5 |other=1"
    assert metrics_in(line, ["Validation-accuracy", "loss"]) == {"Validation-accuracy": 0.95, "loss": 0.5}
