"""Tables in an object store: made once for all nodes, whole or not believed, a chunk at a time."""

import errno
import tracemalloc
import uuid
from collections.abc import Iterator
from typing import Any

import fsspec
import numpy as np
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from worker import depositing
from worker.depositing import Depot
from worker.depot import Deposited
from worker.mapped import Rows
from worker.tables import Words, in_memory

VALUES = np.arange(12, dtype=np.float32).reshape(4, 3)
LIMIT = 10**9


class Counted:
    """A table that counts how often its rows are made."""

    name, task, key = "features", "counting", "a"
    made = 0

    def __init__(self, values: Rows = VALUES) -> None:
        self.values, self.shape, self.dtype = values, values.shape, values.dtype

    def rows(self) -> Iterator[Rows]:
        self.made += 1
        yield from self.values

    def words(self) -> Words:
        return None


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(depositing, "CHUNK_BYTES", 20)  # two rows of 12 bytes
    monkeypatch.setattr("podium.whole_file.TRIES", 1)
    return f"memory://{uuid.uuid4().hex}/shared"


def values_of(table: Counted, folder: str, limit_bytes: int = LIMIT) -> Rows:
    return np.array(in_memory(Deposited(table, Depot(url=folder, limit_bytes=limit_bytes))).rows)


def chunks_in(folder: str) -> list[str]:
    filesystem, path = fsspec.core.url_to_fs(folder)
    return sorted(each for each in filesystem.find(path) if not each.endswith(".json"))


def test_the_first_makes_the_rows_and_the_others_fetch_them(folder: str) -> None:
    first, second = Counted(), Counted()
    for table in (first, second):
        np.testing.assert_array_equal(values_of(table, folder), VALUES)
    assert (first.made, second.made) == (1, 0)
    assert len(chunks_in(folder)) == 2


@pytest.mark.parametrize("damage", [lambda content: content[:-1], lambda content: b"\x01" + content[1:], None])
@pytest.mark.parametrize("chunk", [0, 1, "manifest"])
def test_rows_that_are_damaged_are_made_anew(folder: str, damage: Any, chunk: int | str) -> None:
    values_of(Counted(), folder)
    filesystem, path = fsspec.core.url_to_fs(folder)
    hurt = next(each for each in filesystem.find(path) if each.endswith(".json"))
    if isinstance(chunk, int):
        hurt = chunks_in(folder)[chunk]
    if damage:
        filesystem.pipe_file(hurt, damage(filesystem.cat_file(hurt)))
    else:
        filesystem.rm_file(hurt)
    again, third = Counted(), Counted()
    np.testing.assert_array_equal(values_of(again, folder), VALUES)
    np.testing.assert_array_equal(values_of(third, folder), VALUES)
    assert (again.made, third.made) == (1, 0), "and left anew"


def test_who_is_killed_while_leaving_is_not_believed(folder: str) -> None:
    half = iter(Deposited(Counted(), Depot(url=folder, limit_bytes=LIMIT)).rows())
    for _ in range(3):
        next(half)
    assert len(chunks_in(folder)) == 1
    table = Counted()
    np.testing.assert_array_equal(values_of(table, folder), VALUES)
    assert table.made == 1


def test_two_that_leave_at_once_leave_one_table_whole(folder: str) -> None:
    """The second computes other last digits, as another processor may; readers see the one or the other."""
    nearly = VALUES + np.float32(1e-3)
    one, two = (Deposited(Counted(each), Depot(url=folder, limit_bytes=LIMIT)).rows() for each in (VALUES, nearly))
    for _ in zip(one, two, strict=True):
        pass
    reader = Counted(VALUES * 0)
    np.testing.assert_array_equal(values_of(reader, folder), nearly)
    assert reader.made == 0


def test_a_store_that_refuses_costs_two_lines(caplog: pytest.LogCaptureFixture, folder: str) -> None:
    np.testing.assert_array_equal(values_of(Counted(), "no-such-protocol://bucket"), VALUES)
    assert [message.split()[2:4] for message in caplog.messages] == [["cannot", "be"], ["are", "not"]]


def test_a_store_that_fills_up_is_left_as_it_was(
    folder: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checkpoints go to the same store: half a table that nobody believes must not take their room."""
    pipe = MemoryFileSystem.pipe_file

    def fill(self: MemoryFileSystem, path: str, value: bytes, **more: Any) -> None:
        if len(chunks_in(folder)) == 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        pipe(self, path, value, **more)

    monkeypatch.setattr(MemoryFileSystem, "pipe_file", fill)
    np.testing.assert_array_equal(values_of(Counted(), folder), VALUES)
    assert caplog.messages == [
        f"podium: features are not left in {folder} for other nodes, which make their own: "
        "[Errno 28] No space left on device"
    ]
    assert chunks_in(folder) == []


def test_the_limit_holds_for_all_tables_of_the_folder(folder: str, caplog: pytest.LogCaptureFixture) -> None:
    values_of(Counted(), folder, limit_bytes=200)  # 48 bytes, and a manifest
    other = Counted()
    other.key = "b"
    values_of(other, folder, limit_bytes=60)
    assert len(chunks_in(folder)) == 2
    assert "are allowed; raise PODIUM_SHARED_GIGABYTES" in caplog.text


def test_a_table_is_never_in_memory_whole() -> None:
    values = np.repeat(np.arange(64, dtype=np.float32)[:, None], 2**18, axis=1)  # 64 MB
    depot = Depot(url=f"memory://{uuid.uuid4().hex}/shared", limit_bytes=LIMIT)
    for _ in Deposited(Counted(values), depot).rows():
        pass
    again = Counted(values)
    tracemalloc.start()
    try:
        for _ in Deposited(again, depot).rows():
            pass
        assert tracemalloc.get_traced_memory()[1] < 2.5 * depositing.CHUNK_BYTES
    finally:
        tracemalloc.stop()
    assert again.made == 0
