"""TensorFlow's record files: each record between its length and checksums.

    length (8 bytes, little-endian) | masked CRC of the length | data | masked CRC of the data

https://www.tensorflow.org/tutorials/load_data/tfrecord; the CRC is Castagnoli's, RFC 3720 B.4.
"""

import struct

POLYNOMIAL = 0x82F63B78
"""Castagnoli's, reflected."""
MASK_DELTA = 0xA282EAD8


def framed(data: bytes) -> bytes:
    """Return a record as it stands in a file."""
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked(crc32c(length))) + data + struct.pack("<I", masked(crc32c(data)))


def masked(crc: int) -> int:
    """Return a checksum that may lie in data of which there is a checksum."""
    return ((crc >> 15 | crc << 17) + MASK_DELTA) & 0xFFFFFFFF


def crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def _of_byte(value: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ (POLYNOMIAL if value & 1 else 0)
    return value


_TABLE = tuple(_of_byte(value) for value in range(256))
