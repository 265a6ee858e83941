"""Watching: a controller that is away for a while ends nothing, one that is gone does."""

import io
from collections.abc import Iterator
from datetime import timedelta

import pytest
from rich.console import Console

from podium.blocking.following import PATIENCE, Clock, snapshots
from podium.cli.following import show
from podium.client import PodiumClient, PodiumError, Unavailable
from podium.snapshot import Snapshot
from podium.taxonomy import AttemptState, ExperimentState, RunState
from podium.wire import Experiment
from tests.cli.stand_in import BORN, World, a_progress, a_run, an_attempt, an_experiment, ended

A_LOOK = 4
"""Requests before the client gives one look up."""


class Time:
    """A clock that only its own sleeps move, by `step` each."""

    def __init__(self, step: timedelta = timedelta(seconds=1)) -> None:
        self.moment = BORN
        self.step = step

    def clock(self) -> Clock:
        return Clock(now=lambda: self.moment, sleep=self._pass)

    def _pass(self, seconds: float) -> None:
        self.moment += self.step


@pytest.fixture
def client(url: str, world: World) -> Iterator[PodiumClient]:
    with PodiumClient(url, sleep=lambda seconds: None) as client:
        yield client


def test_an_absence_is_shown_and_outlived(world: World, client: PodiumClient) -> None:
    world.add(an_experiment(), an_experiment(), ended(an_experiment()))
    moments = snapshots(client, "digits-k3f9", clock=Time().clock())
    first = next(moments)
    world.unavailable = 2 * A_LOOK
    seen = list(moments)
    assert [bool(snapshot.trouble) for snapshot in seen] == [True, True, False]
    assert seen[0].experiment == first.experiment
    assert "the database is away; trying again" in seen[0].trouble
    assert seen[-1].experiment.ended_at is not None


@pytest.mark.parametrize(("seconds_a_look", "reads"), [(1, 2), (7, 3), (15, 5)])
def test_runs_are_read_again_when_something_changed_and_after_15_seconds(
    world: World, client: PodiumClient, seconds_a_look: int, reads: int
) -> None:
    """`time_left` counts epochs of runs in flight, which no figure of the experiment tells."""
    world.add(*[an_experiment()] * 5, ended(an_experiment()))
    clock = Time(timedelta(seconds=seconds_a_look)).clock()
    assert len(list(snapshots(client, "digits-k3f9", clock=clock))) == 5
    assert world.requests.count("GET /api/v1/experiments/digits-k3f9") == 5
    assert world.requests.count("GET /api/v1/experiments/digits-k3f9/runs") == reads


def test_while_paused_runs_are_read_at_each_look(world: World, client: PodiumClient) -> None:
    """A run that goes back to waiting changes no figure of the experiment."""
    pending = a_run(state=RunState.RUNNING, attempts=[an_attempt(state=AttemptState.PENDING)])
    running = a_run(state=RunState.RUNNING, attempts=[an_attempt(state=AttemptState.RUNNING)])
    world.add(an_experiment(state=ExperimentState.PAUSED))
    world.runs = [running]
    moments = snapshots(client, "digits-k3f9", clock=Time().clock())
    next(moments)
    next(moments)
    world.runs = [pending]
    assert next(moments).runs == (pending,)
    assert list(moments) == []


def test_patience_ends(world: World, client: PodiumClient) -> None:
    world.add(an_experiment(), an_experiment())
    moments = snapshots(client, "digits-k3f9", clock=Time(PATIENCE * 0.6).clock())
    next(moments)
    world.unavailable = 100
    assert next(moments).trouble
    with pytest.raises(Unavailable):
        next(moments)


def test_who_knows_better_why_nobody_answers_says_so(world: World, client: PodiumClient) -> None:
    def tell() -> None:
        raise PodiumError("its process is gone")

    world.add(an_experiment(), an_experiment())
    moments = snapshots(client, "digits-k3f9", clock=Time().clock(), when_away=tell)
    next(moments)
    world.unavailable = A_LOOK
    with pytest.raises(PodiumError, match="its process is gone"):
        next(moments)


def moments_of(*experiments: Experiment) -> Iterator[Snapshot]:
    for second, experiment in enumerate(experiments):
        now = BORN + timedelta(seconds=second)
        yield Snapshot(experiment=experiment, runs=(a_run(),), runs_read_at=now, now=now)


def test_lines_come_at_most_each_few_seconds_only_with_news_and_always_at_the_end() -> None:
    different = [an_experiment(progress=a_progress(runs_started=n)) for n in range(20, 28)]
    same = [different[-1]] * 30
    console = Console(file=io.StringIO(), width=200)
    last = show(console, moments_of(*different, *same, ended(different[-1])))
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert [line.split(",")[0] for line in lines] == [
        "digits-k3f9 running for 0 s",
        "digits-k3f9 running for 3 s",
        "digits-k3f9 running for 6 s",
        "digits-k3f9 running for 9 s",
        "digits-k3f9 completed after 10 min 00 s",
    ]
    assert last.ended_at is not None


def test_a_terminal_shows_the_view_and_gets_its_cursor_back() -> None:
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system=None)
    show(console, moments_of(an_experiment(), ended(an_experiment())))
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    assert "digits-k3f9  completed: the budget is spent" in shown
    assert "by promotion" in shown
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")
