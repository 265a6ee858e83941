"""The OpenAPI document as a reader goes through it: operations by their tags, then the schemas that they name. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from controller.dashboard.kinds import Json, Kind, default_of, kind_of, limits_of, title_of

ORDER = ("experiments", "figures", "results", "test part", "reports", "exports", "ask and tell", "webhooks", "access")
"""Of the sections, those that most people look for first; others follow."""
METHODS = ("get", "post", "put", "patch", "delete")
FIRST_ERROR = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Something with a name that is sent or answered: a member of a body, or a parameter."""

    name: str
    place: str = ""
    """Of a parameter: path, query or header."""
    kind: Kind
    limits: str
    default: str
    is_required: bool
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    media_type: str
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: str
    description: str
    bodies: Sequence[Body]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    anchor: str
    method: str
    path: str
    title: str
    description: str
    need: str
    """The least role, `run token` or `nothing`; empty where nobody said."""
    parameters: Sequence[Field]
    bodies: Sequence[Body]
    answers: Sequence[Answer]
    errors: Sequence[str]
    """Their status codes."""
    error_bodies: Sequence[Body]
    """Of any of them: all have one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    name: str
    anchor: str
    operations: Sequence[Operation]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    name: str
    title: str
    description: str
    kind: Kind
    """Of one that has no members of its own, as the words of a state."""
    fields: Sequence[Field]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    sections: Sequence[Section]
    schemas: Sequence[Schema]


def outline_of(document: Json, needs: Mapping[str, str]) -> Outline:
    """Put a document in order; `needs` says what `METHOD /path` wants of who asks."""
    by_tag: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                operation = methods[method]
                tag = operation.get("tags", ["others"])[0]
                by_tag.setdefault(tag, []).append(_operation(method.upper(), path, operation, needs))
    tags = sorted(by_tag, key=lambda tag: (ORDER.index(tag) if tag in ORDER else len(ORDER), tag))
    schemas = document.get("components", {}).get("schemas", {})
    return Outline(
        sections=[Section(name=tag, anchor=f"tag-{_anchor(tag)}", operations=by_tag[tag]) for tag in tags],
        schemas=[_schema(name, schemas[name]) for name in sorted(schemas, key=lambda name: title_of(name).lower())],
    )


def _operation(method: str, path: str, operation: Json, needs: Mapping[str, str]) -> Operation:
    answers = operation["responses"]
    errors = [status for status in answers if int(status) >= FIRST_ERROR]
    return Operation(
        anchor=_anchor(f"{method}-{path}"),
        method=method,
        path=path,
        title=operation["summary"],
        description=operation.get("description", ""),
        need=needs.get(f"{method} {path}", ""),
        parameters=[
            _field(each["name"], each["schema"], each.get("required", False), place=each["in"])
            for each in operation.get("parameters", ())
        ],
        bodies=list(_bodies(operation.get("requestBody", {}))),
        answers=[
            Answer(status=status, description=answers[status]["description"], bodies=list(_bodies(answers[status])))
            for status in answers
            if int(status) < FIRST_ERROR
        ],
        errors=errors,
        error_bodies=list(_bodies(answers[errors[0]])) if errors else [],
    )


def _bodies(told: Json) -> Iterator[Body]:
    for media_type, content in told.get("content", {}).items():
        schema = content.get("schema")
        yield Body(media_type=media_type, kind=kind_of(schema) if schema else ())


def _schema(name: str, schema: Json) -> Schema:
    required = schema.get("required", ())
    members = schema.get("properties", {})
    return Schema(
        name=name,
        title=title_of(name),
        description=schema.get("description", ""),
        kind=() if members else kind_of(schema),
        fields=[_field(each, members[each], each in required) for each in members],
    )


def _field(name: str, schema: Json, is_required: bool, *, place: str = "") -> Field:
    return Field(
        name=name,
        place=place,
        kind=kind_of(schema),
        limits=limits_of(schema),
        default="" if is_required else default_of(schema),
        is_required=is_required,
        description=schema.get("description", ""),
    )


def _anchor(text: str) -> str:
    """Return an id for a place on the page: letters, digits and single dashes."""
    dashed = "".join(letter if letter.isalnum() else "-" for letter in text.lower())
    return "-".join(part for part in dashed.split("-") if part)
