"""Data sets as the Hugging Face hub stores them: Parquet files of encoded images and labels."""

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from tests.worker.opened_files import files_opened
from tests.worker.small import colors, machine, picture, training
from worker.data import open_images
from worker.images import Images, Part, UnusableData

NAMES = ("cat", "dog", "eel")


def encoded(color: int) -> bytes:
    buffer = io.BytesIO()
    picture(color, np.random.default_rng(color)).save(buffer, format="PNG")
    return buffer.getvalue()


def write(
    path: Path, labels: Sequence[object], *, names: Sequence[str] = NAMES, images: Sequence[bytes | None] | None = None
) -> None:
    """Write a picture in the color of each label, two to a row group, as the hub's `datasets` does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    given = images or [encoded(label if isinstance(label, int) else "cde".index(str(label)[0])) for label in labels]
    column = pa.array([{"bytes": each, "path": f"{row}.png"} for row, each in enumerate(given)])
    table = pa.table({"image": column, "label": pa.array(labels)})
    if names:
        features = {"image": {"_type": "Image"}, "label": {"names": list(names), "_type": "ClassLabel"}}
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pq.write_table(table, path, row_group_size=2)


def opened(data: Path | str, cache_folder: Path, part: Part = "train", **changes: object) -> Images:
    settings = training(dataset="parquet", data=str(data), **{"cache": "none", **changes})
    return open_images(settings, machine(cache_folder), part=part)


def test_a_folder_of_the_hub_has_its_parts(tmp_path: Path) -> None:
    write(tmp_path / "data" / "train-00000-of-00002.parquet", [0, 1, 2])
    write(tmp_path / "data" / "train-00001-of-00002.parquet", [2, 1, 0])
    write(tmp_path / "data" / "validation-00000-of-00001.parquet", [1])
    write(tmp_path / "data" / "test-00000-of-00001.parquet", [2, 0])
    train, test = opened(tmp_path, tmp_path / "cache"), opened(tmp_path, tmp_path / "cache", "test")
    assert list(train.classes) == list(NAMES)
    assert train.labels.tolist() == [0, 1, 2, 2, 1, 0]
    assert colors(train.pixels(torch.tensor([5, 4, 3, 2, 1, 0, 3]))) == [0, 1, 2, 2, 1, 0, 2]
    assert colors(test.pixels(torch.arange(2))) == test.labels.tolist() == [2, 0]


@pytest.mark.parametrize("data", ["one/train.parquet", "one", "one/*.parquet", "file://{}/one", "other/test.parquet"])
def test_a_file_a_folder_a_glob_and_a_url_name_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("one/train.parquet", "other/test.parquet"):
        write(tmp_path / name, [0, 1, 2])
    images = opened(data.format(tmp_path), tmp_path / "cache")
    assert colors(images.pixels(torch.arange(3))) == [0, 1, 2]


def test_parts_may_be_folders(tmp_path: Path) -> None:
    for part, labels in (("train", [0, 1]), ("test", [2])):
        write(tmp_path / "default" / part / "0000.parquet", labels)
    assert opened(tmp_path, tmp_path / "cache").labels.tolist() == [0, 1]


def test_a_part_stays_what_it_is_when_files_of_another_come(tmp_path: Path) -> None:
    write(tmp_path / "default" / "train" / "0000.parquet", [0, 1])
    before = opened(tmp_path, tmp_path / "cache")
    write(tmp_path / "default" / "test" / "0000.parquet", [2])
    after = opened(tmp_path, tmp_path / "cache")
    assert (after.content, after.identity) == (before.content, before.identity)


@pytest.mark.parametrize(("labels", "classes"), [([2, 0, 2], ["0", "1", "2"]), (["dog", "cat", "dog"], ["cat", "dog"])])
def test_labels_without_names_name_themselves(tmp_path: Path, labels: Sequence[object], classes: Sequence[str]) -> None:
    write(tmp_path / "all.parquet", labels, names=())
    images = opened(tmp_path, tmp_path / "cache")
    assert list(images.classes) == classes
    assert images.labels.tolist() == [classes.index(str(label)) for label in labels]


def test_images_may_be_bytes_alone(tmp_path: Path) -> None:
    pq.write_table(pa.table({"image": [encoded(1), encoded(0)], "label": [1, 0]}), tmp_path / "all.parquet")
    assert colors(opened(tmp_path, tmp_path / "cache").pixels(torch.arange(2))) == [1, 0]


@pytest.mark.parametrize(
    ("labels", "names", "said"),
    [
        ([0, 1, 3], NAMES, r"row 2 of .*all\.parquet has the label 3; give it a number from 0 to 2"),
        ([0, 1, -1], NAMES, r"row 2 of .*all\.parquet has the label -1; give it a number"),
        ([0, None, 1], NAMES, r"row 1 of .*all\.parquet has the label None"),
        ([0, 10**12, 1], (), r"row 1 of .*all\.parquet has the label 1000000000000; give it a number from 0 to 2"),
    ],
)
def test_a_label_out_of_range_is_named(tmp_path: Path, labels: Sequence[int], names: Sequence[str], said: str) -> None:
    write(tmp_path / "all.parquet", labels, names=names, images=[encoded(0)] * 3)
    with pytest.raises(UnusableData, match=said):
        opened(tmp_path, tmp_path / "cache")


def test_files_that_are_none_are_named(tmp_path: Path) -> None:
    columns: Mapping[str, object] = {"img": [b""], "label": [0]}
    pq.write_table(pa.table(columns), tmp_path / "other.parquet")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "train.parquet").write_bytes(b"PAR1 and no more")
    (tmp_path / "none").mkdir()
    write(tmp_path / "tests" / "test.parquet", [0, 1])
    for data, said in (
        ("other.parquet", r"other\.parquet has no column 'image' among img, label; rename its columns"),
        ("broken", r"broken/train\.parquet is not a Parquet file that can be read \(.*\); fetch it again"),
        ("none", r"none names no Parquet file; `training\.data` names a file, a folder of them, or a glob"),
        ("nowhere", r"nowhere names no Parquet file"),
        ("tests", r"tests has no file of the part train; name one train-00000-of-00001\.parquet"),
    ):
        with pytest.raises(UnusableData, match=said):
            opened(tmp_path / data, tmp_path / "cache")


@pytest.mark.parametrize("cache", ["none", "memory", "disk"])
def test_a_damaged_row_is_named_or_skipped(tmp_path: Path, cache: str) -> None:
    images = [encoded(0), encoded(1), encoded(0)[:2000], encoded(0), encoded(1), None]
    write(tmp_path / "all.parquet", [0, 1, 0, 0, 1, 1], names=NAMES[:2], images=images)
    with pytest.raises(UnusableData, match=r"row 2 of .*all\.parquet cannot be read as an image"):
        opened(tmp_path, tmp_path / "cache", cache=cache).pixels(torch.arange(6))
    kept = opened(tmp_path, tmp_path / "cache", cache=cache, on_bad_image="skip")
    assert colors(kept.pixels(torch.arange(4))) == kept.labels.tolist() == [0, 1, 0, 1]


def test_the_test_part_may_be_elsewhere_and_under_any_name(tmp_path: Path) -> None:
    write(tmp_path / "data" / "train.parquet", [0, 1, 2])
    write(tmp_path / "later" / "2027.parquet", [2, 0])
    with pytest.raises(
        UnusableData, match=r"data has no file of the part test; .*, or name another folder as `training"
    ):
        opened(tmp_path / "data", tmp_path / "cache", "test")
    for test_data in (tmp_path / "later", tmp_path / "later" / "2027.parquet"):
        test = opened(tmp_path / "data", tmp_path / "cache", "test", test_data=str(test_data))
        assert colors(test.pixels(torch.arange(2))) == test.labels.tolist() == [2, 0]
    with pytest.raises(UnusableData, match=r"nowhere names no Parquet file; `training\.test_data` names a file"):
        opened(tmp_path / "data", tmp_path / "cache", "test", test_data=str(tmp_path / "nowhere"))


def test_a_search_reads_no_file_of_the_test_part(tmp_path: Path) -> None:
    write(tmp_path / "train.parquet", [0, 1, 2])
    (tmp_path / "test.parquet").write_bytes(b"no Parquet")
    with files_opened() as read:
        train = opened(tmp_path, tmp_path / "cache")
        assert colors(train.pixels(torch.arange(3))) == [0, 1, 2]
    assert tmp_path / "train.parquet" in read
    assert tmp_path / "test.parquet" not in read
