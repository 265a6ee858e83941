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

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from podium.asked import EXIT_CODES, LEASE_SECONDS, Ask, GivenUp, GiveUp, Suggestion
from podium.client import Client, PodiumClient
from podium.leaving import Leaving, Preempted, exit_of
from podium.preemption import Preemption
from podium.refusal import Refused, ServerUnreachable, TooManyRequests, Unavailable
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
            if self.is_finished:  # whatever came after it, there is nothing left to give up
                return isinstance(error, Leaving)
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
    preemption: Preemption | None = None,
) -> Iterator[AskedTrial]:
    """Yield trials to train, one after the other, until the experiment is paused or over. Raises PodiumError.

    Threads and processes may each have an iterator of their own: none is given another's run. In the main thread a
    SIGTERM gives the run up and ends the iteration; elsewhere nobody hears it, but `preemption.leave` does the same. A
    controller that is away for less than ten minutes, or asked too often, is waited for; a run that it gave away
    unheard is offered again once its lease is over.
    """
    wish = Ask(
        holder=f"{socket.gethostname()}, process {os.getpid()}" if holder is None else holder,
        lease_seconds=lease_seconds,
        wait_seconds=WAIT_SECONDS,
    )
    is_heard = preemption is None and threading.current_thread() is threading.main_thread()
    leaving, identity = preemption or Preemption(), client.find(experiment).id
    ask = partial(_patient(leaving.pause), client.ask, identity, wish)
    with leaving if is_heard else nullcontext():
        while not leaving.is_due:
            try:
                asked = ask()
            except Preempted:  # between two trials there is nothing to give up
                return
            if asked.suggestion is not None:
                trial = _opened(client.url, asked.suggestion, leaving)
                if trial is not None:
                    yield trial
            elif asked.state is not ExperimentState.RUNNING:
                _log.info("podium: no more trials of %s: %s", identity, asked.message)
                return


def _patient(sleep: Callable[[float], None]) -> Retrying:
    return Retrying(
        retry=retry_if_exception_type((ServerUnreachable, Unavailable, TooManyRequests)),
        wait=_wait_seconds,
        stop=stop_after_delay(AWAY_SECONDS),
        sleep=sleep,
        reraise=True,
    )


def _wait_seconds(state: RetryCallState) -> float:
    """Back off with full jitter, and not before Retry-After."""
    backoff_seconds = wait_random_exponential(multiplier=0.5, max=LONGEST_PAUSE_SECONDS)(state)
    error = state.outcome.exception() if state.outcome else None
    return max(backoff_seconds, error.retry_after_seconds) if isinstance(error, Refused) else backoff_seconds


def _opened(url: str, suggestion: Suggestion, preemption: Preemption) -> AskedTrial | None:
    """Return the trial, whose block closes its connection; None where the run was taken back meanwhile."""
    run = RunClient(url, suggestion.token, sleep=preemption.pause)
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
