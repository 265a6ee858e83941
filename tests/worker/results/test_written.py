"""What `python -m worker` leaves of a full training, whatever kills it or refuses its files meanwhile."""

import io
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyarrow import parquet

from podium.results import PREDICTIONS, SUMMARY, Summary
from podium.trainer import LabelAttributes
from tests.sdk.fake_run_api import FakeRunApi, assignment, serving
from tests.worker.in_process import train_here
from tests.worker.small import TRIAL, training, write_images
from worker.decoding import Decoded
from worker.image_folder import image_folder
from worker.images import Images
from worker.results import writing
from worker.results.thumbnails import thumbnail
from worker.split import digest_of, split_by_label

LABELS = ("red cat", "green cat", "blue dog")


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "artifacts" / "t3" / "results"


@pytest.fixture
def api(tmp_path: Path, results: Path) -> Iterator[FakeRunApi]:
    """A full training of two epochs, with four validation images of each of three labels."""
    settings = training(
        dataset="image_folder",
        data=str(write_images(tmp_path / "pets", LABELS, each=20)),
        batch_size=16,
        label_attributes=LabelAttributes(pattern=r"(?P<coat>\w+) (?P<kind>\w+)"),
    )
    given = assignment(
        results.parent,
        trial=TRIAL,
        training=settings,
        to_epoch=2,
        full_epochs=2,
        configuration={"learning_rate": 1e-4},
        results=results.as_uri(),
    )
    with serving(FakeRunApi(given)) as api:
        yield api


def summary_in(folder: Path) -> Summary:
    return Summary.model_validate_json((folder / SUMMARY).read_bytes())


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def test_a_full_training_leaves_a_summary_predictions_and_thumbnails(
    api: FakeRunApi, results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert train_here(api, monkeypatch) is None
    summary = summary_in(results)
    reported = api.reports[-1].metrics
    assert (summary.epoch, summary.images) == (2, 12)
    assert summary.top1 == pytest.approx(reported["val_accuracy"])
    assert summary.loss == pytest.approx(reported["val_loss"], rel=1e-5)
    assert summary.top5 is None
    assert [each.name for each in summary.classes] == sorted(LABELS)
    assert [each.images for each in summary.classes] == [4, 4, 4]
    wrong = sum(cell.images for cell in summary.confusion_matrix if cell.label != cell.predicted)
    assert wrong == round(12 * (1 - summary.top1)) == len(summary.mistakes) > 0, "hardly trained, it is wrong of some"
    assert summary.attribute_errors is not None
    assert sum(each.count for each in summary.attribute_errors.combinations) == wrong
    assert set(summary.attribute_errors.wrong) == {"coat", "kind"}
    assert set(files_in(results)) == {SUMMARY, *summary.files()}
    pictures = image_folder(str(tmp_path / "pets"), keep_empty=False)
    images = Decoded(pictures, image_size=32, threads=1)
    for mistake in summary.mistakes:
        assert (results / mistake.file).read_bytes() == thumbnail(images, mistake.position)
        assert mistake.name == images.name(mistake.position)

    assert summary.data_digest == images.content
    assert summary.split_digest == digest_of(split_by_label(images, seed=7).validation.numpy())

    table = parquet.read_table(io.BytesIO((results / PREDICTIONS).read_bytes()))
    assert table.column_names == ["position", "name", "label", "predicted", "confidence", "loss"]
    rows = table.to_pylist()
    assert len(rows) == 12
    assert sum(row["label"] == row["predicted"] for row in rows) == 12 - wrong
    by_name = {row["name"]: row for row in rows}
    assert all(Path(row["name"]).parent.name == row["label"] for row in rows)
    for mistake in summary.mistakes:
        row = by_name[mistake.name]
        assert (row["label"], row["predicted"], row["position"]) == (mistake.label, mistake.predicted, mistake.position)
        assert row["confidence"] == pytest.approx(mistake.confidence, rel=1e-6)
    assert [each.confidence for each in summary.mistakes] == sorted(
        (each.confidence for each in summary.mistakes), reverse=True
    )


def test_a_lower_rung_leaves_none(api: FakeRunApi, results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    api.assignment = api.assignment.model_copy(update={"to_epoch": 1, "results": None})
    assert train_here(api, monkeypatch) is None
    assert api.epochs == [1]
    assert not results.exists()


def test_a_worker_killed_while_it_writes_is_repeated_to_the_same_results(
    api: FakeRunApi, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(images: Images, position: int) -> bytes:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(writing, "thumbnail", die)
        with pytest.raises(Killed):
            train_here(api, patch)
    assert set(files_in(results)) == {PREDICTIONS}, "the summary comes last"
    assert api.epochs == [1], "the run has not ended without its results"
    api.assignment = api.assignment.model_copy(update={"attempt": 2, "reported_epoch": 1})
    assert train_here(api, monkeypatch) is None
    assert api.epochs == [1, 2]
    once = files_in(results)
    assert set(once) == {SUMMARY, *summary_in(results).files()}

    checkpoint = next(results.parent.glob("epoch-00002-*"))
    checkpoint.unlink()
    api.assignment = api.assignment.model_copy(update={"attempt": 3})
    assert train_here(api, monkeypatch) is None
    assert files_in(results) == once


def test_after_sigterm_the_results_are_finished_and_reported(
    api: FakeRunApi, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def terminated(images: Images, position: int) -> bytes:
        os.kill(os.getpid(), signal.SIGTERM)
        return thumbnail(images, position)

    monkeypatch.setattr(writing, "thumbnail", terminated)
    assert train_here(api, monkeypatch) == 75
    assert api.epochs == [1, 2]
    assert set(files_in(results)) == {SUMMARY, *summary_in(results).files()}


def test_a_storage_that_refuses_results_costs_one_line_and_no_trial(
    api: FakeRunApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("no folder")
    refusing = (tmp_path / "file" / "results").as_uri()
    api.assignment = api.assignment.model_copy(update={"results": refusing})
    assert train_here(api, monkeypatch) is None
    assert api.epochs == [1, 2]
    [line] = [record.getMessage() for record in caplog.records if record.name.startswith("worker")]
    assert line.startswith(f"podium: the results in detail could not be written to {refusing} (")


def test_attributes_that_fit_no_label_end_the_run_before_it_trains(
    api: FakeRunApi, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    given = api.assignment.training
    assert given is not None
    faulty = given.model_copy(update={"label_attributes": LabelAttributes(pattern=r"(?P<year>\d{4})")})
    api.assignment = api.assignment.model_copy(update={"training": faulty})
    assert train_here(api, monkeypatch) == 1
    assert "`training.label_attributes.pattern` fits none of the 3 labels" in capfd.readouterr().err
    assert api.reports == []
