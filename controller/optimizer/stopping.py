"""Which runs in flight are worth what they still cost no longer, by what they have reported.

A run under way is a chain of boxes of which some are open (`price`): what is left of it has a price as any other move
has. Weitzman's rule (1979) goes on with it while no other move is dearer. What is stopped is not promoted later, unlike
in freeze-thaw (Swersky et al. 2014, section 4): a run is given up only when its price is far below the highest.
"""

from dataclasses import replace

from controller.experiment import History, InFlight, Ladder, Observation, Problem
from controller.optimizer import moves, spreading
from controller.optimizer.evidence import belief_of
from controller.optimizer.memory import Afresh, Learn
from controller.optimizer.moves import Standing
from controller.optimizer.options import Option, Options, new_options, paused_options
from controller.optimizer.question import Question
from controller.optimizer.threads import one_thread

MARGIN = 0.3
"""Of the highest price, below which a run is given up."""
AFRESH = Afresh()


def not_worth_going_on(problem: Problem, history: History, learn: Learn = AFRESH) -> frozenset[int]:
    """Return the trials in flight whose runs had better be stopped: what they free is worth more elsewhere.

    None while cost is spread over the rungs, for nothing is decided by prices then, and none that reported nothing yet.
    """
    asked = Question.of(problem, history)
    under_way = {run.trial: run.progress for run in history.in_flight if _is_judged(run, problem)}
    if not under_way or asked.is_starting():
        return frozenset()
    if len(problem.ladder.rungs) > 1 and spreading.is_spreading(asked.spent, history):
        return frozenset()
    with one_thread():
        return _given_up(asked, {trial: seen for trial, seen in under_way.items() if seen is not None}, learn)


def _is_judged(run: InFlight, problem: Problem) -> bool:
    seen = run.progress
    return seen is not None and seen.value is not None and problem.ladder.sees_the_same(seen.epochs, run.to_epochs)


def _given_up(asked: Question, under_way: dict[int, Observation], learn: Learn) -> frozenset[int]:
    problem, history, ladder = asked.problem, asked.history, asked.ladder
    others = [run for run in history.in_flight if run.trial not in under_way]
    belief = belief_of(problem, history, asked.space, learn, hoped_for=others)
    fresh = moves.open_moves(None, history, ladder)
    found = asked.most_promising(belief) if fresh else []
    elsewhere = Options.judged([*new_options(found, fresh), *paused_options(problem, history)], asked.space, belief)
    if not elsewhere.options:
        return frozenset()
    _, highest = elsewhere.dearest(belief, ladder)
    going_on = Options.judged([_going_on(seen, history, ladder) for seen in under_way.values()], asked.space, belief)
    prices = going_on.prices(range(len(under_way)), belief, ladder)
    return frozenset(trial for trial, price in zip(under_way, prices, strict=True) if price < MARGIN * highest)


def _going_on(seen: Observation, history: History, ladder: Ladder) -> Option:
    """Return the move that a run under way is making: to the next rung from where it stands. It is paid already."""
    assert seen.value is not None  # it was measured
    standing = Standing(trial=seen.trial, configuration=seen.configuration, epochs=seen.epochs, value=seen.value)
    paid = replace(history, remaining_cost=float("inf"), remaining_runs=float("inf"))
    return Option(trial=seen.trial, configuration=seen.configuration, move=moves.open_moves(standing, paid, ladder)[0])
