"""What labels are made of, and errors split by what of it was mistaken."""

from pathlib import Path

import pytest

from podium.results import Cell, Combination
from podium.trainer import LabelAttributes
from worker.images import UnusableData
from worker.results.attributes import attributes_of, mistaken, split_errors

CARS = r"(?P<make>\S+) (?P<model>.+) (?P<year>\d{4})"
CLASSES = ["Audi S4 Sedan 2007", "Audi S4 Sedan 2012", "Audi TT Hatchback 2011", "BMW M3 Coupe 2012", "a tractor"]


def by_pattern(pattern: str = CARS) -> LabelAttributes:
    return LabelAttributes(pattern=pattern)


def by_csv(folder: Path, text: str, encoding: str = "utf-8") -> LabelAttributes:
    (folder / "cars.csv").write_text(text, encoding=encoding)
    return LabelAttributes(csv=str(folder / "cars.csv"))


def test_a_pattern_names_make_model_and_year() -> None:
    found = attributes_of(by_pattern(), CLASSES)
    assert found["Audi TT Hatchback 2011"] == {"make": "Audi", "model": "TT Hatchback", "year": "2011"}


def test_a_label_that_does_not_match_is_logged_and_left_out(caplog: pytest.LogCaptureFixture) -> None:
    found = attributes_of(by_pattern(), CLASSES)
    assert "a tractor" not in found
    assert "1 of 5 labels ('a tractor')" in caplog.text


def test_a_pattern_must_fit_the_whole_label() -> None:
    assert list(attributes_of(by_pattern(r"(?P<first>a)\D+"), CLASSES)) == ["a tractor"]


def test_a_pattern_that_fits_no_label_is_an_error_before_training() -> None:
    with pytest.raises(UnusableData, match="fits none of the 5 labels, such as 'Audi S4 Sedan 2007'"):
        attributes_of(by_pattern(r"(?P<year>\d+)"), CLASSES)


@pytest.mark.parametrize(
    ("one", "other", "names"),
    [
        (0, 1, ["year"]),
        (1, 2, ["model", "year"]),
        (1, 3, ["make", "model"]),
        (0, 3, ["make", "model", "year"]),
        (0, 4, None),
        (4, 0, None),
    ],
)
def test_a_mistake_is_what_differs(one: int, other: int, names: list[str] | None) -> None:
    assert mistaken(attributes_of(by_pattern(), CLASSES), CLASSES[one], CLASSES[other]) == names


def test_errors_are_counted_by_attribute_and_by_set() -> None:
    cells = [Cell(0, 0, 9), Cell(0, 1, 3), Cell(1, 0, 2), Cell(1, 3, 4), Cell(2, 1, 1), Cell(4, 0, 6), Cell(0, 4, 1)]
    split = split_errors(cells, CLASSES, attributes_of(by_pattern(), CLASSES))
    assert split.wrong == {"make": 4, "model": 5, "year": 6}
    assert split.combinations == [
        Combination(mistaken=["year"], count=5),
        Combination(mistaken=["make", "model"], count=4),
        Combination(mistaken=["model", "year"], count=1),
    ]
    assert (split.left_out, split.unknown_labels) == (7, ["a tractor"])


def test_without_errors_every_attribute_counts_none() -> None:
    split = split_errors([Cell(0, 0, 9)], CLASSES, attributes_of(by_pattern(), CLASSES))
    assert (split.wrong, split.combinations) == ({"make": 0, "model": 0, "year": 0}, [])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_csv_names_attributes_by_its_header(tmp_path: Path, encoding: str) -> None:
    source = by_csv(tmp_path, 'label,coat,size\ncat,"short, grey",small\n\ndog,long,large\n', encoding)
    found = attributes_of(source, ["cat", "dog", "newt"])
    assert found == {"cat": {"coat": "short, grey", "size": "small"}, "dog": {"coat": "long", "size": "large"}}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "name its columns"),
        ("name,coat\ncat,long\n", "name its columns"),
        ("label\ncat\n", "name its columns"),
        ("label,coat,coat\ncat,a,b\n", "name its columns"),
        ("label,\ncat,a\n", "name its columns"),
        ("label,coat\ncat\n", "row 2 has 1 columns, not the header's 2"),
        ("label,coat\ncat,a\ncat,b\n", "row 3 gives attributes of 'cat' a second time"),
        ('label,coat\ncat,"a', "cannot be read as the CSV"),
        ("label,coat\nnewt,wet\n", "fits none of the 2 labels"),
    ],
)
def test_a_faulty_csv_is_an_error_before_training(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UnusableData, match=says):
        attributes_of(by_csv(tmp_path, text), ["cat", "dog"])


def test_a_csv_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnusableData, match=r"nowhere\.csv cannot be read"):
        attributes_of(LabelAttributes(csv=str(tmp_path / "nowhere.csv")), CLASSES)
