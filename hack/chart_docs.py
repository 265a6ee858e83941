"""Makes the table of values in charts/podium/README.md from the comments of values.yaml.

    python -m hack.chart_docs [--check]

Every value has a line `# -- what it means` above it; a value without one, or a line above nothing, is an error. A block
such as `resources`, whose line stands above the whole of it, is one row.
"""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from ruamel.yaml import YAML

from hack import generated

README = generated.CHART / "README.md"
VALUES = generated.CHART / "values.yaml"
BEGIN = "<!-- values: made from values.yaml by `make chart` -->"
END = "<!-- end of values -->"
KEY = re.compile(r"^(?P<indent> *)(?P<key>[A-Za-z][A-Za-z0-9]*):(?P<value>.*)$")
MARK = "# -- "


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    path: tuple[str, ...]
    meaning: str


def made_readme(readme: str, values: str) -> str:
    """Return the README with its table of values made anew."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    defaults = YAML(typ="safe", pure=True).load(values)
    rows = [f"| `{'.'.join(v.path)}` | {_default(defaults, v.path)} | {v.meaning} |" for v in documented(values)]
    table = "\n".join(["| value | default | meaning |", "|---|---|---|", *rows])
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def documented(values: str) -> Iterator[Value]:
    """Yield every value with its meaning. Ends the process at a value that has none."""
    parents: list[tuple[int, str]] = []
    meaning, within = "", None
    for number, line in enumerate(values.splitlines(), start=1):
        if line.lstrip().startswith(MARK):
            meaning = line.lstrip().removeprefix(MARK).strip()
            continue
        if (found := KEY.match(line)) is None:
            if meaning:
                sys.exit(f"values.yaml:{number}: no value under the line {MARK}{meaning}")
            continue
        depth = len(found["indent"])
        if within is not None and depth > within:
            continue  # a part of a block that is documented whole
        within = depth if meaning else None
        parents = [parent for parent in parents if parent[0] < depth] + [(depth, found["key"])]
        path = tuple(key for _, key in parents)
        if meaning:
            yield Value(path=path, meaning=meaning)
        elif found["value"].strip():
            sys.exit(f"values.yaml:{number}: {'.'.join(path)} has no line `{MARK}...` above it")
        meaning = ""


def _default(defaults: object, path: tuple[str, ...]) -> str:
    for key in path:
        assert isinstance(defaults, dict)
        defaults = defaults[key]
    return f"`{json.dumps(defaults, ensure_ascii=False)}`"


if __name__ == "__main__":
    generated.main({README: made_readme(README.read_text(encoding="utf-8"), VALUES.read_text(encoding="utf-8"))})
