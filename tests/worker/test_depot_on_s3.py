"""Tables on S3, as a real client and a real HTTP server have it."""

import fsspec
import numpy as np
import pytest

pytest.importorskip("moto.server", reason="pip install s3fs moto[server]")
pytest.importorskip("s3fs", reason="pip install s3fs moto[server]")

from tests.controller.test_s3 import endpoint, root  # skipped as a whole where these are not there
from tests.worker.test_depot import LIMIT, VALUES, Counted, chunks_in, values_of
from worker import depositing

__all__ = ["endpoint", "root"]  # fixtures


def test_what_one_node_leaves_another_fetches(root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(depositing, "CHUNK_BYTES", 20)
    monkeypatch.setattr("podium.whole_file.TRIES", 1)
    tables = [Counted() for _ in range(3)]
    np.testing.assert_array_equal(values_of(tables[0], root, LIMIT), VALUES)
    fsspec.filesystem("s3").pipe_file(chunks_in(root)[0], b"other")
    for table in tables[1:]:
        np.testing.assert_array_equal(values_of(table, root, LIMIT), VALUES)
    assert [table.made for table in tables] == [1, 1, 0]
    assert len(chunks_in(root)) == 2
