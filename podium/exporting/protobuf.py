"""The few forms of protocol buffers that TensorBoard's messages take, written by hand.

https://protobuf.dev/programming-guides/encoding: a field is its number and wire type as a varint, and its payload.
"""

import struct

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5


def varint(field: int, value: int) -> bytes:
    """Write an int32, int64, bool or enum; negative ones take ten bytes."""
    return _number(field << 3 | VARINT) + _number(value & (2**64 - 1))


def double(field: int, value: float) -> bytes:
    return _number(field << 3 | FIXED64) + struct.pack("<d", value)


def single(field: int, value: float) -> bytes:
    """Write a float of 32 bits; what is beyond them becomes an infinity, as everywhere."""
    try:
        return _number(field << 3 | FIXED32) + struct.pack("<f", value)
    except OverflowError:
        return single(field, float("inf") if value > 0 else float("-inf"))


def message(field: int, content: bytes) -> bytes:
    """Write a message within a message, or bytes."""
    return _number(field << 3 | LENGTH) + _number(len(content)) + content


def text(field: int, value: str) -> bytes:
    return message(field, value.encode())


def _number(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)
