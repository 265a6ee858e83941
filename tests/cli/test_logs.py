"""`podium logs`: kept ends of logs, and those of attempts as they end."""

import json

import pytest

from podium.blocking.following import PATIENCE, Clock
from podium.cli.logs import following
from podium.refusal import ServerUnreachable
from podium.taxonomy import AttemptState, EndReason, RunState
from podium.wire import Attempt, Run, TrialDetail
from tests.cli.conftest import Podium
from tests.cli.stand_in import BORN, World, a_run, a_trial, an_attempt, an_experiment

FIRST = an_attempt(1, end_reason=EndReason.OUT_OF_MEMORY, log_tail="epoch 1\nkilled\n", detail="it is tried again")
RUNNING = an_attempt(2, job="digits-k3f9-t4-e8-a2", state=AttemptState.RUNNING, end_reason=None, ended_at=None)
SECOND = an_attempt(2, job=RUNNING.job, log_tail="done\n")


def a_moment(state: RunState, *attempts: Attempt, told: str = "") -> TrialDetail:
    run: Run = a_run(state=state, attempts=list(attempts), explanation=told)
    return TrialDetail(**dict(a_trial()), runs=[run], measurements=[])


def test_the_kept_ends_are_printed(world: World, podium: Podium) -> None:
    world.add(an_experiment())
    world.trials, world.runs = [a_trial()], [a_run(attempts=[FIRST, RUNNING], state=RunState.RUNNING)]
    result = podium("logs", "digits-k3f9", "4")
    assert result.exit_code == 0
    assert result.stdout == (
        "==> digits-k3f9-t4-e8-a1: out of memory <==\nepoch 1\nkilled\n(it is tried again)\n"
        "==> digits-k3f9-t4-e8-a2: running <==\n"
    )
    assert "kubectl logs -f job/digits-k3f9-t4-e8-a2" in result.stderr
    assert podium("logs", "digits-k3f9", "4", "-q").stderr == ""
    document = json.loads(podium("logs", "digits-k3f9", "4", "-o", "json").stdout)
    assert [each["log_tail"] for each in document] == ["epoch 1\nkilled\n", ""]


def test_a_trial_that_is_over_ends_the_following(world: World, podium: Podium) -> None:
    world.add(an_experiment())
    world.trials, world.runs = [a_trial()], [a_run(attempts=[FIRST, SECOND])]
    followed = podium("logs", "-f", "digits-k3f9", "4")
    assert (followed.exit_code, followed.stdout.count("==>")) == (0, 2)
    assert podium("logs", "digits-k3f9", "9").exit_code == 1


def test_a_controller_that_is_away_is_waited_for_and_no_attempt_is_missed(capsys: pytest.CaptureFixture[str]) -> None:
    tenth = an_attempt(10, job=f"{FIRST.job}0", state=AttemptState.RUNNING, end_reason=None, ended_at=None)
    first = FIRST.model_copy(update={"state": AttemptState.RUNNING, "end_reason": None, "ended_at": None})
    looks: list[TrialDetail | ServerUnreachable] = [
        a_moment(RunState.RUNNING, tenth),
        ServerUnreachable("nothing answers"),
        ServerUnreachable("nothing answers"),
        a_moment(RunState.RUNNING, first),
        a_moment(RunState.ENDED, FIRST),
    ]

    def look() -> TrialDetail:
        found = looks.pop(0)
        if isinstance(found, ServerUnreachable):
            raise found
        return found

    now = BORN
    assert list(following(look, Clock(now=lambda: now, sleep=lambda seconds: None))) == [FIRST]
    said = capsys.readouterr().err
    assert said.count("nothing answers; trying again") == 1
    assert f"{FIRST.job} has not ended" in said, "its name begins like that of another, and is not the other"
    looks = [a_moment(RunState.RUNNING, first), ServerUnreachable("nothing answers"), ServerUnreachable("gone")]
    late = iter([BORN, BORN, BORN + PATIENCE, BORN + 2 * PATIENCE])
    with pytest.raises(ServerUnreachable, match="gone"):
        list(following(look, Clock(now=lambda: next(late), sleep=lambda seconds: None)))


def test_each_attempt_is_told_once_as_it_ends(capsys: pytest.CaptureFixture[str]) -> None:
    moments = [
        a_moment(RunState.RUNNING, FIRST),
        a_moment(RunState.RUNNING, FIRST, RUNNING, told="epoch 3 of 8"),
        a_moment(RunState.RUNNING, FIRST, RUNNING, told="epoch 3 of 8"),
        a_moment(RunState.ENDED, FIRST, SECOND),
    ]
    slept: list[float] = []
    clock = Clock(now=lambda: BORN, sleep=slept.append)
    assert list(following(iter(moments).__next__, clock)) == [FIRST, SECOND]
    assert slept == [1.0, 1.0, 1.0]
    assert capsys.readouterr().err.count("epoch 3 of 8") == 1
