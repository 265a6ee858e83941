"""Makes docs/spec.md, the reference of the experiment spec, from the models that read it.

    python -m hack.spec_reference [--check]

Types, bounds and defaults are those of the JSON schema; words are the docstrings of classes and of fields.
"""

import ast
import inspect
import json
import re
import textwrap
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from hack import generated
from podium.spec import ExperimentSpec

PAGE = generated.ROOT / "docs" / "spec.md"
HEAD = """\
# Experiment spec

<!-- made by `make reference` from podium/spec.py and its neighbours -->

What a spec file, `POST /api/v1/experiments` and `client.experiments.create` take, as YAML or JSON. An unknown key is an
error, and a spec with faults is refused with all of them. [The README](../README.md#an-experiment) has examples,
[training.md](training.md) tells what `training` takes, and [kubernetes.md](kubernetes.md) what `trial` takes.
"""
Schema = dict[str, Any]
BOUNDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "greater than {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "less than {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {}",
    "maxItems": "at most {}",
    "minProperties": "at least {}",
    "maxProperties": "at most {}",
    "pattern": "`{}`",
}


def reference(spec: type[BaseModel]) -> str:
    """Return the page: a table of keys for the spec, and one for each section that it may hold."""
    schema = spec.model_json_schema()
    sections = list(_sections(spec))
    parts = [_section(model, schema if model is spec else schema["$defs"][model.__name__]) for model in sections]
    return "\n".join([HEAD, *parts])


def field_words(model: type[BaseModel]) -> dict[str, str]:
    """Return each field's docstring, those that are inherited as well."""
    words: dict[str, str] = {}
    for owner in reversed(model.__mro__):
        if owner in (BaseModel, object) or not issubclass(owner, BaseModel):
            continue
        [body] = ast.parse(textwrap.dedent(inspect.getsource(owner))).body
        if not isinstance(body, ast.ClassDef):
            continue
        for field, below in zip(body.body, body.body[1:], strict=False):
            match field, below:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    words[name] = " ".join(text.split())
                case _:
                    pass
    return words


def _sections(spec: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Yield the models that a spec may hold, each once, in the order in which they are met."""
    waiting, seen = [spec], {spec}
    while waiting:
        model = waiting.pop(0)
        yield model
        for field in model.model_fields.values():
            found = [each for each in _models_in(field.annotation) if each not in seen]
            waiting += dict.fromkeys(found)
            seen.update(found)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from _models_in(part)


def _section(model: type[BaseModel], schema: Schema) -> str:
    words, required = field_words(model), schema.get("required", [])
    rows = [
        f"| `{name}` | {type_words(field)} | {_default(field, name in required)} | {_cell(words.get(name, ''))} |"
        for name, field in schema["properties"].items()
    ]
    said = inspect.cleandoc(model.__dict__.get("__doc__") or "")
    title = "The spec" if model is ExperimentSpec else model.__name__
    return "\n".join(
        [
            f"## {title}",
            "",
            *([said, ""] if said else []),
            "| key | value | default | |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def type_words(schema: Schema) -> str:
    """Return what values a schema takes, in words: `integer, at least 1`."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            given = [type_words(each) for each in schema[choice] if each.get("type") != "null"]
            return " or ".join(dict.fromkeys(given))
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{_plain(each)}`" for each in schema.get("enum", [schema.get("const")]))
    bounds = [_cell(words.format(schema[key])) for key, words in BOUNDS.items() if key in schema]
    match schema.get("type"):
        case "array":
            kind = f"list of {type_words(schema.get('items', {}))}"
        case "object":
            values: Schema | bool = schema.get("additionalProperties") or next(
                iter(schema.get("patternProperties", {}).values()), {}
            )
            kind = f"map to {type_words(values) if isinstance(values, dict) else 'anything'}"
        case str(kind):
            pass
        case _:
            kind = "anything"
    return ", ".join([kind, *bounds]).replace(" 1 characters", " 1 character")


def _default(schema: Schema, is_required: bool) -> str:
    if is_required:
        return "required"
    default = schema.get("default")
    return "" if default in (None, [], {}) else f"`{_plain(default)}`"


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _cell(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", text)


if __name__ == "__main__":
    generated.main({PAGE: reference(ExperimentSpec)}, remedy="make reference")
