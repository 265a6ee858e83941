"""An experiment watched until it is at rest. A controller that is away for a while ends nothing."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from podium.cli.progress import is_at_rest, progress_line, progress_view
from podium.client import PodiumClient, ServerUnreachable, Unavailable
from podium.taxonomy import ExperimentState
from podium.wire import Experiment, Run

POLL_SECONDS = 1.0
LINE_SECONDS = 3.0
"""At most one plain line in this time."""
RUNS_SECONDS = 15.0
"""Runs train on between their endings; what is told of them is at most this old."""
PATIENCE = timedelta(minutes=10)
"""How long the controller may be away, as for an upgrade, before watching it ends."""


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    now: Callable[[], datetime] = field(default=utc_now)
    sleep: Callable[[float], None] = field(default=time.sleep)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What is known at one moment. With `trouble`, it is what was known before the controller went away."""

    experiment: Experiment
    runs: tuple[Run, ...]
    runs_read_at: datetime
    now: datetime
    trouble: str = ""


def snapshots(
    client: PodiumClient, experiment_id: str, *, clock: Clock, when_away: Callable[[], None] | None = None
) -> Iterator[Snapshot]:
    """Yield what the controller says, about each second, until the experiment is at rest.

    `when_away` is called each time that no answer comes, and may raise what it knows better. Raises PodiumError when
    the controller stays away longer than PATIENCE.
    """
    seen = _look(client, experiment_id, None, clock)
    seen_at = clock.now()
    yield seen
    while not is_at_rest(seen.experiment, seen.runs):
        clock.sleep(POLL_SECONDS)
        try:
            seen = _look(client, experiment_id, seen, clock)
        except (ServerUnreachable, Unavailable) as error:
            if when_away is not None:
                when_away()
            now = clock.now()
            if now - seen_at > PATIENCE:
                raise
            yield replace(seen, now=now, trouble=f"{error}; trying again")
        else:
            seen_at = clock.now()
            yield seen


def show(console: Console, moments: Iterator[Snapshot]) -> Experiment:
    """Show each snapshot, live on a terminal and as lines elsewhere; return the experiment as last seen."""
    return _show_live(console, moments) if console.is_terminal else _show_lines(console, moments)


def _look(client: PodiumClient, experiment_id: str, before: Snapshot | None, clock: Clock) -> Snapshot:
    experiment = client.experiment(experiment_id)
    if before is not None and _are_runs_fresh(before, experiment, clock.now()):
        return replace(before, experiment=experiment, now=clock.now())
    runs = tuple(client.runs(experiment_id))
    now = clock.now()
    return Snapshot(experiment=experiment, runs=runs, runs_read_at=now, now=now)


def _are_runs_fresh(before: Snapshot, experiment: Experiment, now: datetime) -> bool:
    """Say whether the runs need no second look: there may be thousands, and most seconds change none."""
    if experiment.state is ExperimentState.PAUSED:
        return False  # whether it is at rest is seen in the attempts of its runs alone
    is_recent = (now - before.runs_read_at).total_seconds() < RUNS_SECONDS
    return is_recent and before.experiment.progress == experiment.progress


def _show_live(console: Console, moments: Iterator[Snapshot]) -> Experiment:
    last = next(moments)
    with Live(_view(last), console=console, auto_refresh=False) as live:
        live.refresh()
        for last in moments:
            live.update(_view(last), refresh=True)
    return last.experiment


def _view(snapshot: Snapshot) -> RenderableType:
    view = progress_view(snapshot.experiment, snapshot.runs, snapshot.now)
    return Group(view, Text(snapshot.trouble, style="yellow")) if snapshot.trouble else view


def _show_lines(console: Console, moments: Iterator[Snapshot]) -> Experiment:
    said: Snapshot | None = None
    last: Snapshot | None = None
    for last in moments:
        if said is None or (_is_news(said, last) and _is_due(said, last)):
            line = progress_line(last.experiment, last.runs, last.now)
            console.print(f"{line} ({last.trouble})" if last.trouble else line, soft_wrap=True)
            said = last
    assert last is not None  # the first look yields or raises
    return last.experiment


def _is_news(said: Snapshot, seen: Snapshot) -> bool:
    told = (said.experiment.state, said.experiment.message, said.experiment.progress, said.trouble)
    return told != (seen.experiment.state, seen.experiment.message, seen.experiment.progress, seen.trouble)


def _is_due(said: Snapshot, seen: Snapshot) -> bool:
    return is_at_rest(seen.experiment, seen.runs) or (seen.now - said.now).total_seconds() >= LINE_SECONDS
