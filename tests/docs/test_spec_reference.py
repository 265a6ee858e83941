"""The reference of the spec says of each key what its model says."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, TypeAdapter

from hack.spec_reference import PAGE, reference, type_words
from podium.spec import ExperimentSpec


class Inner(BaseModel):
    """What is inside."""

    kind: Literal["a", "b"] = "a"
    """Which of
    both."""


class Outer(BaseModel):
    inner: Inner
    many: dict[str, Annotated[int, Field(ge=1)]] | None = None


def test_sections_follow_in_the_order_in_which_they_are_met() -> None:
    page = reference(Outer)
    assert page.index("| `inner` | [Inner](#inner) | required |") < page.index("## Inner\n\nWhat is inside.")
    assert "| `many` | map to integer, at least 1 |  |  |" in page
    assert "| `kind` | `a`, `b` | `a` | Which of both. |" in page


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (Annotated[float, Field(gt=0, le=1)], "number, greater than 0, at most 1"),
        (list[str] | None, "list of string"),
        (Annotated[str, Field(pattern="^a|b$")], r"string, `^a\|b$`"),
        (bool | int, "boolean or integer"),
    ],
)
def test_types_in_words(annotation: Any, words: str) -> None:
    schema = TypeAdapter(annotation).json_schema()
    # pydantic says most as numbers with a fraction
    assert type_words(schema).replace(".0", "") == words


def test_every_key_of_the_spec_is_there() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name in ExperimentSpec.model_fields:
        assert f"| `{name}` |" in page
