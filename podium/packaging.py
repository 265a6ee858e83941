"""A function as a trial's command: it travels by value, in the environment of the process that runs it.

Needs `cloudpickle` on both sides, and the same minor version of Python: code objects are not portable between two.
"""

import base64
import json
import sys
import zlib
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

VARIABLE = "TUNED_FUNCTION"
MOST_CHARACTERS = 100_000
"""Of an environment's variable: Linux takes 128 KiB."""
COMMAND = ["python", "-P", "-m", "podium.tuned"]


class FunctionTooLarge(ValueError):
    """The function, with all that it refers to, does not fit; the message says how large it is and what to do."""


class WrongVersion(ValueError):
    """The function was packaged by another Python, or cannot be opened here; the message says what is missing."""


def packaged(function: Callable[..., object]) -> dict[str, Any]:  # Any: keys of a `trial` section
    """Return the `trial` keys that run a function. Raises FunctionTooLarge, and ImportError without cloudpickle."""
    if find_spec("cloudpickle") is None:
        raise ImportError('sending a function needs cloudpickle; install it with: pip install "podium[tune]"')
    import cloudpickle  # noqa: PLC0415

    content = cloudpickle.dumps(function)
    told = {"python": _python(), "function": base64.b64encode(content).decode()}
    text = base64.b64encode(zlib.compress(json.dumps(told).encode(), 9)).decode()
    if len(text) > MOST_CHARACTERS:
        raise FunctionTooLarge(
            f"the function takes {len(text):,} characters with all that it refers to, of {MOST_CHARACTERS:,}; import "
            "what it needs within it, or read data there, instead of referring to what this process holds"
        )
    return {"command": COMMAND, "env": {VARIABLE: text}}


def opened(text: str) -> Callable[..., object]:
    """Return a function that was packaged. Raises WrongVersion."""
    told = json.loads(zlib.decompress(base64.b64decode(text)))
    if told["python"] != _python():
        raise WrongVersion(
            f"the function comes from Python {told['python']}, this is {_python()}; use an image with the same"
        )
    try:
        import cloudpickle  # noqa: PLC0415
    except ImportError:
        raise WrongVersion("the function cannot be opened without cloudpickle; put it into the image") from None
    try:
        found: Callable[..., object] = cloudpickle.loads(base64.b64decode(told["function"]))
    except ImportError as error:
        raise WrongVersion(
            f"the function imports what is not here ({error}); put it into the image, or define it beside the function"
        ) from None
    return found


def _python() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"
