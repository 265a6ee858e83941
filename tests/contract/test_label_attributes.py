"""The section that says what labels are made of: its faults are found before anything is trained."""

import pytest

from podium.faults import SpecRejected, parse_spec
from podium.results import Mistake
from podium.trainer import LabelAttributes
from tests.builders import spec_document


def parsed(section: object) -> LabelAttributes | None:
    training = {"dataset": "image_folder", "data": "/cars", "label_attributes": section}
    parameters = {"learning_rate": {"type": "real", "low": 1e-4, "high": 1.0, "scale": "log"}}
    spec = parse_spec(spec_document(trial=None, training=training, parameters=parameters))
    assert spec.training is not None
    return spec.training.label_attributes


def test_the_pattern_of_stanford_cars_is_accepted() -> None:
    pattern = r"(?P<make>\S+) (?P<model>.+) (?P<year>\d{4})"
    assert parsed({"pattern": pattern}) == LabelAttributes(pattern=pattern)


def test_a_csv_is_accepted() -> None:
    assert parsed({"csv": "/cars/labels.csv"}) == LabelAttributes(csv="/cars/labels.csv")


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ({"pattern": "(?P<make>"}, "not a regular expression"),
        ({"pattern": r"(\S+) (\d{4})"}, "names no group"),
        ({"pattern": "(?P<a>x)" * 200}, "1000"),
        ({}, "either `pattern` or `csv`"),
        ({"pattern": "(?P<a>.+)", "csv": "/cars.csv"}, "either `pattern` or `csv`"),
        ({"csv": 3}, "string"),
        ({"sheet": "/cars.csv"}, "sheet"),
    ],
)
def test_a_faulty_section_is_refused_and_named(section: object, says: str) -> None:
    with pytest.raises(SpecRejected) as caught:
        parsed(section)
    told = " ".join(map(str, caught.value.faults))
    assert "label_attributes" in told
    assert says in told


@pytest.mark.parametrize(
    "file", ["../../t2/epoch-00001-attempt-1.ckpt", "/etc/passwd", "mistakes/../../00.png", "00.png"]
)
def test_no_summary_can_lead_out_of_its_folder(file: str) -> None:
    with pytest.raises(ValueError, match="file"):
        Mistake(file=file, position=0, name=None, label="cat", predicted="dog", confidence=0.5)
