# Made from podium/aio/following.py by `make sdk`; change it there.
"""An experiment watched until it is at rest. A controller that is away for a while ends nothing."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from podium.blocking.endpoints import PodiumClient
from podium.pausing import Sleep
from podium.refusal import Refused, ServerUnreachable, TooManyRequests, Unavailable
from podium.remembered import Remembered
from podium.snapshot import Snapshot, are_runs_fresh, is_at_rest, utc_now

POLL_SECONDS = 1.0
PATIENCE = timedelta(minutes=10)
"""How long the controller may be away, as for an upgrade, before watching it ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    now: Callable[[], datetime] = field(default=utc_now)
    sleep: Sleep = field(default=time.sleep)


def snapshots(
    client: PodiumClient,
    experiment_id: str,
    *,
    clock: Clock,
    poll_seconds: float = POLL_SECONDS,
    when_away: Callable[[], None] | None = None,
) -> Iterator[Snapshot]:
    """Yield what the controller says, each `poll_seconds`, until the experiment is at rest.

    It looks less often where the controller asks for that. `when_away` is called each time that no answer comes, and
    may raise what it knows better. Raises PodiumError when the controller stays away longer than PATIENCE.
    """
    known = Remembered()
    seen = _look(client, experiment_id, None, clock, known=known)
    seen_at, asked_to_wait = clock.now(), 0.0
    yield seen
    while not is_at_rest(seen.experiment, seen.runs):
        clock.sleep(max(poll_seconds, asked_to_wait))
        try:
            seen = _look(client, experiment_id, seen, clock, known=known)
        except (ServerUnreachable, Unavailable, TooManyRequests) as error:
            asked_to_wait = error.retry_after_seconds if isinstance(error, Refused) else 0.0
            if when_away is not None:
                when_away()
            now = clock.now()
            if now - seen_at > PATIENCE:
                raise
            yield replace(seen, now=now, trouble=f"{error}; trying again")
        else:
            seen_at, asked_to_wait = clock.now(), 0.0
            yield seen


def _look(
    client: PodiumClient, experiment_id: str, before: Snapshot | None, clock: Clock, *, known: Remembered
) -> Snapshot:
    experiment = client.experiment(experiment_id, known=known)
    if before is not None and are_runs_fresh(before, experiment, clock.now()):
        return replace(before, experiment=experiment, now=clock.now())
    runs = tuple([run for run in client.runs(experiment_id, known=known)])
    now = clock.now()
    return Snapshot(experiment=experiment, runs=runs, runs_read_at=now, now=now)
