"""What MLflow is told, as values. `make exports` tells it to a real server."""

import posixpath
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.exporting.mlflow_words import (
    MOST_OF_A_VALUE,
    STRANGE,
    Metric,
    keyed,
    milliseconds,
    text_of,
    told_of_experiment,
    told_of_trial,
)
from podium.taxonomy import ExperimentState, TrialState
from tests.cli.stand_in import a_progress, an_experiment
from tests.exporting.records import BORN, a_measurement, a_record, a_run


def test_every_measurement_is_told_also_of_an_epoch_that_was_measured_twice() -> None:
    run = a_run(
        1, 0, 2, measurements=[a_measurement(1, 1, val=0.1), a_measurement(1, 2, val=0.2), a_measurement(2, 2, val=0.3)]
    )
    told = told_of_trial("cars-k3f9", a_record(runs=[run]))
    at = [milliseconds(each.created_at) for each in run.measurements]
    assert [each for each in told.metrics if each.key == "val"] == [
        Metric(key="val", step=1, timestamp=at[0], value=0.1),
        Metric(key="val", step=1, timestamp=at[1], value=0.2),
        Metric(key="val", step=2, timestamp=at[2], value=0.3),
    ]
    assert [(each.step, each.value) for each in told.metrics if each.key == "podium/cost"] == [(2, 0.5)]


def test_a_digest_changes_with_what_is_told_and_with_nothing_else() -> None:
    told = told_of_trial("cars", a_record())
    assert told.digest == told_of_trial("cars", a_record()).digest
    others = [
        a_record(state=TrialState.PAUSED),
        a_record(runs=[a_run(1, 0, 4)]),
        a_record(configuration={"learning_rate": 0.2}),
    ]
    assert len({told.digest, *(told_of_trial("cars", other).digest for other in others)}) == 4


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("val_loss", "val_loss"),
        ("val/loss top-5.b c", "val/loss top-5.b c"),
        ("Präzision", r"Pr_zision_[0-9a-f]{6}"),
        ("a:b", r"a_b_[0-9a-f]{6}"),
        ("a//b", r"a_b_[0-9a-f]{6}"),
        ("../b", r"__/b_[0-9a-f]{6}"),
        ("/a", r"a_[0-9a-f]{6}"),
        ("a/./b", r"a/_/b_[0-9a-f]{6}"),
        ("a/../b", r"a/__/b_[0-9a-f]{6}"),
        ("a/.", r"a/__[0-9a-f]{6}"),
        ("a/.b", r"a/\.b"),
    ],
)
def test_names_become_keys_that_mlflow_takes(name: str, key: str) -> None:
    import re  # noqa: PLC0415

    [found] = keyed({name: 1})
    assert re.fullmatch(key, found), found
    assert posixpath.normpath(found) == found


@given(st.text(st.sampled_from("a./_:ö \n"), min_size=1, max_size=8))
def test_every_name_has_a_key_that_mlflow_finds_unique_as_a_path(name: str) -> None:
    [key] = keyed({name: 1})
    assert not STRANGE.search(key)
    normal = posixpath.normpath(key)  # what MLflow's path_not_unique asks
    assert normal == key
    assert normal != "."
    assert not normal.startswith(("..", "/"))


def test_two_names_never_become_one_key() -> None:
    assert len(keyed({"a:b": 1, "a;b": 2, "a_b": 3})) == 3
    assert len(keyed({"a/./b": 1, "a/b": 2, "a/_/b": 3, "a//b": 4, "a/b/": 5, "a/.//b": 6})) == 6


def test_values_are_words() -> None:
    assert [text_of(value) for value in (True, 3, 1e-05, "adamw")] == ["true", "3", "1e-05", "adamw"]
    assert len(text_of("x" * 10_000)) == MOST_OF_A_VALUE


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (TrialState.RUNNING, "RUNNING"),
        (TrialState.PAUSED, "FINISHED"),
        (TrialState.COMPLETED, "FINISHED"),
        (TrialState.STOPPED, "KILLED"),
        (TrialState.FAILED, "FAILED"),
    ],
)
def test_a_trials_state_has_a_word_of_mlflows(state: TrialState, status: str) -> None:
    assert told_of_trial("cars", a_record(state=state)).status == status


def test_an_experiment_is_told_with_its_best_value_at_the_time_of_the_newest_news() -> None:
    newest = BORN + timedelta(hours=3)
    told = told_of_experiment(an_experiment(), newest)
    assert Metric(key="podium/best_value", step=8, timestamp=milliseconds(newest), value=0.98125) in told.metrics
    assert (told.status, told.end_time, told.tags["podium.best_trial"]) == ("RUNNING", None, "4")
    ended = an_experiment(state=ExperimentState.COMPLETED, ended_at=newest, progress=a_progress(best_value=None))
    told = told_of_experiment(ended, newest)
    assert (told.status, told.end_time) == ("FINISHED", milliseconds(newest))
    assert "podium/best_value" not in {each.key for each in told.metrics}
