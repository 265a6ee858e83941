"""Parameters of other tools as Podium's. What a list loses, and what a prior becomes, is said where it happens."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from podium.importing.source import NotImportable, Source
from podium.parameters import Value, is_power

Written = dict[str, Any]  # Any: a section of a spec, as it is written


def ranged(
    source: Source, path: str, kind: str, bounds: tuple[float, float], *, is_log: bool = False
) -> Written | None:
    """Return a real or integer parameter; None, and a remark, for one without room to move. Raises NotImportable."""
    low, high = bounds
    whole = kind == "integer"
    if low > high:
        raise NotImportable(f"{path}: its lower bound {low:g} is above its upper one, {high:g}")
    if whole and not (float(low).is_integer() and float(high).is_integer()):
        raise NotImportable(f"{path}: bounds of whole numbers must be whole, found {low:g} and {high:g}")
    if low == high:
        source.lost(path, f"it is {low:g} and nothing else: write it into the script, Podium searches what can vary")
        return None
    if is_log and low <= 0:
        source.changed(path, f"its lower bound {low:g} has no logarithm, so that its scale is linear")
        is_log = False
    written: Written = {"type": kind, "low": int(low) if whole else low, "high": int(high) if whole else high}
    return written | ({"scale": "log"} if is_log else {})


def listed(source: Source, path: str, values: Sequence[Value]) -> Written | None:
    """Return what a list of values becomes: powers, a range without gaps, booleans, or categories."""
    distinct = list({(type(value), value): value for value in values}.values())  # to Python, True is 1
    if len(distinct) < 2:
        source.lost(path, f"it is {distinct[0] if distinct else None!r} and nothing else: write it into the script")
        return None
    texts = [value.lower() for value in distinct if isinstance(value, str)]
    if len(texts) == len(distinct) and {"true", "false"}.issuperset(texts):
        source.changed(path, 'the texts "True" and "False" become booleans: in Python, the text "False" is true')
        return {"type": "categorical", "choices": [text == "true" for text in texts]}
    ordered = sorted(value for value in distinct if isinstance(value, int) and not isinstance(value, bool))
    if len(ordered) == len(distinct):
        if len(ordered) > 2 and ordered[0] >= 1 and (base := _base(ordered)) is not None:
            source.changed(path, f"the list becomes the powers of {base} from {ordered[0]} to {ordered[-1]}")
            return {"type": "integer", "low": ordered[0], "high": ordered[-1], "scale": "log", "base": base}
        if all(later - earlier == 1 for earlier, later in pairwise(ordered)):
            return {"type": "integer", "low": ordered[0], "high": ordered[-1]}
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in distinct):
        source.changed(
            path, "a list of numbers becomes categories, of which the optimizer does not know that they are ordered"
        )
    return {"type": "categorical", "choices": distinct}


def hinted(source: Source, path: str, parameter: Written, mean: float, deviation: float) -> Written:
    """Return the parameter with a hint in place of a normal prior.

    The mean is in the parameter's units, and so is the deviation; on a log scale it is that of the natural logarithm.
    """
    low, high = float(parameter["low"]), float(parameter["high"])
    if parameter.get("scale") == "log":
        share = deviation / (math.log(high) - math.log(low))
    else:
        share = deviation / (high - low)
    value = min(max(mean, low), high)
    rounded = round(value) if parameter["type"] == "integer" else float(f"{value:.6g}")
    hint = {"value": rounded, "spread": float(f"{min(max(share, 0.01), 1.0):.3g}")}
    source.changed(path, f"the prior becomes a hint of {hint['value']:g}, which is followed less with each trial")
    return parameter | {"hint": hint}


def _base(ordered: Sequence[int]) -> int | None:
    """Return the base of which these are successive powers, if there is one."""
    base, rest = divmod(ordered[1], ordered[0])
    if rest or base < 2 or not is_power(ordered[0], base):
        return None
    return base if all(later == base * earlier for earlier, later in pairwise(ordered)) else None
