"""Constraints that leave nothing to try are refused when the experiment is created."""

from typing import Any

import pytest

from controller.room import no_room
from podium.faults import parse_spec

REAL = {"type": "real", "low": 0.0, "high": 1.0}
DIGIT = {"type": "integer", "low": 0, "high": 9}


@pytest.mark.parametrize(
    ("parameters", "constraints", "is_refused"),
    [
        ({"a": REAL, "b": REAL}, [], False),
        ({"a": REAL, "b": REAL}, [{"a": 1, "b": 1, "at_most": 0.1}], False),
        ({"a": REAL, "b": REAL}, [{"a": 1, "b": -1, "at_least": 0.5}, {"b": 1, "at_least": 0.6}], True),
        ({"a": DIGIT, "b": DIGIT}, [{"a": 10, "b": 1, "at_least": 99}], False),  # one of a hundred
        ({"a": DIGIT, "b": DIGIT}, [{"a": 2, "b": 2, "at_least": 5, "at_most": 5}], True),
    ],
)
def test_only_what_leaves_no_room_is_refused(
    parameters: dict[str, Any], constraints: list[dict[str, float]], is_refused: bool
) -> None:
    bounds = ("at_least", "at_most")
    written = [
        {"terms": {name: each[name] for name in each.keys() - bounds}, **{b: each[b] for b in bounds if b in each}}
        for each in constraints
    ]
    spec = parse_spec(
        {
            "name": "room",
            "objective": {"metric": "score"},
            "parameters": parameters,
            "constraints": written,
            "fidelity": {"rungs": {"full": 1}},
            "budget": {"cost": 5},
            "trial": {"command": ["true"]},
        }
    )
    assert [fault.path for fault in no_room(spec)] == (["constraints"] if is_refused else [])
