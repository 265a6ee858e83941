"""`podium logs`: the last lines that a trial's attempts printed, and with -f what they print as they do.

The controller keeps the last lines of an attempt that has ended. Of one that runs it reads them while somebody asks.
"""

from collections.abc import Iterator
from typing import Annotated

import typer

from podium.blocking.endpoints import PodiumClient
from podium.blocking.following import POLL_SECONDS, Clock
from podium.blocking.output import outputs
from podium.cli.output import Form, FormOption, print_document, quietly
from podium.cli.reading import Number, Target, Url, connect
from podium.cli.terminal import remarks
from podium.printed import Output, output_of
from podium.taxonomy import AttemptState
from podium.wire import Attempt, TrialDetail

Follow = Annotated[
    bool, typer.Option("--follow", "-f", help="Print what comes until no run of the trial is left; Ctrl-C ends it.")
]
LEFT_OUT = "(more was printed here than the last 50 lines or 8 KiB that are read at a time; it is left out)"


@quietly
def logs(
    experiment: Target, number: Number, follow: Follow = False, output: FormOption = Form.TABLE, url: Url = None
) -> None:
    """Print the last lines of each attempt's log, also of one that runs.

    With --follow it prints what the trial prints, attempt after attempt. JSON and YAML are a list of the attempts, once
    it ends.
    """
    attempts: dict[str, Attempt] = {}
    printer = Printer()
    with connect(url) as client:
        found = client.find(experiment)
        told = followed if follow else once
        try:
            for each in told(client, found.id, number, Clock()):
                attempts[each.attempt.job] = each.attempt
                if output is Form.TABLE:
                    printer.print(each)
        except KeyboardInterrupt:
            remarks().print("the trial goes on", soft_wrap=True)
    if output is not Form.TABLE:
        print_document(list(attempts.values()), output)


def once(client: PodiumClient, experiment_id: str, number: int, clock: Clock) -> Iterator[Output]:
    """Yield what each attempt printed last. Of one that runs that is read now, which takes a moment."""
    trial = client.trial(experiment_id, number, live=True)
    if any(attempt.state is not AttemptState.ENDED for attempt in _attempts(trial)):
        clock.sleep(POLL_SECONDS)
        trial = client.trial(experiment_id, number)
    for attempt in _attempts(trial):
        yield output_of(None, attempt) or Output(attempt=attempt, text="")
        if attempt.state is not AttemptState.ENDED:
            remarks().print(f"{attempt.job} has not ended; -f prints what comes", soft_wrap=True)


def followed(client: PodiumClient, experiment_id: str, number: int, clock: Clock) -> Iterator[Output]:
    """Yield what the attempts print until no run is left; remark once each how far those are that run."""
    said = {""}

    def remark(line: str) -> None:
        if line not in said:
            said.add(line)
            remarks().print(line, soft_wrap=True)

    return outputs(client, experiment_id, number, clock=clock, remark=remark)


class Printer:
    """Prints what comes, under the name of the attempt that it is of."""

    def __init__(self) -> None:
        self._job = ""

    def print(self, output: Output) -> None:
        attempt = output.attempt
        has_begun = self._job == attempt.job
        if not has_begun:
            self._head(attempt)
        if output.is_after_gap:
            typer.echo(LEFT_OUT)
        if output.text:
            typer.echo(output.text, nl=False)
        if attempt.state is AttemptState.ENDED:
            if has_begun:
                self._head(attempt)
            if attempt.detail:
                typer.echo(f"({attempt.detail})")

    def _head(self, attempt: Attempt) -> None:
        self._job = attempt.job
        typer.echo(f"==> {attempt.job}: {attempt.end_reason or attempt.state} <==")


def _attempts(trial: TrialDetail) -> list[Attempt]:
    return [attempt for run in trial.runs for attempt in run.attempts]
