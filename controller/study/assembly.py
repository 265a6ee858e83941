"""The report of a study, put together from what is known of its arms."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from controller.errors import InvalidRequest
from controller.study.compute import compute_of, held_by, rungs_of, savings_of
from controller.study.facts import ArmFacts, Results, TrialFacts
from controller.study.gains import Scale, gain_of, outcome_of, point_of
from controller.study.mistakes import mistakes_of
from controller.study.provenance import provenance_of
from controller.study.remarks import known_results, status_of, trained, what_does_not_compare, what_is_missing
from podium.study import Arm, Outcome, Reference, StudyReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """By whom and when a report is made."""

    now: datetime
    podium_version: str


def study_report(
    arms: Sequence[ArmFacts], results: Results, edition: Edition, *, reference: str | None = None
) -> StudyReport:
    """Return the report of one or several arms; points are counted from the arm named, or from the first.

    Raises InvalidRequest where the arms have different objectives, and where the reference is none of them.
    """
    scale = _scale_of(arms)
    counted_from = _reference(arms, reference)
    return StudyReport(
        made_at=edition.now,
        podium_version=edition.podium_version,
        metric=scale.metric,
        direction=arms[0].spec.objective.direction,
        point=scale.point,
        reference=counted_from,
        arms=[_arm(arm, results, scale, counted_from, edition.now) for arm in arms],
        remarks=list(what_does_not_compare(arms, results, counted_from)),
    )


def check_arms(arms: Sequence[ArmFacts], reference: str | None) -> None:
    """Raise InvalidRequest for arms that no report can be made of, before their results are read."""
    _scale_of(arms)
    _reference(arms, reference)


def _scale_of(arms: Sequence[ArmFacts]) -> Scale:
    objective = arms[0].spec.objective
    for arm in arms:
        if arm.spec.objective != objective:
            raise InvalidRequest(
                f"the arms of a report need one objective: {arms[0].id} has {objective.metric} "
                f"({objective.direction}), {arm.id} has {arm.spec.objective.metric} ({arm.spec.objective.direction}); "
                "ask for a report of each"
            )
    trials = [trial for arm in arms for trial in (arm.baseline, arm.best) if trial is not None]
    values = [trial.value for trial in trials if trial.value is not None]
    is_maximized = objective.direction == "maximize"
    return Scale(metric=objective.metric, is_maximized=is_maximized, point=point_of(objective.metric, values))


def _reference(arms: Sequence[ArmFacts], named: str | None) -> Reference | None:
    """Return the baseline of the arm that is named, or of the first; where it has none, its best."""
    arm = arms[0] if named is None else next((each for each in arms if each.id == named), None)
    if arm is None:
        known = ", ".join(each.id for each in arms)
        raise InvalidRequest(f"the reference {named!r} is not among the report's experiments: {known}")
    if (baseline := trained(arm.baseline)) is not None and baseline.value is not None:
        return Reference(experiment=arm.id, outcome="baseline", value=baseline.value)
    if (best := trained(arm.best)) is not None and best.value is not None:
        return Reference(experiment=arm.id, outcome="best", value=best.value)
    return None


def _arm(arm: ArmFacts, results: Results, scale: Scale, reference: Reference | None, now: datetime) -> Arm:
    baseline, best = trained(arm.baseline), trained(arm.best)
    held = held_by(arm.runs)
    gain = None
    if baseline is not None and best is not None:
        gain = gain_of(baseline, best, held, scale, members=_members(arm))
    return Arm(
        experiment=arm.id,
        name=arm.name,
        state=arm.state,
        status=status_of(arm),
        created_at=arm.created_at,
        ended_at=arm.ended_at,
        baseline=_outcome(arm, "baseline", baseline, scale, reference),
        best=_outcome(arm, "best", best, scale, reference),
        gain=gain,
        compute=compute_of(arm, now),
        rungs=rungs_of(arm),
        savings=savings_of(arm),
        mistakes=mistakes_of(arm, results),
        provenance=provenance_of(arm, known_results(arm, results)),
        prices=list(arm.prices),
        remarks=list(what_is_missing(arm)),
    )


def _outcome(
    arm: ArmFacts, who: str, trial: TrialFacts | None, scale: Scale, reference: Reference | None
) -> Outcome | None:
    """Return a trained model with what it took: the baseline its own runs, the best all of the search."""
    if trial is None:
        return None
    own = [run for run in arm.runs if run.trial == trial.number] if who == "baseline" else arm.runs
    is_reference = reference is not None and (reference.experiment, reference.outcome) == (arm.id, who)
    return outcome_of(trial, held_by(own), scale, None if is_reference else reference)


def _members(arm: ArmFacts) -> int | None:
    """Return how many trainings each value is the mean of; None where a script of one's own knows that alone."""
    members = getattr(arm.spec.training, "members", None)  # of folds or repeats, of which older specs do not know
    return members if isinstance(members, int) and members > 1 else None
