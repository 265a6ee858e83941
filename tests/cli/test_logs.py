"""`podium logs`: kept ends of logs, and what attempts print as they do."""

import json

import pytest
from _pytest.monkeypatch import MonkeyPatch

from podium.blocking.endpoints import PodiumClient
from podium.cli.logs import LEFT_OUT, Printer
from podium.printed import Output
from podium.taxonomy import AttemptState, EndReason, RunState
from tests.cli.conftest import Podium
from tests.cli.stand_in import World, a_run, a_trial, an_attempt, an_experiment

FIRST = an_attempt(1, end_reason=EndReason.OUT_OF_MEMORY, log_tail="epoch 1\nkilled\n", detail="it is tried again")
RUNNING = an_attempt(
    2, job="digits-k3f9-t4-e8-a2", state=AttemptState.RUNNING, end_reason=None, ended_at=None, log_tail="epoch 1"
)
SECOND = an_attempt(2, job=RUNNING.job, log_tail="epoch 1\ndone")


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: MonkeyPatch) -> None:
    monkeypatch.setattr("podium.cli.logs.POLL_SECONDS", 0.0)


def test_the_kept_ends_are_printed_and_what_runs_has_printed_so_far(world: World, podium: Podium) -> None:
    world.add(an_experiment())
    world.trials, world.runs = [a_trial()], [a_run(attempts=[FIRST, RUNNING], state=RunState.RUNNING)]
    result = podium("logs", "digits-k3f9", "4")
    assert result.exit_code == 0
    assert result.stdout == (
        "==> digits-k3f9-t4-e8-a1: out of memory <==\nepoch 1\nkilled\n\n(it is tried again)\n"
        "==> digits-k3f9-t4-e8-a2: running <==\nepoch 1\n"
    )
    assert result.stderr == "digits-k3f9-t4-e8-a2 has not ended; -f prints what comes\n"
    assert world.requests.count("GET /api/v1/experiments/digits-k3f9/trials/4") == 2, "the second has what was read"
    assert podium("logs", "digits-k3f9", "4", "-q").stderr == ""
    document = json.loads(podium("logs", "digits-k3f9", "4", "-o", "json").stdout)
    assert [each["log_tail"] for each in document] == ["epoch 1\nkilled\n", "epoch 1"]


def test_a_trial_that_is_over_ends_the_following(world: World, podium: Podium) -> None:
    world.add(an_experiment())
    world.trials, world.runs = [a_trial()], [a_run(attempts=[FIRST, SECOND])]
    followed = podium("logs", "-f", "digits-k3f9", "4")
    assert (followed.exit_code, followed.stdout.count("==>")) == (0, 2)
    document = json.loads(podium("logs", "-f", "digits-k3f9", "4", "-o", "json").stdout)
    assert [each["number"] for each in document] == [1, 2]
    assert podium("logs", "digits-k3f9", "9").exit_code == 1


def test_an_interrupt_leaves_the_trial_alone(world: World, podium: Podium, monkeypatch: MonkeyPatch) -> None:
    def interrupted(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    world.add(an_experiment())
    world.trials, world.runs = [a_trial()], [a_run(attempts=[RUNNING], state=RunState.RUNNING)]
    monkeypatch.setattr(PodiumClient, "trial", interrupted)
    result = podium("logs", "-f", "digits-k3f9", "4")
    assert (result.exit_code, result.stderr) == (0, "the trial goes on\n")


def test_output_stands_under_the_name_of_its_attempt_and_a_gap_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    printer = Printer()
    printer.print(Output(attempt=FIRST, text="killed\n"))
    printer.print(Output(attempt=RUNNING, text="epoch 1\n"))
    printer.print(Output(attempt=RUNNING, text="epoch 9\n", is_after_gap=True))
    printer.print(Output(attempt=SECOND, text="done\n"))
    assert capsys.readouterr().out.splitlines() == [
        "==> digits-k3f9-t4-e8-a1: out of memory <==",
        "killed",
        "(it is tried again)",
        "==> digits-k3f9-t4-e8-a2: running <==",
        "epoch 1",
        LEFT_OUT,
        "epoch 9",
        "done",
        "==> digits-k3f9-t4-e8-a2: succeeded <==",
    ]
