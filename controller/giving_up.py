"""Early stopping: runs in flight whose rest is worth less than other runs are asked to stop at their next report."""

from collections.abc import Callable, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import structlog
from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from controller import store
from controller.database import Sessions, transaction
from controller.experiment import problem_of
from controller.history import past_of
from controller.tables import ExperimentRow, RunRow, TrialRow
from controller.thinking import Judge
from podium.spec import ExperimentSpec
from podium.taxonomy import ExperimentState, RunState

log = structlog.get_logger()

LOOK_AGAIN = timedelta(seconds=10)
"""So long an experiment is left alone after it was looked at: a look costs as much as a suggestion."""


class _Look(NamedTuple):
    at: datetime
    reached: int
    """Epochs of all runs in flight then: while nobody reports, there is nothing new to see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivingUp:
    """Looks at the runs in flight of experiments that stop early."""

    sessions: Sessions
    clock: Callable[[], datetime]
    judge: Judge
    _looks: dict[str, _Look] = field(default_factory=dict, init=False)

    def look(self) -> bool:
        """Look at the experiment that is due and was not looked at for the longest; say whether another is due, too."""
        with transaction(self.sessions) as session:
            under_way = _under_way(session)
        for gone in self._looks.keys() - under_way.keys():
            del self._looks[gone]
        due = [each for each, reached in under_way.items() if self._is_due(each, reached)]
        if due:
            self._look_at(min(due, key=self._looked_at))
        return len(due) > 1

    def _look_at(self, experiment_id: str) -> None:
        """Ask the optimizer which runs are worth their cost no longer, and mark them. The next report is told."""
        with transaction(self.sessions) as session:
            reached = _under_way(session).get(experiment_id)
            if reached is None:
                return  # paused, stopped or deleted meanwhile
            spec = ExperimentSpec.model_validate(store.experiment(session, experiment_id).spec)
            history = past_of(session, experiment_id, spec, self.clock()).history
            settled = _settled(session, experiment_id)
        self._looks[experiment_id] = _Look(self.clock(), reached)
        in_flight = tuple(replace(run, progress=None) if run.trial in settled else run for run in history.in_flight)
        if trials := self.judge(problem_of(spec), replace(history, in_flight=in_flight)):
            with transaction(self.sessions) as session:
                given_up = _give_up(session, experiment_id, trials)
            log.info("runs are given up", experiment=experiment_id, trials=given_up)

    def _is_due(self, experiment_id: str, reached: int) -> bool:
        last = self._looks.get(experiment_id)
        return last is None or (last.reached != reached and self.clock() >= last.at + LOOK_AGAIN)

    def _looked_at(self, experiment_id: str) -> datetime:
        last = self._looks.get(experiment_id)
        return datetime.min.replace(tzinfo=UTC) if last is None else last.at


def _settled(session: Session, experiment_id: str) -> Set[int]:
    """Return the trials that are not judged: the baseline, and those that are to stop already."""
    query = select(TrialRow.number).join(RunRow, RunRow.trial_id == TrialRow.id)
    is_settled = or_(TrialRow.is_baseline, RunRow.is_stop_requested)
    running = query.where(TrialRow.experiment_id == experiment_id, RunRow.state == RunState.RUNNING, is_settled)
    return set(session.scalars(running))


def _under_way(session: Session) -> dict[str, int]:
    """Return the epochs that runs in flight have reached, of each experiment that stops early."""
    query = (
        select(RunRow.experiment_id, func.sum(RunRow.reached_epoch))
        .join(ExperimentRow, ExperimentRow.id == RunRow.experiment_id)
        .where(ExperimentRow.state == ExperimentState.RUNNING, ExperimentRow.spec["stop_early"].as_boolean())
        .where(RunRow.state == RunState.RUNNING, RunRow.reached_epoch > RunRow.from_epoch)
        .group_by(RunRow.experiment_id)
    )
    return {experiment: reached for experiment, reached in session.execute(query)}  # noqa: C416 - dict() cannot type a Row


def _give_up(session: Session, experiment_id: str, trials: frozenset[int]) -> list[int]:
    """Have the runs of these trials stop, but for the baseline's, and return whose were."""
    numbers = select(TrialRow.id).where(
        TrialRow.experiment_id == experiment_id, TrialRow.number.in_(trials), TrialRow.is_baseline.is_(False)
    )
    wanted = (
        update(RunRow)
        .where(RunRow.trial_id.in_(numbers), RunRow.state == RunState.RUNNING, RunRow.is_stop_requested.is_(False))
        .values(is_stop_requested=True, is_given_up=True)
        .returning(RunRow.trial_id)
    )
    stopped = select(TrialRow.number).where(TrialRow.id.in_(list(session.scalars(wanted))))
    return sorted(session.scalars(stopped))
