"""Makes the `definitions` of charts/podium/values.schema.json, so that a typo in a block of Kubernetes' own is refused.

    python -m hack.chart_schema [--check]

`worker.defaults` is a PodShape, and comes from podium.pod; affinities, tolerations and the like come from Kubernetes'
schemas. All else in the file is written by hand.
"""

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from hack import generated
from podium import quantity
from podium.pod import PodShape

SCHEMA = generated.CHART / "values.schema.json"
KUBERNETES_VERSION = "1.37.0"
"""Named, so that a newer kubernetes-validate does not make another schema."""
DEFINITIONS = {
    "Affinity": "io.k8s.api.core.v1.Affinity",
    "NetworkPolicyEgressRule": "io.k8s.api.networking.v1.NetworkPolicyEgressRule",
    "NetworkPolicyPeer": "io.k8s.api.networking.v1.NetworkPolicyPeer",
    "ResourceRequirements": "io.k8s.api.core.v1.ResourceRequirements",
    "Toleration": "io.k8s.api.core.v1.Toleration",
    "TopologySpreadConstraint": "io.k8s.api.core.v1.TopologySpreadConstraint",
}
DROPPED = {"title", "default", "description", "format"}
NUMBER_OR_QUANTITY = {"anyOf": [{"type": "string", "pattern": quantity.PATTERN}, {"type": "number", "minimum": 0}]}

Json = Any  # a JSON schema is as deep and as varied as JSON itself


def made_schema(schema: str) -> str:
    """Return the schema with its definitions made anew."""
    document = json.loads(schema)
    document["definitions"] = dict(sorted([*_pod_shape(), *_kubernetes()]))
    return json.dumps(document, indent=2) + "\n"


def _pod_shape() -> Iterator[tuple[str, Json]]:
    """Yield PodShape and what it refers to, under names of their own: Kubernetes has an Affinity, too."""
    made = PodShape.model_json_schema(ref_template="#/definitions/PodShape.{model}")
    parts = made.pop("$defs")
    for amounts in ("requests", "limits"):  # a bare `2` is a quantity, too
        properties = parts["Resources"]["properties"]
        properties[amounts]["patternProperties"] = dict.fromkeys(
            properties[amounts]["patternProperties"], NUMBER_OR_QUANTITY
        )
    yield "PodShape", _plain(made)
    for name, part in parts.items():
        yield f"PodShape.{name}", _plain(part)


def _kubernetes() -> Iterator[tuple[str, Json]]:
    """Yield the definitions of Kubernetes that values use, and all that those refer to."""
    folder = f"v{KUBERNETES_VERSION}-local-strict"
    file = files("kubernetes_validate") / "kubernetes-json-schema" / folder / "_definitions.json"
    known = json.loads(file.read_text(encoding="utf-8"))["$defs"]
    short = {long: name for name, long in DEFINITIONS.items()}
    waiting = list(DEFINITIONS.values())
    seen: set[str] = set()
    while waiting:
        long = waiting.pop()
        if long in seen:
            continue
        seen.add(long)
        text = json.dumps(known[long])
        for other in known:
            reference = f'"#/$defs/{other}"'
            if reference in text:
                waiting.append(other)
                text = text.replace(reference, f'"#/definitions/{short.get(other, other)}"')
        yield short.get(long, long), _plain(json.loads(text))


def _plain(schema: Json) -> Json:
    """Return a schema without its prose, without null, which in Helm removes a value, and closed to unknown keys."""
    if isinstance(schema, list):
        return [_plain(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    plain = {
        key: {name: _plain(part) for name, part in found.items()} if key == "properties" else _plain(found)
        for key, found in schema.items()
        if key not in DROPPED and not key.startswith("x-kubernetes")
    }
    if isinstance(plain.get("type"), list):
        (plain["type"],) = [name for name in plain["type"] if name != "null"]
    if isinstance(plain.get("anyOf"), list):
        choices = [choice for choice in plain["anyOf"] if choice != {"type": "null"}]
        plain = {**plain, "anyOf": choices} if len(choices) > 1 else choices[0]
    if "patternProperties" in plain:
        plain.setdefault("additionalProperties", False)
    return plain


if __name__ == "__main__":
    generated.main({SCHEMA: made_schema(SCHEMA.read_text(encoding="utf-8"))})
