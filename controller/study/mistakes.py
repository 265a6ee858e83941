"""What the baseline and the best of an arm still get wrong, side by side."""

from base64 import b64encode
from collections.abc import Mapping, Sequence

from controller.study.facts import ArmFacts, FullResults, Results, TrialFacts
from podium.results import Mistake, Summary
from podium.study import ConfusedPair, Errors, Mistakes, Picture
from podium.taxonomy import TrialState

PAIRS = 10
"""Confused pairs that are told."""
PICTURES = 8
"""Of each training."""
PNG = b"\x89PNG\r\n\x1a\n"
MOST_PICTURE_BYTES = 64 * 1024
"""A thumbnail takes a few kilobytes; what is larger is none."""

Pair = tuple[str, str]


def mistakes_of(arm: ArmFacts, results: Results) -> Mistakes:
    """Compare the errors of the baseline and of the best. What is missing is said."""
    found: dict[str, FullResults] = {}
    remarks = []
    for who, trial in compared(arm).items():
        match results.get((arm.id, trial.number), f"nobody looked for the results of trial {trial.number}"):
            case str(why):
                remarks.append(f"No mistakes of the {who}: {why}")
            case results_in_full:
                found[who] = results_in_full
    summaries = {who: each.summary for who, each in found.items()}
    if len({summary.split_digest for summary in summaries.values()}) > 1:
        remarks.append("The baseline and the best were measured on different images: their errors do not compare")
    pairs = commonest_pairs(list(summaries.values()))
    return Mistakes(
        baseline=_errors(arm.baseline, found.get("baseline"), pairs),
        best=_errors(arm.best, found.get("best"), pairs),
        pairs=[_confused(pair, summaries) for pair in pairs],
        remarks=remarks,
    )


def compared(arm: ArmFacts) -> dict[str, TrialFacts]:
    """Return the trials whose mistakes are told, by what they are. A baseline that is the best itself is told once."""
    found = {}
    if arm.baseline is not None and is_trained(arm.baseline):
        found["baseline"] = arm.baseline
    if arm.best is not None and is_trained(arm.best):
        if "baseline" in found and arm.best.number == found["baseline"].number:
            del found["baseline"]
        found["best"] = arm.best
    return found


def is_trained(trial: TrialFacts) -> bool:
    """Say whether a trial was trained in full and has a value to show for it."""
    return trial.state is TrialState.COMPLETED and trial.value is not None


def commonest_pairs(summaries: Sequence[Summary]) -> list[Pair]:
    """Return the pairs of labels that any of these trainings confuses most often, the commonest first."""
    counts = [_counts(summary) for summary in summaries]
    pairs = dict.fromkeys(pair for confused in counts for pair in confused)
    return sorted(pairs, key=lambda pair: (-max(each.get(pair, 0) for each in counts), pair))[:PAIRS]


def pictures_wanted(summary: Summary, pairs: Sequence[Pair]) -> list[Mistake]:
    """Return the misclassified images to show: those of the commonest pairs first, then the most confident."""
    ranks = {pair: rank for rank, pair in enumerate(pairs)}
    return sorted(summary.mistakes, key=lambda each: ranks.get((each.label, each.predicted), len(ranks)))[:PICTURES]


def _confused(pair: Pair, summaries: Mapping[str, Summary]) -> ConfusedPair:
    counts = {who: _counts(summary).get(pair, 0) for who, summary in summaries.items()}
    told = [each for summary in summaries.values() for each in summary.confusions if each.mistaken is not None]
    label, predicted = pair
    return ConfusedPair(
        label=label,
        predicted=predicted,
        baseline=counts.get("baseline"),
        best=counts.get("best"),
        mistaken=next((each.mistaken for each in told if (each.label, each.predicted) == pair), None),
    )


def _counts(summary: Summary) -> Mapping[Pair, int]:
    """Return how often each label was taken for each other one. Cells that lie outside of the classes are left out."""
    names = [each.name for each in summary.classes]
    inside = range(len(names))
    return {
        (names[cell.label], names[cell.predicted]): cell.images
        for cell in summary.confusion_matrix
        if cell.label != cell.predicted and cell.label in inside and cell.predicted in inside
    }


def _errors(trial: TrialFacts | None, found: FullResults | None, pairs: Sequence[Pair]) -> Errors | None:
    if trial is None or found is None:
        return None
    summary = found.summary
    return Errors(
        trial=trial.number,
        images=summary.images,
        top1=summary.top1,
        top5=summary.top5,
        test_top1=found.test_top1,
        macro_f1=summary.macro_f1,
        calibration_error=summary.calibration_error,
        attribute_errors=summary.attribute_errors,
        pictures=[
            _picture(each, found.pictures[each.file])
            for each in pictures_wanted(summary, pairs)
            if is_picture(found.pictures.get(each.file, b""))
        ],
    )


def _picture(mistake: Mistake, content: bytes) -> Picture:
    return Picture(
        png=f"data:image/png;base64,{b64encode(content).decode()}",
        name=mistake.name,
        label=mistake.label,
        predicted=mistake.predicted,
        confidence=mistake.confidence,
    )


def is_picture(content: bytes) -> bool:
    """Say whether a file may be shown as a thumbnail."""
    return content.startswith(PNG) and len(content) <= MOST_PICTURE_BYTES
