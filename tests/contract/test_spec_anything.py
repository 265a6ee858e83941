"""Whatever a document holds, it is a spec or it has faults: no other error leaves the reader."""

import copy
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from podium.fault import Fault
from podium.faults import SpecRejected, parse_spec
from tests.contract.test_spec_faults import SOUND

words = st.sampled_from(
    ["real", "integer", "categorical", "log", "type", "low", "high", "choices", "momentum", "digits", "full", "x", ""]
)
leaves = st.none() | st.booleans() | st.integers() | st.floats() | words | st.text(max_size=5)
documents = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=5), max_leaves=12
)


def faults_or_none(document: object) -> list[Fault]:
    """Return the faults of `document`; none when it is a spec. Any other exception is the test's finding."""
    try:
        parse_spec(document)
    except SpecRejected as rejected:
        return rejected.faults
    return []


def can_be_carried_by_json(faults: list[Fault]) -> bool:
    return all(Fault.model_validate_json(fault.model_dump_json()) == fault for fault in faults)


@given(documents)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_an_arbitrary_document_is_refused_with_faults_and_never_otherwise(document: object) -> None:
    faults = faults_or_none(document)
    assert faults
    assert can_be_carried_by_json(faults)


def places(node: object, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    inner = (
        [place for key, value in node.items() for place in places(value, (*path, key))]
        if isinstance(node, dict)
        else []
    )
    return [path, *inner] if path else inner


@given(st.lists(st.tuples(st.sampled_from(places(SOUND)), documents), min_size=1, max_size=4))
@settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_a_spec_with_anything_anywhere_is_a_spec_or_has_faults(edits: list[tuple[tuple[str, ...], object]]) -> None:
    document = copy.deepcopy(SOUND)
    for (*way, key), value in edits:
        section: Any = document
        for step in way:
            section = section.get(step) if isinstance(section, dict) else None
        if isinstance(section, dict):
            section[key] = value
    faults = faults_or_none(document)
    assert len({fault.path for fault in faults}) == len(faults)
    assert can_be_carried_by_json(faults)
