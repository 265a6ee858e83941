"""Faults stand at the lines that they are about."""

import pytest

from controller.dashboard.fault_lines import marked_lines
from podium.documents import UnreadableDocument, read_document
from podium.fault import Fault

TEXT = """name: x
objective: {metric: accuracy}
parameters:
  learning_rate:
    type: real
    low: 1
    high: 0
  momentum: {type: real,
             low: 0, high: 1}
guesses:
  - {learning_rate: 0.1}
  - learning_rate: 0.2
    momentum: 5
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("name", 1),
        ("objective.metric", 2),
        ("parameters", 3),
        ("parameters.learning_rate", 4),
        ("parameters.learning_rate.low", 6),
        ("parameters.momentum.high", 9),
        ("parameters.momentum.scale", 8),
        ("guesses[0].learning_rate", 11),
        ("guesses[1]", 12),
        ("guesses[1].momentum", 13),
        ("guesses[7].momentum", 10),
        ("budget", 1),
        ("", 1),
    ],
)
def test_a_fault_stands_where_its_path_leads(path: str, line: int) -> None:
    lines = marked_lines(TEXT, "refused", [Fault(path=path, found=1, allowed="something else")])
    assert [each.number for each in lines if each.faults] == [line]
    assert [each.text for each in lines] == TEXT.split("\n")


@pytest.mark.parametrize(
    "text", ["a: 1\nb: [1, 2\nc: 3\n", "a: 1\n b: 2\n", "a: {b: }}\n", "\t- x", "[" * 100, "*nowhere"]
)
def test_what_is_no_yaml_is_marked_where_it_breaks(text: str) -> None:
    with pytest.raises(UnreadableDocument) as broken:
        read_document(text)
    [marked] = [each for each in marked_lines(text, str(broken.value), []) if each.faults]
    assert marked.number == (broken.value.line or 1)
    assert marked.faults == [str(broken.value)]


@pytest.mark.parametrize("text", ["", "# nothing\n", "7", "[1, 2]"])
def test_what_is_no_spec_is_marked_at_its_first_line(text: str) -> None:
    lines = marked_lines(text, "refused", [Fault(path="name", found=None, allowed="a value")])
    assert [each.number for each in lines if each.faults] == [1]
