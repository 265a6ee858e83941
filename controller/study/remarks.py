"""What a report says of figures that are missing, or that do not compare: sentences, never a crash."""

from collections import Counter
from collections.abc import Iterator, Sequence

from controller.study.compute import held_by
from controller.study.facts import ArmFacts, FullResults, Results, TrialFacts
from controller.study.mistakes import compared, is_trained
from controller.study.provenance import digests_of
from podium.study import Reference
from podium.taxonomy import ExperimentState


def status_of(arm: ArmFacts) -> str:
    if arm.message and not arm.message.startswith(arm.state):
        return f"{arm.state}: {arm.message}"
    return arm.message or str(arm.state)


def what_is_missing(arm: ArmFacts) -> Iterator[str]:
    """Say what the figures of an arm lack."""
    baseline, best = trained(arm.baseline), trained(arm.best)
    if arm.state in (ExperimentState.RUNNING, ExperimentState.PAUSED):
        yield f"The search is {arm.state}: all figures are as they stand now"
    if arm.baseline is None:
        yield "There is no baseline, hence no gain: the spec asks for none"
    elif baseline is None:
        yield f"The baseline (trial {arm.baseline.number}) is {arm.baseline.state}, not trained in full: no gain"
    elif not baseline.meets_thresholds:
        yield f"The baseline (trial {baseline.number}) does not keep to the thresholds"
    if not arm.runs:
        yield "Nothing has run yet"
    elif best is None:
        yield _why_no_best(arm)
    if arm.spec.other_objectives:
        others = ", ".join(each.metric for each in arm.spec.other_objectives)
        yield f"The best is that of the first objective; the Pareto front with {others} is larger"
    yield from _about_money(arm)
    if (versions := len({each.versions for each, _ in arm.environments if each is not None})) > 1:
        yield f"Its attempts were trained with {versions} sets of versions: how it was run lists them"


def _about_money(arm: ArmFacts) -> Iterator[str]:
    if (unpriced := held_by(arm.runs)).money is not None and unpriced.unpriced_hours > 0:
        yield f"{unpriced.unpriced_hours:.3g} hours have no price: the money told is for the others"
    if len({price.currency for price in arm.prices}) > 1:
        yield "Its prices are not all in one currency: sums of its money mean nothing"


def _why_no_best(arm: ArmFacts) -> str:
    states = ", ".join(f"{count} {state}" for state, count in arm.trials.items() if count)
    ends = Counter(run.end_reason for run in arm.runs if run.end_reason is not None).most_common(1)
    commonest = f"; the commonest end of a run: {ends[0][0]}" if ends else ""
    thresholds = " and kept to the thresholds" if arm.spec.thresholds else ""
    return f"No trial was trained in full{thresholds}. Trials: {states or 'none'}{commonest}"


def what_does_not_compare(arms: Sequence[ArmFacts], results: Results, reference: Reference | None) -> Iterator[str]:
    """Say what the arms differ in that makes their objectives incomparable."""
    if reference is None:
        yield "The reference has no model trained in full: points over it, and what they cost, cannot be told"
    if len({price.currency for arm in arms for price in arm.prices}) > 1:
        yield "Prices are not all in one currency: money of the arms does not compare"
    digests = [each for arm in arms for each in digests_of(arm, known_results(arm, results))]
    if len({images for images, _ in digests}) > 1:
        yield "The arms were trained on different data"
    if len({held_out for _, held_out in digests}) > 1:
        yield "The arms were validated on different images: differences between them are partly those of the images"


def trained(trial: TrialFacts | None) -> TrialFacts | None:
    """Return a trial if it was trained in full and has a value, else None."""
    return trial if trial is not None and is_trained(trial) else None


def known_results(arm: ArmFacts, results: Results) -> list[FullResults]:
    """Return the results of an arm that were found."""
    found = [results.get((arm.id, trial.number)) for trial in compared(arm).values()]
    return [each for each in found if isinstance(each, FullResults)]
