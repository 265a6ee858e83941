"""What to train next: the one question that a free slot asks.

A pure function of the problem and its history: no clock, no state, no random generator of its own. Whoever asks twice
with the same history gets the same answer, before and after a restart. It starts with a Sobol sequence, then spreads
cost over the rungs, then asks what each move is worth, and never suggests what was tried, what is running, or what the
budget could not carry to full fidelity.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

from controller.experiment import History, Problem, Suggestion
from controller.optimizer import moves, spreading
from controller.optimizer.evidence import Belief, belief_of
from controller.optimizer.memory import Afresh, Learn
from controller.optimizer.moves import Move
from controller.optimizer.options import Options, new_options, paused_options
from controller.optimizer.question import Question
from controller.optimizer.threads import one_thread
from podium.parameters import Configuration

AFRESH = Afresh()


def suggest(problem: Problem, history: History, learn: Learn = AFRESH) -> Suggestion | None:
    """Return the run to start next, or None when nothing that could reach full fidelity is affordable and untried.

    `learn` may remember what it learned (`memory.Remembering`): the answer is the same, only sooner.
    """
    asked = Question.of(problem, history)
    fresh = moves.open_moves(None, history, problem.ladder)
    if fresh and (guesses := asked.untried_guesses()):
        return _suggestion(guesses[0], fresh[0], "guess")
    if fresh and (asked.is_starting() or asked.is_exploring()):
        for configuration in asked.space.decode(asked.untried_sobol()):
            return _suggestion(configuration, fresh[0], "sobol")
    if not history.observations:
        return None
    with one_thread():
        return _by_model(asked, fresh, learn)


def _by_model(asked: Question, fresh: Sequence[Move], learn: Learn) -> Suggestion | None:
    paused = paused_options(asked.problem, asked.history)
    if not paused and not fresh:
        return None
    belief = belief_of(asked.problem, asked.history, asked.space, learn)
    found = asked.most_promising(belief) if fresh else []
    options = Options.judged([*new_options(found, fresh), *paused], asked.space, belief)
    if not options.options:
        return None
    chosen, price = _chosen(asked, belief, options)
    option = options.options[chosen]
    return replace(
        _suggestion(option.configuration, option.move, "model"),
        trial=option.trial,
        acquisition=price,
        expected_gain=None if price is None else belief.gain(price),
        predicted_mean=belief.objective(float(options.judgement.mean[chosen])),
        predicted_std=math.sqrt(float(options.judgement.variance[chosen])),
    )


def _chosen(asked: Question, belief: Belief, options: Options) -> tuple[int, float | None]:
    """Return the index of the option to take, and after the start the highest price of any."""
    if spreading.is_spreading(asked.spent, asked.history):
        steps = (
            options.next_step_to(rung, asked.ladder) for rung in spreading.starved_first(asked.spent, asked.ladder)
        )
        for step in steps:
            if step is not None:
                return step, None
    dearest, price = options.dearest(belief, asked.ladder)
    if spreading.lacks_full(asked.spent, asked.ladder):
        to_full = options.next_step_to(asked.ladder.rungs[-1], asked.ladder)
        return dearest if to_full is None else to_full, price
    return dearest, price


def _suggestion(configuration: Configuration, move: Move, source: str) -> Suggestion:
    return Suggestion(
        trial=None,
        configuration=configuration,
        from_epochs=move.from_epochs,
        to_epochs=move.to_epochs,
        source=source,
    )
