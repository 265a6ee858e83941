"""Early stopping: runs in flight whose rest is worth less than other runs are asked to stop at their next report."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog
from sqlalchemy import func, select, update
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

    def due(self) -> list[str]:
        """Return the experiments in which something was reported since they were looked at."""
        with transaction(self.sessions) as session:
            under_way = _under_way(session)
        for gone in self._looks.keys() - under_way.keys():
            del self._looks[gone]
        return [each for each, reached in under_way.items() if self._is_due(each, reached)]

    def look(self, experiment_id: str) -> None:
        """Ask the optimizer which runs are worth their cost no longer, and mark them. The next report is told."""
        with transaction(self.sessions) as session:
            reached = _under_way(session).get(experiment_id)
            if reached is None:
                return  # paused, stopped or deleted meanwhile
            spec = ExperimentSpec.model_validate(store.experiment(session, experiment_id).spec)
            history = past_of(session, experiment_id, spec, self.clock()).history
        self._looks[experiment_id] = _Look(self.clock(), reached)
        if trials := self.judge(problem_of(spec), history):
            with transaction(self.sessions) as session:
                given_up = _give_up(session, experiment_id, trials)
            log.info("runs are given up", trials=given_up)

    def _is_due(self, experiment_id: str, reached: int) -> bool:
        last = self._looks.get(experiment_id)
        return last is None or (last.reached != reached and self.clock() >= last.at + LOOK_AGAIN)


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
