"""Where test data may lie: apart from what is trained on, and only where a data set does not say so itself."""

from typing import Any, get_args

import pytest

from podium.evaluation import why_no_test_part
from podium.faults import SpecRejected, parse_spec
from podium.trainer import Dataset, Training
from tests.builders import spec_document


def parsed(training: dict[str, Any]) -> Training:
    parameters = {"learning_rate": {"type": "real", "low": 1e-4, "high": 1.0, "scale": "log"}}
    found = parse_spec(spec_document(trial=None, training=training, parameters=parameters)).training
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("dataset", "data", "test_data"),
    [
        ("image_folder", "/data/pets", "/data/unseen"),
        ("image_folder", "/data/pets", "/data/pets-unseen"),
        ("parquet", "/data/pets", "/data/pets/test.parquet"),
        ("parquet", "hf://datasets/pets/train.parquet", "hf://datasets/pets/test.parquet"),
    ],
)
def test_test_data_may_lie_anywhere_apart(dataset: str, data: str, test_data: str) -> None:
    training = parsed({"dataset": dataset, "data": data, "test_data": test_data})
    assert training.test_data == test_data
    searched = training.without_test_data()
    assert searched == training.model_copy(update={"test_data": None})
    assert "test_data" not in searched.model_fields_set


@pytest.mark.parametrize(
    ("training", "said"),
    [
        ({"dataset": "image_folder", "data": "/data/pets", "test_data": "/data/pets"}, "must lie apart from `data`"),
        ({"dataset": "image_folder", "data": "/data/pets", "test_data": "/data/pets/new"}, "must lie apart"),
        ({"dataset": "image_folder", "data": "/data/pets", "test_data": "/data"}, "must lie apart"),
        ({"dataset": "image_folder", "data": "pets", "test_data": "./pets/"}, "must lie apart"),
        ({"dataset": "parquet", "data": "/a.parquet", "test_data": "/a.parquet"}, "must lie apart"),
        ({"dataset": "image_folder", "data": "/data/pets", "test_data": ""}, "at least 1 character"),
        ({"dataset": "cifar10", "data": "/data", "test_data": "/unseen"}, "and parquet, not for cifar10"),
        ({"dataset": "digits", "test_data": "/unseen"}, "and parquet, not for digits"),
    ],
)
def test_where_it_may_not_lie_is_told(training: dict[str, Any], said: str) -> None:
    with pytest.raises(SpecRejected) as rejected:
        parsed(training)
    assert said in " ".join(map(str, rejected.value.faults))


@pytest.mark.parametrize("dataset", [*get_args(Dataset)[:4], "mnist", "eurosat", "caltech101"])
def test_which_data_sets_have_no_test_part_is_known_before_anything_is_opened(dataset: str) -> None:
    data = {} if dataset == "digits" else {"data": "/data"}
    why = why_no_test_part(Training.model_validate({"dataset": dataset, **data}))
    assert (why is not None) is (dataset in ("digits", "image_folder", "eurosat", "caltech101"))
