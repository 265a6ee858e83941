"""What the baseline and the best get wrong, side by side."""

import pytest

from controller.study.facts import FullResults
from controller.study.mistakes import MOST_PICTURE_BYTES, PAIRS, PICTURES, compared, mistakes_of
from podium.results import Cell, ClassResult, Confusion, Mistake
from podium.study import ConfusedPair
from podium.taxonomy import TrialState
from tests.results import a_summary
from tests.study.arms import PNG, a_report, a_trial, an_arm, with_results

ARM = an_arm()
BASELINE, BEST = ("tiny-abcd", 1), ("tiny-abcd", 2)


def labels(count: int) -> list[ClassResult]:
    return [ClassResult(name=f"l{i}", images=1, correct=0, predicted=1, accuracy=0.0, f1=0.0) for i in range(count)]


def a_mistake(number: int, label: str, predicted: str) -> Mistake:
    file = f"mistakes/{number:02}.png"
    return Mistake(file=file, position=number, name=file, label=label, predicted=predicted, confidence=0.5)


def test_each_pair_is_counted_in_both() -> None:
    improved = with_results(confusion_matrix=[Cell(0, 0, 10), Cell(1, 0, 5), Cell(1, 1, 5)], confusions=[])
    told = mistakes_of(ARM, {BASELINE: with_results(), BEST: improved})
    assert told.pairs == [
        ConfusedPair(label="Audi S4 2012", predicted="Audi S4 2007", baseline=1, best=5, mistaken=None),
        ConfusedPair(label="Audi S4 2007", predicted="Audi S4 2012", baseline=2, best=0, mistaken=["year"]),
    ]
    assert told.baseline is not None
    assert told.best is not None
    assert (told.baseline.trial, told.best.trial, told.remarks) == (1, 2, [])
    assert told.best.attribute_errors == a_summary().attribute_errors


def test_only_the_commonest_pairs_are_told() -> None:
    cells = [Cell(0, other, other) for other in range(1, 30)]
    many = with_results(classes=labels(30), confusion_matrix=cells, confusions=[])
    pairs = mistakes_of(ARM, {BASELINE: many, BEST: many}).pairs
    assert [pair.baseline for pair in pairs] == list(range(29, 29 - PAIRS, -1))


def test_cells_outside_of_the_classes_are_left_out() -> None:
    damaged = with_results(confusion_matrix=[Cell(0, 99, 5), Cell(-1, 0, 5), Cell(0, 1, 1)])
    assert len(mistakes_of(ARM, {BEST: damaged}).pairs) == 1


def test_pictures_of_the_commonest_pairs_come_first() -> None:
    mistakes = [a_mistake(i, "l0", "l1") for i in range(PICTURES)] + [a_mistake(50, "l0", "l2")]
    found = with_results(
        classes=labels(3), confusion_matrix=[Cell(0, 2, 9), Cell(0, 1, 8)], confusions=[], mistakes=mistakes
    )
    best = mistakes_of(ARM, {BEST: found}).best
    assert best is not None
    assert [each.name for each in best.pictures] == ["mistakes/50.png", *(f"mistakes/{i:02}.png" for i in range(7))]


@pytest.mark.parametrize("content", [b"<svg onload=...>", PNG + bytes(MOST_PICTURE_BYTES)], ids=["svg", "large"])
def test_what_is_no_thumbnail_is_not_shown(content: bytes) -> None:
    found = FullResults(summary=a_summary(), pictures={"mistakes/00.png": content})
    best = mistakes_of(ARM, {BEST: found}).best
    assert best is not None
    assert best.pictures == []


def test_pictures_that_could_not_be_read_are_left_out() -> None:
    best = mistakes_of(ARM, {BEST: FullResults(summary=a_summary(), pictures={})}).best
    assert best is not None
    assert best.pictures == []


def test_why_there_are_none_is_said() -> None:
    told = mistakes_of(ARM, {BASELINE: "the storage is away", BEST: with_results()})
    assert told.remarks == ["No mistakes of the baseline: the storage is away"]
    assert told.baseline is None
    assert [pair.baseline for pair in told.pairs] == [None, None]


def test_results_on_different_images_do_not_compare() -> None:
    told = mistakes_of(ARM, {BASELINE: with_results(), BEST: with_results(split_digest="6" * 64)})
    assert any("measured on different images" in remark for remark in told.remarks)


def test_a_baseline_that_is_the_best_is_told_once() -> None:
    same = a_trial(1)
    assert list(compared(an_arm(baseline=same, best=same))) == ["best"]
    told = mistakes_of(an_arm(baseline=same, best=same), {BASELINE: with_results()})
    assert told.baseline is None
    assert told.best is not None


def test_a_baseline_in_training_has_no_mistakes_yet() -> None:
    assert compared(an_arm(baseline=a_trial(1, 0.3, state=TrialState.RUNNING), best=None)) == {}


def test_results_tell_the_data_and_arms_on_other_images_are_said() -> None:
    report = a_report(ARM, results={BEST: with_results()})
    assert (report.arms[0].provenance.data_digest, report.arms[0].provenance.split_digest) == ("d" * 64, "5" * 64)
    assert report.remarks == []
    results = {BEST: with_results(), ("other", 2): with_results(split_digest="6" * 64, data_digest="e" * 64)}
    remarks = a_report(ARM, an_arm(id="other"), results=results).remarks
    assert [remark.split(":")[0] for remark in remarks] == [
        "The arms were trained on different data",
        "The arms were validated on different images",
    ]


def test_confusions_keep_the_attributes_of_whoever_knows_them() -> None:
    unknown = with_results(confusions=[Confusion(label="Audi S4 2007", predicted="Audi S4 2012", count=2)])
    pair = mistakes_of(ARM, {BASELINE: unknown, BEST: with_results()}).pairs[0]
    assert pair.mistaken == ["year"]
