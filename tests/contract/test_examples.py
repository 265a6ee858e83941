"""Every example is a spec that would be taken."""

from pathlib import Path

import pytest

from podium.documents import read_document
from podium.faults import parse_spec

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").rglob("*.yaml"))


def test_there_are_some() -> None:
    assert len(EXAMPLES) >= 7


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: str(path.relative_to(ROOT)))
def test_an_example_has_no_fault_and_a_baseline_to_compare_with(path: Path) -> None:
    spec = parse_spec(read_document(path.read_text()))
    assert spec.baseline is not None
