"""What must hold between the sections of a spec. Each check names the path, what was found and what is allowed."""

from collections.abc import Iterator

from pydantic import Field

from podium.contract import Contract
from podium.fault import Fault, suggest_name
from podium.parameters import CategoricalParameter, Constraint, IntegerParameter, RealParameter, Value
from podium.recipe_checks import recipe_faults
from podium.space_checks import condition_faults, configuration_faults, constraint_faults, hint_faults
from podium.spec import ExperimentSpec, Fidelity, Objective, StopWhen, Threshold, TrialProcess
from podium.trainer import METRICS, Training
from podium.wire import STANDARD_ERROR

AnyParameter = RealParameter | IntegerParameter | CategoricalParameter


class Sections(Contract):
    """The sections of a spec that are sound by themselves; the others are None."""

    objective: Objective | None = None
    other_objectives: list[Objective] = Field(default_factory=list)
    thresholds: list[Threshold] = Field(default_factory=list)
    stop_when: StopWhen | None = None
    stop_early: bool = False
    parameters: dict[str, AnyParameter] = Field(default_factory=dict)
    constraints: list[Constraint] = Field(default_factory=list)
    baseline: dict[str, Value] | None = None
    guesses: list[dict[str, Value]] = Field(default_factory=list)
    training: Training | None = None
    trial: TrialProcess | None = None
    fidelity: Fidelity | None = None
    is_trained_once: bool = True
    """False when a `training` or `trial` section was given but is itself at fault."""
    are_parameters_whole: bool = True
    """False when some parameters were left out because they are at fault."""


def sections_of(spec: ExperimentSpec) -> Sections:
    return Sections(
        objective=spec.objective,
        other_objectives=spec.other_objectives,
        thresholds=spec.thresholds,
        stop_when=spec.stop_when,
        stop_early=spec.stop_early,
        parameters=dict(spec.parameters),
        constraints=spec.constraints,
        baseline=spec.baseline,
        guesses=spec.guesses,
        training=spec.training,
        trial=spec.trial,
        fidelity=spec.fidelity,
    )


def cross_faults(sections: Sections) -> Iterator[Fault]:
    """Yield every fault that lies between sections."""
    yield from _trainer_faults(sections)
    if sections.training is not None:
        yield from _metric_faults(sections, sections.training)
        yield from recipe_faults(sections.training, sections.parameters, sections.fidelity)
    if sections.fidelity is not None:
        yield from _image_size_faults(sections, sections.fidelity)
    if sections.trial is not None and sections.fidelity is not None:
        yield from _rung_faults(sections.trial, sections.fidelity)
    yield from _space_faults(sections)
    yield from _goal_faults(sections)


def _goal_faults(sections: Sections) -> Iterator[Fault]:
    named = {} if sections.objective is None else {sections.objective.metric: "objective"}
    for position, objective in enumerate(sections.other_objectives):
        path = f"other_objectives[{position}].metric"
        if (other := named.setdefault(objective.metric, path)) != path:
            yield Fault(path=path, found=objective.metric, allowed=f"another metric than that of {other}")
    if sections.other_objectives and sections.stop_when is not None:
        yield Fault(
            path="stop_when", found="several objectives", allowed="one objective: a gain in several has no one unit"
        )
    if sections.other_objectives and sections.stop_early:
        allowed = "one objective: what is hopeless for one balance of several may be the best for another"
        yield Fault(path="stop_early", found="several objectives", allowed=allowed)
    if sections.stop_early and sections.fidelity is not None and not sections.fidelity.resumable:
        allowed = "`resumable: true`: what a long run shows on its way is not what a short one ends with"
        yield Fault(path="stop_early", found="`fidelity.resumable: false`", allowed=allowed)


def _space_faults(sections: Sections) -> Iterator[Fault]:
    parameters, constraints, are_whole = sections.parameters, sections.constraints, sections.are_parameters_whole
    circles = list(condition_faults(parameters, are_whole=are_whole))
    yield from circles
    yield from hint_faults(parameters)
    yield from constraint_faults(constraints, parameters, are_whole=are_whole)
    given = [(f"guesses[{position}]", guess) for position, guess in enumerate(sections.guesses)]
    if sections.baseline is not None:
        given.append(("baseline", sections.baseline))
    for path, configuration in given if not circles else ():
        yield from configuration_faults(path, configuration, parameters, constraints, are_whole=are_whole)


def _trainer_faults(sections: Sections) -> Iterator[Fault]:
    has_command = sections.trial is not None and sections.trial.command is not None
    if sections.trial is not None and sections.trial.external:
        if has_command:
            allowed = "nothing beside `external: true`: whoever asks for a run knows what to do with it"
            yield Fault(path="trial.command", found="a command", allowed=allowed)
        return
    if sections.is_trained_once and (sections.training is None) == (not has_command):
        found = "neither" if sections.training is None else "both"
        yield Fault(
            path="training", found=found, allowed="`training` (built-in trainer) or `trial.command`, one of the two"
        )


def _rung_faults(trial: TrialProcess, fidelity: Fidelity) -> Iterator[Fault]:
    for name in trial.rungs:
        if fidelity.rungs is None:
            yield Fault(path=f"trial.rungs.{name}", found=name, allowed="no rungs here while `fidelity` names none")
        elif name not in fidelity.rungs:
            yield Fault(path=f"trial.rungs.{name}", found=name, allowed=suggest_name(name, fidelity.rungs))


def _image_size_faults(sections: Sections, fidelity: Fidelity) -> Iterator[Fault]:
    if not fidelity.image_size or not fidelity.rungs or not sections.is_trained_once:
        return
    if sections.training is None:
        allowed = "nothing without `training`: a script of your own knows its images by `trial.to_epoch`"
        yield Fault(path="fidelity.image_size", found="no `training` section", allowed=allowed)
        return
    full, size = list(fidelity.rungs)[-1], sections.training.image_size
    if fidelity.image_size[full] != size:
        allowed = f"{size}, the `training.image_size` of the full training"
        yield Fault(path=f"fidelity.image_size.{full}", found=fidelity.image_size[full], allowed=allowed)


def _metric_faults(sections: Sections, training: Training) -> Iterator[Fault]:
    reported = list(METRICS)
    if training.members > 1:
        reported += [metric + STANDARD_ERROR for metric in METRICS]
    for path, metric in _metrics_of(sections):
        if metric not in reported:
            yield Fault(path=path, found=metric, allowed=suggest_name(metric, reported))


def _metrics_of(sections: Sections) -> Iterator[tuple[str, str]]:
    if sections.objective is not None:
        yield "objective.metric", sections.objective.metric
    for position, objective in enumerate(sections.other_objectives):
        yield f"other_objectives[{position}].metric", objective.metric
    for position, threshold in enumerate(sections.thresholds):
        yield f"thresholds[{position}].metric", threshold.metric
