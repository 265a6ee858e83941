"""TensorBoard's messages: scalars by step, and what its HPARAMS tab lists.

The messages are tensorflow's event.proto and summary.proto, and tensorboard/plugins/hparams' plugin_data.proto and
api.proto; the numbers here are the fields' in those files.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import assert_never

from podium.exporting.protobuf import double, message, single, text, varint
from podium.parameters import CategoricalParameter, IntegerParameter, Parameter, RealParameter, Value

EXPERIMENT = "_hparams_/experiment"
SESSION_START = "_hparams_/session_start_info"
SESSION_END = "_hparams_/session_end_info"
SCALAR = 1
"""DATA_CLASS_SCALAR."""


class Status(IntEnum):
    """How a session ended, as the HPARAMS tab has it."""

    UNKNOWN = 0
    SUCCESS = 1
    FAILURE = 2
    RUNNING = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """When something was so, by the clock and by the epoch."""

    seconds: float
    """Since 1970."""
    step: int = 0


def version(at: At) -> bytes:
    """Return the event that every file begins with."""
    return double(1, at.seconds) + text(3, "brain.Event:2")


def scalars(values: Mapping[str, float], at: At) -> bytes:
    """Return an event with some scalars; TensorBoard keeps 32 bits of each."""
    return _event(at, [_scalar(tag, value) for tag, value in values.items()])


def experiment(name: str, parameters: Mapping[str, Parameter], metrics: Sequence[str], at: At) -> bytes:
    """Return the event that tells the HPARAMS tab its columns."""
    content = b"".join(
        [
            double(3, at.seconds),
            *(message(4, _parameter_info(each, parameter)) for each, parameter in parameters.items()),
            *(message(5, message(1, text(2, metric)) + text(3, metric)) for metric in metrics),
            text(6, name),
        ]
    )
    return _hparams(EXPERIMENT, message(2, content), at)


def session_start(configuration: Mapping[str, Value], group: str, at: At) -> bytes:
    """Return the event that makes a run a row of the HPARAMS tab; `group` is the row's name."""
    hparams = [message(1, text(1, name) + message(2, _any(value))) for name, value in configuration.items()]
    return _hparams(SESSION_START, message(3, b"".join([*hparams, text(4, group), double(5, at.seconds)])), at)


def session_end(status: Status, at: At) -> bytes:
    return _hparams(SESSION_END, message(4, varint(1, status) + double(2, at.seconds)), at)


def _event(at: At, values: Sequence[bytes]) -> bytes:
    return double(1, at.seconds) + varint(2, at.step) + message(5, b"".join(message(1, each) for each in values))


def _scalar(tag: str, value: float) -> bytes:
    metadata = message(1, text(1, "scalars")) + varint(4, SCALAR)
    return text(1, tag) + single(2, value) + message(9, metadata)


def _hparams(tag: str, data: bytes, at: At) -> bytes:
    metadata = message(1, text(1, "hparams") + message(2, data))
    return _event(at, [text(1, tag) + message(9, metadata) + message(8, NULL_TENSOR)])


NULL_TENSOR = varint(1, 1) + message(2, message(2, varint(1, 1))) + message(5, b"\0\0\0\0")
"""One float, 0: TensorBoard drops what has neither value nor tensor. Types and fields are tensor.proto's."""


def _parameter_info(name: str, parameter: Parameter) -> bytes:
    match parameter:
        case RealParameter(low=low, high=high) | IntegerParameter(low=low, high=high):
            domain = varint(4, 3) + message(6, double(1, low) + double(2, high))  # DATA_TYPE_FLOAT64
        case CategoricalParameter(choices=choices):
            values = b"".join(message(1, _any(choice)) for choice in choices)
            domain = varint(4, _data_type(choices)) + message(5, values)
        case _ as unknown:
            assert_never(unknown)
    return text(1, name) + text(2, name) + domain


def _data_type(choices: Sequence[Value]) -> int:
    types = {bool if isinstance(choice, bool) else str if isinstance(choice, str) else float for choice in choices}
    return {bool: 2, float: 3, str: 1}[types.pop()] if len(types) == 1 else 0


def _any(value: Value) -> bytes:
    """Return a google.protobuf.Value."""
    match value:
        case bool():
            return varint(4, value)
        case int() | float():
            return double(2, value)
        case str():
            return text(3, value)
        case _ as unknown:
            assert_never(unknown)
