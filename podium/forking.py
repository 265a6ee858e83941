"""A new spec from an old one: keys set and removed by their paths, as they stand in faults."""

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any

STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
PATH = re.compile(r"[^.\[\]]+(\.[^.\[\]]+|\[\d+\])*")
Document = dict[str, Any]  # Any: a spec, as it is written


class NoSuchPath(ValueError):
    """A path leads nowhere in the spec; the message says how far it leads, and what is there."""


def forked(document: Mapping[str, Any], changes: Mapping[str, object], removed: Sequence[str] = ()) -> Document:
    """Return a copy of a spec with values set, as in {"budget.runs": 50}, and keys removed. Raises NoSuchPath.

    A key that is set may be new; what leads to it may not.
    """
    found = copy.deepcopy(dict(document))
    for path in removed:
        holder, last = _holder(found, path)
        if last not in _keys(holder):
            raise NoSuchPath(f"{path}: there is nothing to remove; there is {_listed(holder)}")
        del holder[last]
    for path, value in changes.items():
        holder, last = _holder(found, path)
        if isinstance(holder, list) and last not in _keys(holder):
            raise NoSuchPath(f"{path}: {_why_not(holder, last)}")
        holder[last] = value
    return found


def _holder(document: Document, path: str) -> tuple[Any, str | int]:
    """Return what holds the last step of a path, and that step."""
    if PATH.fullmatch(path) is None:
        raise NoSuchPath(f"{path!r} is no path; write it like budget.runs or guesses[0].momentum")
    *way, last = [int(position) if position else name for name, position in STEP.findall(path)]
    node: Any = document
    for step in way:
        if step not in _keys(node):
            raise NoSuchPath(f"{path}: {_why_not(node, step)}")
        node = node[step]
    if not isinstance(node, dict | list) or isinstance(node, list) != isinstance(last, int):
        raise NoSuchPath(f"{path}: {_why_not(node, last)}")
    return node, last


def _why_not(node: object, step: str | int) -> str:
    match node:
        case list() if isinstance(step, str):
            return f"a list has places, not {step!r}; write them like guesses[0], or set the whole list"
        case list():
            return f"the list has {len(node)}, counted from 0; set it as a whole to make it longer"
        case dict() if not node:
            return f"it is empty, and has no {step!r}; set it as a whole, as in env={{NAME: value}}"
        case dict():
            return f"there is no {step!r}; there is {_listed(node)}"
        case _:
            return f"{step!r} cannot be looked up in {node!r}"


def _keys(node: object) -> Sequence[str | int]:
    if isinstance(node, dict):
        return list(node)
    return range(len(node)) if isinstance(node, list) else ()


def _listed(node: object) -> str:
    match node:
        case dict():
            return ", ".join(map(str, node)) or "nothing"
        case list():
            return f"{len(node)} of them"
        case _:
            return repr(node)
