"""Cut off of compiled modules what only debuggers read: some wheels carry more of that than of code.

    python strip.py SITE_PACKAGES

A program is loaded by its segments; symbols and debug information of a shared object lie behind the last of them, with
the table of sections, which no loader reads. So that is where the file may end. An image's build has no `strip` at
hand, and needs none. Files of another kind than 64 bits, little-endian, are left alone.
"""

import struct
import sys
from pathlib import Path

MAGIC = b"\x7fELF\x02\x01"
HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
SEGMENT = struct.Struct("<IIQQQQQQ")


def strip(packages: Path) -> int:
    """Strip every shared object below a folder; return how many bytes that saves."""
    return sum(strip_file(path) for path in packages.rglob("*.so") if path.is_file() and not path.is_symlink())


def strip_file(path: Path) -> int:
    content = path.read_bytes()
    if not content.startswith(MAGIC):
        return 0
    end = end_of_segments(content)
    if end >= len(content):
        return 0
    ident, *rest = HEADER.unpack_from(content)
    rest[5] = rest[11] = rest[12] = 0  # no table of sections: e_shoff, e_shnum, e_shstrndx
    path.write_bytes(HEADER.pack(ident, *rest) + content[HEADER.size : end])
    return len(content) - end


def end_of_segments(content: bytes) -> int:
    """Return where the last segment ends, and the table of segments itself."""
    fields = HEADER.unpack_from(content)
    first, size, count = fields[5], fields[9], fields[10]
    ends: list[int] = [first + size * count, HEADER.size]
    for number in range(count):
        _, _, offset, _, _, in_file, _, _ = SEGMENT.unpack_from(content, first + number * size)
        ends.append(offset + in_file)
    return max(ends)


if __name__ == "__main__":
    strip(Path(sys.argv[1]))
