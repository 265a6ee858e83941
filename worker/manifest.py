"""What a table in an object store consists of: chunks that are named by the digests of what they hold, in order."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Self

from worker.tables import Table, bytes_of

FORMAT = "podium chunks 1"


class UnusableManifest(Exception):
    """The bytes do not tell the chunks of this table; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    digest: str
    """SHA-256 of its bytes, in hexadecimal digits; its name, too."""
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    chunks: Sequence[Chunk]
    seconds: float
    """That its maker took for the rows."""

    @classmethod
    def of(cls, content: bytes, table: Table) -> Self:
        """Read what `to_bytes` returned. Raises UnusableManifest for anything that cannot be of this table."""
        try:
            told = json.loads(content)
            chunks = [Chunk(digest=str(each["digest"]), bytes=int(each["bytes"])) for each in told["chunks"]]
            manifest = cls(chunks=chunks, seconds=float(told["seconds"]))
            what = (told["format"], told["shape"], told["dtype"])
        except (ValueError, LookupError, TypeError):
            raise UnusableManifest("its manifest cannot be read") from None
        if what != (FORMAT, list(table.shape), table.dtype.str):
            raise UnusableManifest(f"its manifest tells of {what}")
        row_bytes = math.prod(table.shape[1:]) * table.dtype.itemsize
        total = sum(chunk.bytes for chunk in chunks)
        if total != bytes_of(table) or any(chunk.bytes <= 0 or chunk.bytes % row_bytes for chunk in chunks):
            raise UnusableManifest(f"its chunks hold {total} bytes, and the table {bytes_of(table)}, in whole rows")
        return manifest

    def to_bytes(self, table: Table) -> bytes:
        what = {"format": FORMAT, "shape": list(table.shape), "dtype": table.dtype.str, "seconds": self.seconds}
        return json.dumps({**what, "chunks": [asdict(chunk) for chunk in self.chunks]}).encode()
