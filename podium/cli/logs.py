"""`podium logs`: the ends of what a trial's attempts printed, and of attempts to come as they end.

The controller keeps the last lines of an attempt once it has ended. Until then its log is with its Pod or process.
"""

from collections.abc import Callable, Iterator
from typing import Annotated

import typer

from podium.blocking.following import PATIENCE, POLL_SECONDS, Clock
from podium.cli.output import Form, FormOption, print_document, quietly
from podium.cli.reading import Number, Target, Url, connect
from podium.cli.terminal import remarks
from podium.refusal import ServerUnreachable, TooManyRequests, Unavailable
from podium.taxonomy import AttemptState, RunState
from podium.wire import Attempt, TrialDetail

Follow = Annotated[
    bool, typer.Option("--follow", "-f", help="Go on until no run of the trial is left; Ctrl-C ends it.")
]


@quietly
def logs(
    experiment: Target, number: Number, follow: Follow = False, output: FormOption = Form.TABLE, url: Url = None
) -> None:
    """Print the last lines of each attempt's log, as the controller keeps them once the attempt has ended.

    With --follow it says how far the running attempt is, too. JSON and YAML are a list of the attempts, once it ends.
    """
    attempts: list[Attempt] = []
    with connect(url) as client:
        found = client.find(experiment)
        told = following if follow else once
        try:
            for attempt in told(lambda: client.trial(found.id, number), Clock()):
                attempts.append(attempt)
                if output is Form.TABLE:
                    _print(attempt)
        except KeyboardInterrupt:
            remarks().print("the trial goes on", soft_wrap=True)
    if output is not Form.TABLE:
        print_document(attempts, output)


def once(look: Callable[[], TrialDetail], clock: Clock) -> Iterator[Attempt]:
    """Yield the attempts that there are, and remark where the log of one that runs is to be had."""
    for attempt in _attempts(look()):
        yield attempt
        if attempt.state is not AttemptState.ENDED:
            remarks().print(where_it_is(attempt), soft_wrap=True)


def following(look: Callable[[], TrialDetail], clock: Clock) -> Iterator[Attempt]:
    """Yield each attempt once it has ended, until no run is left; remark how far those are that run.

    Raises PodiumError when the controller stays away longer than PATIENCE.
    """
    ended: set[str] = set()
    said: set[str] = set()

    def remark(line: str) -> None:
        if line not in said:
            said.add(line)
            remarks().print(line, soft_wrap=True)

    for trial in _looks(look, clock, remark):
        for attempt in _attempts(trial):
            if attempt.state is not AttemptState.ENDED:
                remark(where_it_is(attempt))
            elif attempt.job not in ended:
                ended.add(attempt.job)
                yield attempt
        under_way = [run for run in trial.runs if run.state is not RunState.ENDED]
        if not under_way:
            return
        if line := under_way[-1].explanation:
            remark(line)


def _looks(look: Callable[[], TrialDetail], clock: Clock, remark: Callable[[str], None]) -> Iterator[TrialDetail]:
    """Yield what is seen at each look, for ever. A controller that is away is waited for, and raises after PATIENCE."""
    seen_at = clock.now()
    while True:
        try:
            found = look()
        except (ServerUnreachable, Unavailable, TooManyRequests) as error:
            if clock.now() - seen_at > PATIENCE:
                raise
            remark(f"{error}; trying again")
        else:
            seen_at = clock.now()
            yield found
        clock.sleep(POLL_SECONDS)


def where_it_is(attempt: Attempt) -> str:
    """Say where the log of an attempt is that has not ended."""
    where = (
        f"kubectl logs -f job/{attempt.job} in Podium's namespace, or on one machine its file in the state directory"
    )
    return f"{attempt.job} has not ended, and its log is not kept yet; until then: {where}"


def _attempts(trial: TrialDetail) -> list[Attempt]:
    return [attempt for run in trial.runs for attempt in run.attempts]


def _print(attempt: Attempt) -> None:
    typer.echo(f"==> {attempt.job}: {attempt.end_reason or attempt.state} <==")
    if attempt.log_tail:
        typer.echo(attempt.log_tail.rstrip("\n"))
    if attempt.detail:
        typer.echo(f"({attempt.detail})")
