"""A trained trial on the test part: which images, which weights, which labels; and what is said where there is none."""

import io
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from pyarrow import parquet

from podium import checkpoints
from podium.checkpoints import Checkpoint
from podium.evaluation import EVALUATION_VARIABLE
from podium.results import PREDICTIONS, SUMMARY, Summary
from podium.taxonomy import ExitCode
from podium.trainer import LabelAttributes, Training
from podium.wire import MeasurementReport
from tests.worker.evaluating import EPOCHS, evaluation, searched, summary_in
from tests.worker.opened_files import files_opened
from tests.worker.small import machine, training, write_images
from tests.worker.test_stanford_cars import NAMES, devkit
from worker import evaluate, numerics
from worker import evaluation as judging
from worker import training as loop
from worker.course import Course
from worker.data import open_images
from worker.evaluation import NotStored, evaluate_trial
from worker.images import UnusableData
from worker.learner import UnusableCheckpoint
from worker.split import Split
from worker.tally import NOTHING, never_leave
from worker.trained import NotTrained, trained_learner

LABELS = ("ape", "bee", "cat")


@dataclass(frozen=True, kw_only=True)
class Search:
    """A full training that a search has made, while its test part was not there at all."""

    settings: Training
    folder: Path
    reports: list[MeasurementReport]


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> Search:
    root = tmp_path_factory.mktemp("search")
    settings = training(
        dataset="image_folder",
        data=str(write_images(root / "pets", LABELS, each=10)),
        test_data=str(root / "nowhere"),
        ema_decay=0.5,
        label_attributes=LabelAttributes(pattern=r"(?P<first>.)(?P<rest>.+)"),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PODIUM_CACHE_DIR", str(root / "cache"))
        api = searched(root / "t3", settings, patch)
    return Search(settings=settings, folder=root / "t3", reports=api.reports)


@pytest.fixture
def trial(search: Search, tmp_path: Path) -> Path:
    """The trial's folder in an artifact store of this test's own."""
    folder = tmp_path / "artifacts" / "t3"
    shutil.copytree(search.folder, folder)
    return folder


@pytest.fixture
def settings(search: Search, tmp_path: Path) -> Training:
    return search.settings.model_copy(update={"test_data": str(tmp_path / "unseen")})


def test_an_older_reader_knows_no_part_and_is_told_of_none(search: Search) -> None:
    assert "part" not in json.loads((search.folder / "results" / SUMMARY).read_text())


def judge(trial: Path, settings: Training, **changes: object) -> Summary:
    return evaluate_trial(evaluation(trial, settings, **changes), machine(trial / "no-cache"))


def names_in(folder: Path) -> list[str]:
    rows = parquet.read_table(io.BytesIO((folder / PREDICTIONS).read_bytes())).to_pylist()
    return sorted(row["name"] for row in rows)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def copy_validation_images(trial: Path, unseen: Path) -> None:
    """Make a test part of the very images that the search held out, so that both must come to the same."""
    for name in names_in(trial / "results"):
        label = Path(name).parent.name
        (unseen / label).mkdir(parents=True, exist_ok=True)
        shutil.copy(name, unseen / label)


def test_the_average_of_the_weights_is_judged_on_exactly_the_test_images(
    search: Search, trial: Path, settings: Training, tmp_path: Path
) -> None:
    copy_validation_images(trial, tmp_path / "unseen")
    before = contents(trial)
    summary = judge(trial, settings)
    reported = search.reports[-1].metrics
    assert (summary.part, summary.epoch, summary.images) == ("test", EPOCHS, 6)
    assert summary.top1 == pytest.approx(reported["val_accuracy"])
    assert summary.loss == pytest.approx(reported["val_loss"], rel=1e-5)
    assert summary.attribute_errors is not None
    assert names_in(trial / "test") == sorted(str(path) for path in (tmp_path / "unseen").rglob("*.png"))
    assert summary_in(trial / "test") == summary
    once = contents(trial / "test")
    assert set(once) == {SUMMARY, *summary.files()}
    assert {name: content for name, content in contents(trial).items() if not name.startswith("test/")} == before

    assert judge(trial, settings) == summary
    assert contents(trial / "test") == once, "evaluated again, it is the same"

    learner = trained_learner(evaluation(trial, settings), LABELS, torch.device("cpu"))
    learner.average = None
    images = open_images(settings, machine(tmp_path / "none"), part="test")
    course = Course.of(settings, images, Split(train=torch.arange(0), validation=torch.arange(6)), seed=0, trial=0)
    of_weights, _ = loop.evaluate(learner, course, epoch=1, trained=NOTHING, watch=never_leave)
    assert of_weights.loss != pytest.approx(summary.loss, rel=1e-3), "the weights alone say something else"


def test_a_search_opens_no_file_of_the_test_part_and_evaluation_opens_them_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the devkit's arrangement they lie among those of the train part: 000007 to 000009."""
    trial = tmp_path / "t3"
    devkit(tmp_path / "cars")
    settings = training(dataset="stanford_cars", data=str(tmp_path / "cars"))
    tests = [tmp_path / "cars" / "car_ims" / f"{number:06}.jpg" for number in (7, 8, 9)]
    whole = [path.read_bytes() for path in tests]
    for path in tests:
        path.write_bytes(b"no image")
    with files_opened() as opened:
        searched(trial, settings, monkeypatch, batch_size=3)
    assert tests[0].with_name("000001.jpg") in opened
    assert not opened & set(tests)

    with pytest.raises(UnusableData, match=r"car_ims/00000[789]\.jpg cannot be read as an image"):
        judge(trial, settings)
    assert not (trial / "test").exists()
    for path, content in zip(tests, whole, strict=True):
        path.write_bytes(content)
    with files_opened() as opened:
        summary = judge(trial, settings)
    assert opened & set((tmp_path / "cars" / "car_ims").iterdir()) == set(tests)
    assert names_in(trial / "test") == sorted(map(str, tests))
    assert [(each.name, each.images) for each in summary.classes] == [(name, 1) for name in NAMES]


def test_labels_have_the_numbers_that_they_had_in_training(trial: Path, settings: Training, tmp_path: Path) -> None:
    write_images(tmp_path / "unseen", ("cat", "bee"), each=3)
    summary = judge(trial, settings)
    assert [(each.name, each.images) for each in summary.classes] == [("ape", 0), ("bee", 3), ("cat", 3)]
    assert summary.classes[0].accuracy is None


def test_a_label_that_the_training_never_had_is_named(trial: Path, settings: Training, tmp_path: Path) -> None:
    write_images(tmp_path / "unseen", ("bee", "cow", "dog"), each=1)
    with pytest.raises(
        UnusableData, match=r"has 2 labels that the training never had \('cow', 'dog'\), .* take their images out"
    ):
        judge(trial, settings)
    shutil.rmtree(tmp_path / "unseen" / "cow")
    (tmp_path / "unseen" / "dog" / "0.png").write_bytes(b"no image")
    skipping = settings.model_copy(update={"on_bad_image": "skip"})
    assert judge(trial, skipping).images == 1, "without an image of it, a label is none"


def test_what_was_trained_on_is_no_test_part(trial: Path, settings: Training, tmp_path: Path) -> None:
    (tmp_path / "unseen").symlink_to(settings.data or "")
    with pytest.raises(UnusableData, match="the test part is what the trial was trained on; name images that no"):
        judge(trial, settings)


def test_a_test_part_that_is_not_there_is_named(trial: Path, settings: Training) -> None:
    with pytest.raises(UnusableData, match=r"unseen is not a directory; `training\.test_data` names one"):
        judge(trial, settings)
    with pytest.raises(UnusableData, match=r"image_folder has no test part of its own; name a second folder"):
        judge(trial, settings.without_test_data())


def test_where_a_full_training_left_nothing_one_line_says_what_to_do(
    search: Search, trial: Path, settings: Training
) -> None:
    def said() -> str:
        with pytest.raises(NotTrained) as refused:
            judge(trial, settings)
        return str(refused.value)

    last = next(trial.glob(f"epoch-{EPOCHS:05}-*.ckpt"))
    content = last.read_bytes()
    last.write_bytes(content[:-1])
    remedy = "run this where the artifact store is seen (on Kubernetes: `podium evaluate digits-k3f9 3 --manifest`)"
    assert said().startswith(f"{trial.as_uri()} holds the checkpoint of epoch 1, and none of epoch 2, the last of a")
    assert remedy in said()
    last.write_bytes(content)
    last.unlink()
    midway = Checkpoint(report=search.reports[0], data=b"", is_midway=True)
    checkpoints.save(trial.as_uri(), midway, attempt=2)
    assert "holds the checkpoint midway through epoch 2, and none of epoch 2" in said()
    for path in trial.glob("*.ckpt"):
        path.unlink()
    assert f"{trial.as_uri()} holds no checkpoint of epoch 2" in said()
    (trial / "results" / SUMMARY).unlink()
    assert "results/summary.json, which names the labels that trial 3 learned; run this where" in said()
    (trial / "results" / SUMMARY).write_text("{}")
    assert "summary.json is damaged, or of another version" in said()


def test_a_store_that_cannot_be_read_is_named(trial: Path, settings: Training, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(folder: str, *, up_to_epoch: int) -> None:
        raise PermissionError("AccessDenied\nfor you")

    monkeypatch.setattr(checkpoints, "load", refuse)
    with pytest.raises(NotTrained, match=r"t3 cannot be read \(PermissionError: AccessDenied\); this process needs to"):
        judge(trial, settings)


def test_a_checkpoint_of_another_model_is_named(trial: Path, settings: Training) -> None:
    with pytest.raises(UnusableCheckpoint, match="the checkpoint does not fit this trainer"):
        judge(trial, settings.model_copy(update={"model": "resnet34"}))


def test_a_store_that_refuses_is_an_error_and_not_a_line_in_a_log(
    trial: Path, settings: Training, tmp_path: Path
) -> None:
    write_images(tmp_path / "unseen", LABELS, each=1)
    (tmp_path / "file").write_text("no folder")
    refusing = (tmp_path / "file" / "test").as_uri()
    with pytest.raises(NotStored, match=f"the results could not be written to {refusing}: .*; see to the store"):
        judge(trial, settings, test=refusing)


def test_the_weights_that_a_training_began_with_are_not_needed(trial: Path, settings: Training, tmp_path: Path) -> None:
    write_images(tmp_path / "unseen", LABELS, each=1)
    gone = settings.model_copy(update={"weights": str(tmp_path / "gone.pt")})
    assert judge(trial, gone) == judge(trial, settings)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "PODIUM_EVALUATION is not set; `podium evaluate` sets it, and starts this"),
        ('{"experiment": 3}', "PODIUM_EVALUATION holds what this version of podium cannot read (at experiment); is it"),
    ],
)
def test_the_process_says_in_one_line_what_it_lacks(
    given: str | None, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(EVALUATION_VARIABLE, raising=False)
    if given is not None:
        monkeypatch.setenv(EVALUATION_VARIABLE, given)
    with pytest.raises(SystemExit) as left:
        evaluate.main()
    assert str(left.value.code).startswith(f"podium: {said}")


def test_a_device_that_holds_no_image_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def want_for_memory(*_: object) -> None:
        raise torch.OutOfMemoryError("not even one image at once\nAnd much more")

    monkeypatch.setattr(judging, "evaluate_trial", want_for_memory)
    monkeypatch.setattr(numerics, "settle", lambda _threads: None)  # for the whole process
    monkeypatch.setenv(EVALUATION_VARIABLE, evaluation(tmp_path, training()).model_dump_json(exclude_unset=True))
    with pytest.raises(SystemExit) as left:
        evaluate.main()
    assert left.value.code == ExitCode.OUT_OF_ACCELERATOR_MEMORY
    assert capsys.readouterr().err == (
        "podium: the accelerator's memory does not hold this configuration: not even one image at once\n"
    )
