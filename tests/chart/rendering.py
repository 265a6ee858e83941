"""The chart as Helm renders it, for tests to look at: every branch of the templates is in one of RENDERINGS."""

import functools
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests import tools

CHART = Path(__file__).resolve().parents[2] / "charts" / "podium"
CI = CHART / "ci"
RENDERINGS = ("defaults", *sorted(path.stem for path in CI.glob("*.yaml")))

Object = dict[str, Any]
"""An object of Kubernetes, of any kind, as its YAML says."""


@functools.cache
def rendered(values: str = "defaults", *words: str) -> tuple[Object, ...]:
    """Return every object of a release called podium in the namespace podium, hooks and tests among them."""
    return parsed(helm_template(values, *words).stdout)


def refused(values: str, *words: str) -> str:
    """Return what Helm says when it refuses to render."""
    ran = helm_template(values, *words, check=False)
    assert ran.returncode != 0, "Helm rendered what it should refuse"
    return ran.stderr


def helm_template(values: str, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return helm("template", "podium", str(CHART), "--namespace", "podium", *_file(values), *words, check=check)


def notes(*words: str) -> str:
    """Return what Helm tells the user once the chart is installed."""
    given = ("install", "podium", str(CHART), "--namespace", "podium", "--dry-run=client", *words)
    return helm(*given).stdout.partition("NOTES:")[2]


def helm(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    ran = subprocess.run([tools.helm(), *words], capture_output=True, text=True, check=False)
    assert ran.returncode == 0 or not check, ran.stderr
    return ran


def _file(values: str) -> tuple[str, ...]:
    return () if values == "defaults" else ("--values", str(CI / f"{values}.yaml"))


def parsed(text: str) -> tuple[Object, ...]:
    return tuple(found for found in YAML(typ="safe").load_all(text) if found)


def of_kind(objects: tuple[Object, ...], kind: str) -> dict[str, Object]:
    """Return the objects of a kind by their names."""
    return {one["metadata"]["name"]: one for one in objects if one["kind"] == kind}


def only(objects: tuple[Object, ...], kind: str, name: str) -> Object:
    return of_kind(objects, kind)[name]


def pods(objects: tuple[Object, ...]) -> Iterator[tuple[str, Object]]:
    """Yield every Pod and every template of Pods, with the name of what it belongs to."""
    for one in objects:
        name = f"{one['kind']} {one['metadata']['name']}"
        if one["kind"] == "Pod":
            yield name, one
        elif "template" in one.get("spec", {}):
            yield name, one["spec"]["template"]


def containers(pod: Object) -> list[Object]:
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]
