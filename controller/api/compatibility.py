"""Whether a caller of an earlier `/api/v1` still gets along with a newer one: a comparison of OpenAPI documents.

docs/api.md says in words what these functions hold the document to.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from controller.api.document import METHODS
from podium.access import Role

Json = Any  # a JSON schema is as deep and as varied as JSON itself
LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems")
UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
NO_PARAMETERS = ("accept", "content-type", "authorization")
"""Headers whose definition as parameters counts for nothing: OpenAPI tells them by bodies, answers and security."""


def breaks(before: Json, now: Json) -> list[str]:
    """Return what a caller of `before` would stumble over in `now`; nothing where they are compatible."""
    return list(_broken_paths(before, now))


def _broken_paths(before: Json, now: Json) -> Iterator[str]:
    for path, methods in before["paths"].items():
        for method in METHODS:
            if method not in methods:
                continue
            name = f"{method.upper()} {path}"
            newer = now["paths"].get(path, {}).get(method)
            if newer is None:
                yield f"{name} is gone"
                continue
            yield from _Comparison(before, now).operation(name, methods[method], newer)


class _Comparison:
    """One operation of two documents. A pair of schemas is compared once: schemas may contain themselves."""

    def __init__(self, before: Json, now: Json) -> None:
        self._before, self._now = before, now
        self._seen: set[tuple[str, str, bool]] = set()

    def operation(self, name: str, old: Json, new: Json) -> Iterator[str]:
        known, newer = _parameters(old), _parameters(new)
        yield from _demands(name, old.get("security"), new.get("security", []))
        for (place, each), parameter in known.items():
            where = f"{name}: {place} parameter {each!r}"
            if (place, each) not in newer:
                yield f"{where} is gone"
                continue
            if newer[place, each].get("required") and not parameter.get("required"):
                yield f"{where} is required now"
            yield from self.schema(where, parameter["schema"], newer[place, each]["schema"], is_asked=True)
        for place, each in newer.keys() - known.keys():
            if newer[place, each].get("required"):
                yield f"{name}: {place} parameter {each!r} is new and required"
        yield from self._body(name, old.get("requestBody"), new.get("requestBody"))
        for status, answer in old["responses"].items():
            if status not in new["responses"] and int(status) < 300:
                yield f"{name}: does not answer {status} any more"
            elif status in new["responses"]:
                told = new["responses"][status]
                yield from self._contents(f"{name}: answer {status}", answer, told, is_asked=False)

    def _body(self, name: str, old: Json, new: Json) -> Iterator[str]:
        if new is None:
            if old is not None:
                yield f"{name}: takes no body any more"
            return
        if new.get("required") and not (old or {}).get("required"):
            yield f"{name}: the body is required now"
        yield from self._contents(f"{name}: body", old or {}, new, is_asked=True)

    def _contents(self, where: str, old: Json, new: Json, *, is_asked: bool) -> Iterator[str]:
        for media, content in old.get("content", {}).items():
            if media not in new.get("content", {}):
                yield f"{where}: no {media} any more"
                continue
            yield from self.schema(
                where, content.get("schema", {}), new["content"][media].get("schema", {}), is_asked=is_asked
            )

    def schema(self, where: str, old: Json, new: Json, *, is_asked: bool) -> Iterator[str]:
        """Compare a schema that callers send (`is_asked`), which may only widen, or get, which keeps its fields."""
        pair = (old.get("$ref", ""), new.get("$ref", ""), is_asked)
        if all(pair[:2]):
            if pair in self._seen:
                return
            self._seen.add(pair)
        old, new = _resolved(self._before, old), _resolved(self._now, new)
        if not isinstance(old, Mapping) or not isinstance(new, Mapping):
            return
        yield from _kinds(where, old, new, is_asked=is_asked)
        yield from _limits(where, old, new, is_asked=is_asked)
        fields, newer = old.get("properties", {}), new.get("properties", {})
        for name in fields:
            if name not in newer:
                yield f"{where}: field {name!r} is gone"
            else:
                yield from self.schema(f"{where}: {name}", fields[name], newer[name], is_asked=is_asked)
        if is_asked:
            for name in sorted(set(new.get("required", [])) - set(old.get("required", []))):
                yield f"{where}: field {name!r} is required now"
        else:
            for name in sorted(set(old.get("required", [])) - set(new.get("required", [])) & set(newer)):
                yield f"{where}: field {name!r} may be missing now"
        if isinstance(old.get("items"), Mapping) and isinstance(new.get("items"), Mapping):
            yield from self.schema(f"{where}: items", old["items"], new["items"], is_asked=is_asked)
        yield from self._choices(where, old, new, is_asked=is_asked)

    def _choices(self, where: str, old: Json, new: Json, *, is_asked: bool) -> Iterator[str]:
        """Compare the members of unions by their names, else by their types."""
        for key in ("anyOf", "oneOf"):
            known = {_label(each): each for each in old.get(key, [])}
            newer = {_label(each): each for each in new.get(key, [])}
            for label, each in known.items():
                if label in newer:
                    yield from self.schema(f"{where}: {label}", each, newer[label], is_asked=is_asked)
                elif is_asked and newer:
                    yield f"{where}: {label} is not taken any more"
            if not is_asked and known:
                for label in sorted(newer.keys() - known.keys()):
                    if label == "null":
                        yield f"{where}: may be null now"


def _parameters(operation: Json) -> Json:
    told = {(each["in"], each["name"]): each for each in operation.get("parameters", [])}
    return {key: each for key, each in told.items() if key[0] != "header" or key[1].lower() not in NO_PARAMETERS}


def _demands(name: str, old: Json, new: Json) -> Iterator[str]:
    """Compare what tokens are wanted, by kind and role; a document that said nothing of them promised nothing."""
    for scheme, roles in ((scheme, roles) for each in new if old is not None for scheme, roles in each.items()):
        known = [each[scheme] for each in old if scheme in each]
        if not known:
            yield f"{name}: wants a {scheme} now"
        elif not all(Role(held).includes(Role(role)) for held in known[0] for role in roles):
            yield f"{name}: wants the role {', '.join(roles)} now, and was content with {', '.join(known[0])}"


def _kinds(where: str, old: Json, new: Json, *, is_asked: bool) -> Iterator[str]:
    if old.get("type") != new.get("type") and "type" in new:
        is_wider = (old.get("type"), new["type"]) == ("integer", "number") and is_asked
        if not is_wider and ("type" in old or is_asked):
            yield f"{where}: was {old.get('type', 'of any type')}, is {new['type']}"
    if is_asked and "enum" in new:
        for value in old.get("enum", []):
            if value not in new["enum"]:
                yield f"{where}: {value!r} is not taken any more"
        if "enum" not in old:
            yield f"{where}: takes only some values now"
    if is_asked and new.get("pattern") is not None and new["pattern"] != old.get("pattern"):
        yield f"{where}: has another pattern"


def _limits(where: str, old: Json, new: Json, *, is_asked: bool) -> Iterator[str]:
    if not is_asked:
        return
    for key in LOWER:
        if key in new and (key not in old or new[key] > old[key]):
            yield f"{where}: {key} is narrower, {new[key]} after {old.get(key, 'none')}"
    for key in UPPER:
        if key in new and (key not in old or new[key] < old[key]):
            yield f"{where}: {key} is narrower, {new[key]} after {old.get(key, 'none')}"


def _resolved(document: Json, schema: Json) -> Json:
    while isinstance(schema, Mapping) and "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def _label(schema: Json) -> str:
    return str(schema.get("$ref", "").rpartition("/")[2] or schema.get("type") or sorted(schema))
