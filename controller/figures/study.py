"""A record, and what the optimizer believes of it: shared by all figures that show the model."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from controller.experiment import Goal, History, Observation, Problem, problem_of
from controller.figures.canvas import counted
from controller.figures.record import Record, TrialSeen
from controller.figures.sensitivity import Indices, sensitivity_of
from controller.optimizer.evidence import Belief, belief_of
from controller.optimizer.memory import Afresh, Learn
from controller.optimizer.process import Posterior
from controller.optimizer.threads import one_thread
from controller.space import Space

Floats = NDArray[np.float64]
FEWEST_TRIALS = 4
"""With a result; fewer say nothing about a parameter."""
NINETY_FIVE = 1.96
"""Standard deviations to each side that hold 95% of a normal distribution."""


@dataclass(frozen=True, kw_only=True)
class Study:
    """One record, looked at with one objective in mind."""

    record: Record
    goal: Goal
    learn: Learn = field(default_factory=Afresh)

    @cached_property
    def space(self) -> Space:
        return Space(self.record.spec.parameters, self.record.spec.constraints)

    @cached_property
    def problem(self) -> Problem:
        """The problem with this objective alone, so that what is predicted has its units."""
        return replace(problem_of(self.record.spec), maximize=self.goal.maximize, other_goals=())

    @cached_property
    def history(self) -> History:
        """What was observed of this objective. A result that lacks it says nothing; a failure stays one."""
        history = self.record.history
        if self.goal == self.record.goals[0]:
            return history
        seen = (self._of_goal(each) for each in history.observations)
        return replace(history, observations=tuple(each for each in seen if each is not None), in_flight=())

    @cached_property
    def results(self) -> int:
        """Number of results that the model has learned from."""
        return sum(seen.value is not None and np.isfinite(seen.value) for seen in self.history.observations)

    @cached_property
    def belief(self) -> Belief:
        """What follows from the results; runs in flight are not guessed, for a guess looks surer than it is."""
        with one_thread():
            return belief_of(self.problem, self.history, self.space, self.learn, hoped_for=())

    @property
    def posterior(self) -> Posterior:
        return self.belief.posterior

    @cached_property
    def full_results(self) -> list[tuple[TrialSeen, float]]:
        """Full trainings with their values of the objective, in the record's order."""
        told = ((trial, self.record.reported(trial, self.goal.metric)) for trial in self.record.completed)
        return [(trial, value) for trial, value in told if value is not None]

    @cached_property
    def sensitivity(self) -> Indices:
        with one_thread():
            return sensitivity_of(self.posterior, self.space)

    @cached_property
    def most_important(self) -> list[int]:
        """The parameters' columns, that with the largest total index first."""
        middle = np.median(self.sensitivity.total, axis=0)
        return [int(column) for column in np.argsort(-middle, kind="stable")]

    def too_little(self) -> str | None:
        """Say what is missing before the model can be shown; None once it can."""
        told = len({seen.trial for seen in self.history.observations if seen.value is not None})
        if told >= FEWEST_TRIALS:
            return None
        failed = sum(seen.value is None for seen in self.history.observations)
        more = f", and {counted(failed, 'run')} failed" if failed else ""
        return f"The model is shown once {FEWEST_TRIALS} trials have a result: {told} so far{more}."

    def predicted(self, units: Floats) -> tuple[Floats, Floats, Floats]:
        """Return the objective at full fidelity, without noise: median, lower and upper end of 95%.  # (m,) each"""
        with one_thread():
            mean, variance = self.posterior.at_full(units)
        away = NINETY_FIVE * np.sqrt(variance)
        ends = self.in_units(mean - away), self.in_units(mean + away)
        return self.in_units(mean), np.minimum(*ends), np.maximum(*ends)

    def in_units(self, targets: Floats) -> Floats:
        """Return targets in the objective's own units.  # (m,) -> (m,)"""
        return np.array([self.belief.objective(float(target)) for target in targets], dtype=float)

    def _of_goal(self, seen: Observation) -> Observation | None:
        if seen.value is None:
            return seen
        value = seen.metrics.get(self.goal.metric)
        return None if value is None else replace(seen, value=value, stderr=0.0)
