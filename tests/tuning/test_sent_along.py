"""A function that travels to a process of its own, as to a Job's."""

import functools
import secrets
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import podium
from podium.blocking.experiments import Experiments
from podium.packaging import COMMAND, VARIABLE, FunctionTooLarge, packaged
from podium.tuning import spec_of
from tests.sdk.fake_run_api import FakeRunApi, assignment, finish, serving

NOTEBOOK = """
import math
FACTOR = 2.0
def helper(x):
    return FACTOR * x
def train(trial):
    for epoch in trial.epochs():
        trial.report(epoch=epoch, val_accuracy=helper(trial.parameters["learning_rate"]) + math.floor(epoch))
"""


@pytest.fixture
def api(tmp_path: Path) -> Iterator[FakeRunApi]:
    with serving(FakeRunApi(assignment(tmp_path / "t3"))) as served:
        yield served


def written_in_a_notebook() -> Any:
    """Return a function of a module that no other process can import."""
    cells: dict[str, Any] = {"__name__": "__main__"}
    exec(NOTEBOOK, cells)
    return cells["train"]


def test_it_runs_elsewhere_with_all_that_it_refers_to(api: FakeRunApi) -> None:
    trial = packaged(written_in_a_notebook())
    assert trial["command"] == COMMAND
    code, stderr = finish(api.start(*COMMAND[1:], env=trial["env"]))
    assert code == 0, stderr
    assert [report.metrics["val_accuracy"] for report in api.reports] == [1.2, 2.2, 3.2]


def test_one_that_holds_too_much_is_refused_and_says_what_to_do() -> None:
    data = secrets.token_bytes(200_000)
    with pytest.raises(FunctionTooLarge, match="read data there"):
        packaged(lambda: data)


def test_another_python_is_told_apart(api: FakeRunApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("podium.packaging._python", lambda: "2.7")
    trial = packaged(written_in_a_notebook())
    code, stderr = finish(api.start(*COMMAND[1:], env=trial["env"]))
    assert code == 1
    assert "comes from Python 2.7" in stderr
    assert VARIABLE in trial["env"]


def test_a_module_that_the_image_lacks_is_named(api: FakeRunApi, monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = types.ModuleType("only_here")
    exec("def train(trial):\n    pass", lacking.__dict__)
    monkeypatch.setitem(sys.modules, "only_here", lacking)
    code, stderr = finish(api.start(*COMMAND[1:], env=packaged(lacking.train)["env"]))
    assert code == 1
    assert (
        "podium: the function imports what is not here (No module named 'only_here'); put it into the image" in stderr
    )
    assert "Traceback" not in stderr


def test_a_spec_is_made_of_a_functions_name_and_a_number() -> None:
    spec = spec_of(written_in_a_notebook(), {"x": {}}, epochs=27, budget=3)
    assert spec["name"] == "train"
    assert spec["fidelity"] == {"min": 1, "max": 27}
    assert spec["budget"] == {"cost": 3.0}
    assert spec_of(lambda trial: 0, {"x": {}})["name"] == "lambda"
    assert spec_of(functools.partial(max), {"x": {}})["name"] == "tuned"


def test_a_name_that_is_too_long_for_a_job_is_cut_and_one_that_is_given_is_not() -> None:
    def train_resnet_on_cifar_with_mixup_and_label_smoothing() -> None: ...

    assert spec_of(train_resnet_on_cifar_with_mixup_and_label_smoothing, {})["name"] == (
        "train-resnet-on-cifar-with-mixup-and"
    )
    assert spec_of(max, {}, name="Mine")["name"] == "Mine", "and is refused where it must be"


def test_what_the_pod_says_of_variables_goes_along_and_what_is_run_is_not_its_to_say(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Created(Exception):
        """What would be created."""

    def create(_: object, document: object) -> None:
        raise Created(document)

    monkeypatch.setattr(Experiments, "create", create)
    with pytest.raises(Created) as made:
        podium.tune(len, {}, url="http://127.0.0.1:9", image="i", pod={"env": {"A": "b"}, "nodeSelector": {"a": "b"}})
    trial = made.value.args[0]["trial"]
    assert trial["env"].keys() == {"A", VARIABLE}
    assert (trial["image"], trial["nodeSelector"], trial["command"]) == ("i", {"a": "b"}, COMMAND)
    with pytest.raises(ValueError, match="must not hold command"):
        podium.tune(len, {}, url="http://127.0.0.1:9", image="i", pod={"command": ["a"]})
    with pytest.raises(ValueError, match="give an `image`"):
        podium.tune(len, {}, url="http://127.0.0.1:9", pod={"env": {"A": "b"}})
