"""Trials that a process asks for, where Podium starts none: on a cluster of another kind, or in a notebook.

    for trial in podium.ask("digits-k3f9"):  # an experiment with `trial: {external: true}`; ends with the search
        with trial:
            model = build(trial.parameters)
            for epoch in trial.epochs():
                trial.report(epoch=epoch, val_accuracy=model.train_one_epoch())

Leaving the block before the last epoch gives the run up: an exception as a bug, `trial.infeasible` and what does not
fit into memory as what they are, Ctrl-C and a SIGTERM as nothing's fault, so that somebody else may go on.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from functools import partial
from types import TracebackType
from typing import Self

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from podium.asked import EXIT_CODES, LEASE_SECONDS, Ask, GivenUp, GiveUp, Suggestion
from podium.client import Client, PodiumClient
from podium.leaving import Leaving, exit_of
from podium.preemption import Preemption
from podium.refusal import ServerUnreachable, Unavailable
from podium.run_client import RunClient
from podium.sdk import Trial
from podium.taxonomy import ExitCode, ExperimentState

_log = logging.getLogger(__name__)
WAIT_SECONDS = 5.0
"""An answer is waited for this long on the controller's side, and asked for again."""
AWAY_SECONDS = 600.0
LONGEST_PAUSE_SECONDS = 15.0
REASONS = {code: reason for reason, code in EXIT_CODES.items()}


class AskedTrial(Trial):
    """A trial that this process asked for. Its `with` block turns every way out into what the controller is told."""

    def __init__(
        self,
        client: RunClient,
        preemption: Preemption,
        suggestion: Suggestion,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(client, preemption, clock=clock)
        self.suggestion = suggestion

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        with self._client:
            if error is None and self._reported_epoch >= self.to_epoch:
                return False
            given_up = _why(error, f"left after epoch {self._reported_epoch} of {self.to_epoch}")
            if given_up is not None:
                with suppress(Leaving):  # it is over already, or its lease will end it
                    self._client.give_up(given_up)
                _log.warning("podium: trial %d is given up: %s: %s", self.number, given_up.reason, given_up.detail)
            return isinstance(error, Leaving)


def _why(error: BaseException | None, otherwise: str) -> GivenUp | None:
    """Return what the controller is to be told of a run that ended so; None where it knows."""
    match error:
        case None:
            return GivenUp(reason=GiveUp.BUG, detail=otherwise)
        case KeyboardInterrupt() | SystemExit() | GeneratorExit():
            return GivenUp(reason=GiveUp.PREEMPTED, detail="interrupted")
        case Leaving(exit_code=ExitCode.DONE):
            return None
    leaving = exit_of(error)
    if leaving is None:
        return GivenUp(reason=GiveUp.BUG, detail=f"{type(error).__name__}: {error}"[:8000])
    return GivenUp(reason=REASONS.get(leaving.code, GiveUp.BUG), detail=leaving.message[:8000])


def trials(
    client: PodiumClient,
    experiment: str,
    *,
    lease_seconds: float = LEASE_SECONDS,
    holder: str | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[AskedTrial]:
    """Yield trials to train, one after the other, until the experiment is paused or over. Raises PodiumError.

    Threads and processes may each have an iterator of their own: none is given another's run. In the main thread a
    SIGTERM gives the run up and ends the iteration; elsewhere nobody hears it. A controller that is away for less than
    ten minutes is waited for; a run that it gave away unheard is offered again once its lease is over.
    """
    wish = Ask(
        holder=f"{socket.gethostname()}, process {os.getpid()}" if holder is None else holder,
        lease_seconds=lease_seconds,
        wait_seconds=WAIT_SECONDS,
    )
    identity, preemption = client.find(experiment).id, Preemption()
    ask = partial(_patient(sleep), client.ask, identity, wish)
    with preemption if threading.current_thread() is threading.main_thread() else nullcontext():
        while not preemption.is_due:
            asked = ask()
            if asked.suggestion is not None:
                trial = _opened(client.url, asked.suggestion, preemption, sleep)
                if trial is not None:
                    yield trial
            elif asked.state is not ExperimentState.RUNNING:
                _log.info("podium: no more trials of %s: %s", identity, asked.message)
                return


def _patient(sleep: Callable[[float], None]) -> Retrying:
    return Retrying(
        retry=retry_if_exception_type((ServerUnreachable, Unavailable)),
        wait=wait_random_exponential(multiplier=0.5, max=LONGEST_PAUSE_SECONDS),
        stop=stop_after_delay(AWAY_SECONDS),
        sleep=sleep,
        reraise=True,
    )


def _opened(
    url: str, suggestion: Suggestion, preemption: Preemption, sleep: Callable[[float], None]
) -> AskedTrial | None:
    """Return the trial, whose block closes its connection; None where the run was taken back meanwhile."""
    run = RunClient(url, suggestion.token, sleep=sleep)
    try:
        return AskedTrial(run, preemption, suggestion)
    except Leaving as error:
        with run:
            _log.warning("podium: trial %d is not trained here: %s", suggestion.trial, error)
        return None


def opened(
    experiment: str, *, url: str | None, token: str | None, lease_seconds: float, holder: str | None
) -> Iterator[AskedTrial]:
    """The same, at the controller that is known by its address or from the environment."""
    with Client(url, token=token) as client:
        yield from trials(client, experiment, lease_seconds=lease_seconds, holder=holder)
