"""Print what pyproject.toml requires, with the extras named as arguments: one requirement a line, sorted.

An image installs these in a layer of their own, which stays in the cache until what is printed here changes.
"""

import re
import sys
import tomllib
from pathlib import Path


def requirements(project: dict[str, object], extras: list[str]) -> list[str]:
    optional = project["optional-dependencies"]
    assert isinstance(optional, dict)
    found: set[str] = set(project["dependencies"])  # type: ignore[call-overload]  # a list of strings, by the format
    for extra in extras:
        found |= set(optional[extra])
    return sorted(each for each in found if not re.match(r"podium\b", each))


if __name__ == "__main__":
    document = tomllib.loads(Path(__file__).with_name("pyproject.toml").read_text())
    print("\n".join(requirements(document["project"], sys.argv[1:])))  # noqa: T201  # it prints, by its purpose
