"""What a training script's process does, seen from outside: exit codes, checkpoints, and what the controller heard."""

import pytest

from tests.sdk.fake_run_api import FakeRunApi, finish
from tests.sdk.trial_script import script, trained


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
