"""What the optimizer would start in the next free slot, why, and what it expects along each parameter."""

import plotly.graph_objects as go

from controller.ending import is_worth_it
from controller.experiment import Suggestion, problem_of
from controller.figures.anchor import anchor_at
from controller.figures.canvas import in_words
from controller.figures.names import TITLES, FigureName
from controller.figures.panels import drawn, panel_of
from controller.figures.plain import number, plain
from controller.figures.record import Record
from controller.figures.scale import shown
from controller.figures.slices import columns_shown
from controller.figures.study import Study
from controller.optimizer.suggest import suggest
from podium.taxonomy import ExperimentState

TITLE = TITLES[FigureName.NEXT]
WHY = {
    "guess": "it is one of the guesses, which come before anything else",
    "sobol": "it is an evenly spread point, by which nothing is ruled out that the model does not know",
    "model": "the model expects the most of it for its cost",
}
"""By the suggestion's source."""


def draw(study: Study) -> go.Figure:
    record = study.record
    if record.state in (ExperimentState.STOPPED, ExperimentState.COMPLETED):
        return in_words(TITLE, f"Nothing: the experiment is {record.state}.")
    if not record.trials and record.spec.baseline is not None:
        return in_words(TITLE, "The baseline, trained in full: it comes before anything else.")
    found = suggest(problem_of(record.spec), record.history, study.learn)
    if found is None:
        return in_words(TITLE, _why_nothing(record))
    sentence = _what(found, study) + _but(found, record)
    configuration = ", ".join(
        f"{plain(name)} = {plain(shown(value), 24)}" for name, value in found.configuration.items()
    )
    if study.too_little() is not None:
        return in_words(TITLE, f"{sentence} {configuration}.")
    anchor = anchor_at(found.configuration, "it", study)
    panels = [panel_of(column, anchor, study) for column in columns_shown(study)]
    remark = f"{sentence} Each panel shows {plain(study.goal.metric)} at full fidelity along one parameter, through it."
    return drawn(TITLE, remark, panels, study, marked=found.configuration)


def _what(found: Suggestion, study: Study) -> str:
    name = study.record.ladder.name_of(found.to_epochs)
    length = f"{found.to_epochs} {plain(study.record.spec.fidelity.resource)}"
    who = "A new trial" if found.trial is None else f"Trial {found.trial}, so far at {found.from_epochs},"
    told = f"{who} to {plain(name)} ({length}): {WHY[found.source]}."
    if study.too_little() is None:
        [middle], [low], [high] = study.predicted(study.space.encode([found.configuration]))
        told += f" At full fidelity it is predicted to have {number(middle)} ({number(low)} to {number(high)} at 95%)."
    if found.source == "model" and found.acquisition is None:
        told += " While cost is spread over the rungs, the rung on which least was spent decides how far it goes."
    if found.expected_gain is not None:
        told += f" One more full training is expected to gain {number(found.expected_gain)}."
    return told


def _but(found: Suggestion, record: Record) -> str:
    if not is_worth_it(found, record.spec.stop_when):
        return " That is less than stop_when asks for: the search ends once nothing is in flight."
    if record.state is ExperimentState.PAUSED:
        return " The experiment is paused: it would start once it is resumed."
    if len(record.history.in_flight) >= record.spec.parallelism:
        return " It waits for a slot, and what ends before may change it."
    return ""


def _why_nothing(record: Record) -> str:
    if record.history.in_flight and not record.history.observations:
        return "Nothing is known yet: it depends on the runs in flight."
    return "Nothing: what could still reach full fidelity within the budget was tried, or is in flight."
