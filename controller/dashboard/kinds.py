"""A JSON schema in words: what a value may be, within which limits, and where its parts are described. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]  # Any: a schema is as deep and as varied as JSON itself
NULL = {"type": "null"}
ANYTHING = "anything"
LIMITS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} of them",
    "maxItems": "at most {} of them",
    "minProperties": "at least {} of them",
    "maxProperties": "at most {} of them",
    "pattern": "like {}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some words of a kind, which lead to a schema where they name one."""

    text: str
    schema: str = ""


Kind = Sequence[Piece]


def name_of(reference: str) -> str:
    """Return the name of the schema that a `$ref` leads to."""
    return reference.rpartition("/")[2]


def title_of(name: str) -> str:
    """Return a schema's name as people read it: that of a generic model has underscores for brackets."""
    generic, _, argument = name.removesuffix("_").partition("_")
    return f"{generic} of {argument}" if name.endswith("_") else name.rpartition("__")[2]


def kind_of(schema: Json) -> Kind:
    """Say what a value may be."""
    return tuple(_pieces(schema))


def _pieces(schema: Json) -> Iterator[Piece]:
    match schema:
        case {"$ref": str(reference)}:
            yield Piece(text=title_of(name_of(reference)), schema=name_of(reference))
        case {"const": value}:
            yield Piece(text=json.dumps(value))
        case {"enum": [*values]}:
            yield Piece(text=" or ".join(json.dumps(value) for value in values))
        case {"anyOf": [*choices]} | {"oneOf": [*choices]}:
            yield from _joined(choices, " or ")
        case {"prefixItems": [*items]}:
            yield from _joined(items, ", then ")
        case {"type": "array"}:
            yield Piece(text="list of ")
            yield from _pieces(schema.get("items", {}))
        case {"type": "object"} if (value := _value(schema)) is not None:
            yield Piece(text="object of ")
            yield from _pieces(value)
        case {"format": str(form)}:
            yield Piece(text=form)
        case _:
            yield Piece(text=str(schema.get("type", ANYTHING)))


def _joined(choices: Sequence[Json], between: str) -> Iterator[Piece]:
    for place, choice in enumerate(choices):
        if place:
            yield Piece(text=between)
        yield from _pieces(choice)


def _value(schema: Json) -> Json | None:
    """Return what each value of an object is, where their names are free."""
    if (by_pattern := schema.get("patternProperties")) is not None:
        first: Json = next(iter(by_pattern.values()))
        return first
    more = schema.get("additionalProperties")
    return more if isinstance(more, Mapping) else None


def limits_of(schema: Json) -> str:
    """Say within which limits a value lies; nothing where it may be any of its kind."""
    wanted = [each for each in schema.get("anyOf", ()) if each != NULL]
    limited = wanted[0] if len(wanted) == 1 else schema
    return ", ".join(words.format(_plain(limited[name])) for name, words in LIMITS.items() if name in limited)


def default_of(schema: Json) -> str:
    """Return the value of what is left out, as JSON; nothing where there is none."""
    return json.dumps(schema["default"]) if "default" in schema else ""


def _plain(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value
