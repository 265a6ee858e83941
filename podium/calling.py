"""Whether a function can be called with the parameters of a space: known before anything is created or trained."""

import inspect
from collections.abc import Callable, Mapping

BY_NAME = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD)
Function = Callable[..., object]


def takes_trial(function: Function, names: Mapping[str, object]) -> bool:
    """Say whether the trial is handed over: to a single argument that is no parameter's name. Raises TypeError."""
    takes = list(_signature(function).parameters.values())
    return len(takes) == 1 and takes[0].kind not in BY_NAME and takes[0].name not in names


def check_function(function: Function, space: Mapping[str, object]) -> None:
    """Raise TypeError for what is no function, for a space that is none, and for what the two do not agree on.

    A parameter with a `when` is not there in every trial: whether the function can do without it shows then.
    """
    how = "podium.real(low, high), podium.integer(low, high) or podium.choice(...)"
    if not isinstance(space, Mapping):
        raise TypeError(f"podium.tune wants a space next, found {space!r}; write a dict of names, each with {how}")
    for name, parameter in space.items():
        if not isinstance(parameter, Mapping):
            raise TypeError(f"the space's {name!r} is {parameter!r}; write it as {how}")
    signature = _signature(function)
    if not space or takes_trial(function, space):
        return
    try:
        signature.bind(**dict.fromkeys(space))
    except TypeError as error:
        raise TypeError(
            f"the function takes {signature}, and the space has {', '.join(space)}: {error}; name its arguments "
            "like the parameters, or let it take one argument, the trial"
        ) from None


def _signature(function: object) -> inspect.Signature:
    if not callable(function):
        raise TypeError(f"podium.tune wants a function first, found {function!r}")
    try:
        return inspect.signature(function)
    except ValueError as error:  # some that are written in C tell none
        raise TypeError(f"{error}; wrap it: lambda trial: ...") from None
