# Made from podium/aio/output.py by `make sdk`; change it there.
"""What a trial prints, followed while it runs. A controller that is away for a while ends nothing."""

from collections.abc import Callable, Iterator
from datetime import timedelta

from podium.blocking.endpoints import PodiumClient
from podium.blocking.following import PATIENCE, POLL_SECONDS, Clock
from podium.exchange import Named
from podium.printed import Output, output_of
from podium.refusal import Refused, ServerUnreachable, TooManyRequests, Unavailable
from podium.taxonomy import AttemptState, RunState
from podium.wire import Attempt, TrialDetail

GOODBYE = timedelta(minutes=2)
"""How long an attempt whose result is in may take to end its process; what it prints until then is followed."""


def outputs(
    client: PodiumClient,
    experiment_id: Named,
    number: int,
    *,
    clock: Clock,
    remark: Callable[[str], None] = lambda line: None,
) -> Iterator[Output]:
    """Yield what a trial's attempts print, and once of each that it has ended, until no run of the trial is left.

    `remark` is called with what else there is to say: how far a run is, and that the controller is away. Raises
    NotFound, and PodiumError when the controller stays away longer than PATIENCE.
    """
    heard: dict[str, Attempt] = {}
    done_at = None
    for trial in _looks(client, experiment_id, number, clock=clock, remark=remark):
        attempts = [attempt for run in trial.runs for attempt in run.attempts]
        for attempt in attempts:
            output = output_of(heard.get(attempt.job), attempt)
            heard[attempt.job] = attempt
            if output is not None:
                yield output
        under_way = [run for run in trial.runs if run.state is not RunState.ENDED]
        if under_way:
            done_at = None
            remark(under_way[-1].explanation)
        elif all(attempt.state is AttemptState.ENDED for attempt in attempts):
            return
        else:
            done_at = done_at or clock.now()
            if clock.now() - done_at >= GOODBYE:
                return


def _looks(
    client: PodiumClient, experiment_id: Named, number: int, *, clock: Clock, remark: Callable[[str], None]
) -> Iterator[TrialDetail]:
    """Yield what is seen at each look, for ever. A controller that is away is waited for, and raises after PATIENCE."""
    seen_at = clock.now()
    while True:
        asked_to_wait = 0.0
        try:
            found = client.trial(experiment_id, number, live=True)
        except (ServerUnreachable, Unavailable, TooManyRequests) as error:
            if clock.now() - seen_at > PATIENCE:
                raise
            asked_to_wait = error.retry_after_seconds if isinstance(error, Refused) else 0.0
            remark(f"{error}; trying again")
        else:
            seen_at = clock.now()
            yield found
        clock.sleep(max(POLL_SECONDS, asked_to_wait))
