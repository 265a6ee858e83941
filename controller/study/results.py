"""Reads what the full trainings that a report compares left in the artifact store."""

from collections.abc import Sequence

from controller.artifacts import results_folder, trial_folder
from controller.errors import ArtifactsAway, NoResults
from controller.left_results import content_of, missing_summary, summary_in
from controller.study.facts import ArmFacts, FullResults, Results
from controller.study.mistakes import commonest_pairs, compared, pictures_wanted
from podium.results import Mistake, Summary

OWN_COMMAND = "the trials run a command of their own; only the built-in trainer writes results"


def full_results(arm: ArmFacts, artifacts_url: str) -> Results:
    """Return the results of an arm's baseline and of its best, with the pictures that are shown.

    Where there are none, or the storage does not answer, a sentence that says so takes their place.
    """
    numbers = [trial.number for trial in compared(arm).values()]
    if arm.spec.training is None:
        return {(arm.id, number): OWN_COMMAND for number in numbers}
    folders = {number: results_folder(trial_folder(artifacts_url, arm.id, number)) for number in numbers}
    told = {number: _summary(folder, number) for number, folder in folders.items()}
    pairs = commonest_pairs([found for found in told.values() if isinstance(found, Summary)])
    return {
        (arm.id, number): FullResults(
            summary=found,
            pictures=_pictures(folders[number], pictures_wanted(found, pairs)),
            test_top1=_test_top1(trial_folder(artifacts_url, arm.id, number)),
        )
        if isinstance(found, Summary)
        else found
        for number, found in told.items()
    }


def _summary(folder: str, number: int) -> Summary | str:
    try:
        return summary_in(folder, missing_summary(folder, number))
    except (NoResults, ArtifactsAway) as error:
        return error.detail


def _test_top1(folder: str) -> float | None:
    """Return the accuracy on the test part. Most trials are never evaluated there: that there is none says nothing."""
    try:
        return summary_in(results_folder(folder, "test"), "not evaluated").top1
    except (NoResults, ArtifactsAway):
        return None


def _pictures(folder: str, wanted: Sequence[Mistake]) -> dict[str, bytes]:
    """Return the thumbnails that can be read. The first that the storage keeps back is the last that is asked for."""
    found = {}
    for each in wanted:
        try:
            found[each.file] = content_of(f"{folder}/{each.file}", f"there is no {folder}/{each.file}")
        except NoResults:
            continue
        except ArtifactsAway:
            break
    return found
