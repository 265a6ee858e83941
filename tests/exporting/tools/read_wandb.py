"""Print as JSON what an offline run of Weights & Biases holds: FILE.wandb.

The records are read by wandb's own protocol buffers. What is around them is LevelDB's log, with zlib's checksum, whose
reader wandb has in its compiled part alone: blocks of 32 KiB, in which each piece of a record stands behind its
checksum, length and kind (https://github.com/google/leveldb/blob/main/doc/log_format.md), after seven bytes that name
the file's form.
"""

import json
import struct
import sys
import zlib
from collections.abc import Iterator
from typing import Any

from wandb.proto import wandb_internal_pb2

BLOCK_BYTES, HEADER = 32 * 1024, struct.Struct("<IHB")
FULL, LAST = 1, 4


def records(content: bytes) -> Iterator[bytes]:
    """Yield each record's bytes; every checksum is checked."""
    assert content[:4] == b":W&B", content[:7]
    place, parts = 7, list[bytes]()
    while place < len(content):
        left = BLOCK_BYTES - place % BLOCK_BYTES
        if left < HEADER.size:
            place += left
            continue
        crc, length, kind = HEADER.unpack_from(content, place)
        data = content[place + HEADER.size : place + HEADER.size + length]
        assert crc == zlib.crc32(bytes([kind]) + data), "the checksum does not fit"
        place += HEADER.size + length
        parts.append(data)
        if kind in (FULL, LAST):
            yield b"".join(parts)
            parts = []


def value(item: Any) -> Any:  # Any: a protocol buffer; JSON
    """Return what a key holds, in either of the forms that wandb writes."""
    if item.value_json:
        return json.loads(item.value_json)
    kind = item.WhichOneof("value") if "value" in item.DESCRIPTOR.oneofs_by_name else None
    return getattr(item, kind) if kind else None


told: dict[str, Any] = {"history": [], "summary": {}}
with open(sys.argv[1], "rb") as file:
    whole = file.read()
for data in records(whole):
    record = wandb_internal_pb2.Record()
    record.ParseFromString(data)
    match record.WhichOneof("record_type"):
        case "run":
            run = record.run
            told["run"] = {
                "id": run.run_id,
                "project": run.project,
                "group": run.run_group,
                "name": run.display_name,
                "job_type": run.job_type,
                "tags": sorted(run.tags),
            }
            told["config"] = {each.key: value(each) for each in run.config.update if each.key != "_wandb"}
        case "history":
            told["history"].append({each.key or each.nested_key[0]: value(each) for each in record.history.item})
        case "summary":
            told["summary"].update(
                {each.key or "/".join(each.nested_key): value(each) for each in record.summary.update}
            )
        case "exit":
            told["exit"] = record.exit.exit_code
json.dump(told, sys.stdout)
