"""Studies that Optuna itself wrote, in both of its storages of files."""

import sqlite3
from pathlib import Path
from typing import Any

import optuna
import pytest

from podium.fault import Fault
from podium.faults import SpecRejected, parse_spec
from podium.importing import optuna as optuna_study
from podium.importing.optuna import without_password
from podium.importing.road import Imported, Road, imported_study
from podium.importing.source import NotImportable

pytestmark = pytest.mark.filterwarnings("ignore")  # Optuna's own about what is experimental


def study(storage: object, name: str = "tuned trees") -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    made = optuna.create_study(
        storage=storage, study_name=name, direction="minimize", sampler=optuna.samplers.RandomSampler(7)
    )

    def objective(trial: optuna.Trial) -> float:
        rate = trial.suggest_float("learning rate", 1e-4, 1.0, log=True)
        depth = trial.suggest_int("depth", 2, 10, step=2)
        kind = trial.suggest_categorical("kind", ["a", "b"])
        for step in range(1, 10):
            trial.report(rate, step)
        if trial.number == 3:
            raise optuna.TrialPruned
        return float(rate + depth + (kind == "a"))

    made.optimize(objective, n_trials=12)
    return made


@pytest.fixture(params=["sqlite", "journal"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        study(found := f"sqlite:///{tmp_path / 'study.db'}")
        return found
    from optuna.storages import JournalStorage  # noqa: PLC0415
    from optuna.storages.journal import JournalFileBackend  # noqa: PLC0415

    study(JournalStorage(JournalFileBackend(str(tmp_path / "journal.log"))))
    return f"journal://{tmp_path / 'journal.log'}"


def test_a_study_becomes_a_space_and_its_best_trials_become_guesses(url: str) -> None:
    found = imported_study(url, None)
    assert found.faults == []
    document = found.document
    assert document["name"] == "tuned-trees"
    assert document["objective"] == {"metric": "value", "direction": "minimize"}
    assert document["parameters"]["learning_rate"] == {"type": "real", "low": 1e-4, "high": 1.0, "scale": "log"}
    assert document["parameters"]["depth"] == {"type": "integer", "low": 2, "high": 10}
    assert document["fidelity"] == {"min": 1, "max": 9}
    guesses = document["guesses"]
    assert len(guesses) == 11, "all but the one that was pruned"
    sums = [each["learning_rate"] + each["depth"] + (each["kind"] == "a") for each in guesses]
    assert sums == sorted(sums)
    said = " ".join(map(str, found.remarks))
    assert "not each 2 alone" in said
    assert "1 that failed or were pruned" in said


def test_several_studies_want_a_name_and_a_missing_one_lists_them(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'study.db'}"
    for name in ("one", "two"):
        study(url, name)
    assert imported_study(url, "two").document["name"] == "two"
    with pytest.raises(NotImportable, match="one, two"):
        imported_study(url, None)


def test_a_storage_that_is_none_and_a_study_without_trials_are_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no database")
    with pytest.raises(NotImportable, match="Optuna cannot read it"):
        imported_study(f"sqlite:///{tmp_path / 'notes.txt'}", None)
    url = f"sqlite:///{tmp_path / 'empty.db'}"
    optuna.create_study(storage=url, study_name="empty")
    with pytest.raises(NotImportable, match="no finished trial"):
        imported_study(url, None)


def test_nothing_is_made_where_nothing_is(tmp_path: Path) -> None:
    for kind in ("sqlite:///", "journal://"):
        with pytest.raises(NotImportable, match=r"there is no file .*typo"):
            imported_study(f"{kind}{tmp_path / 'typo'}", None)
    assert list(tmp_path.iterdir()) == []
    sqlite3.connect(tmp_path / "other.db").close()
    (tmp_path / "other.db").touch()
    with pytest.raises(NotImportable, match="holds no studies of Optuna's"):
        imported_study(f"sqlite:///{tmp_path / 'other.db'}", None)
    assert (tmp_path / "other.db").stat().st_size == 0


def test_a_storages_password_is_not_shown() -> None:
    url = "postgresql://me:s3cr3t@db.example.org/studies"
    assert without_password(url) == "postgresql://me:***@db.example.org/studies"
    assert without_password("sqlite:///a@b.db") == "sqlite:///a@b.db"


def imported_from_memory(made: optuna.Study) -> Imported:
    source, document = optuna_study.experiment(made)
    return Imported(road=Road.OPTUNA, document=document, remarks=source.remarks, faults=faults_in(document))


def faults_in(document: dict[str, Any]) -> list[Fault]:
    try:
        parse_spec(document)
    except SpecRejected as rejected:
        return rejected.faults
    return []


def told(*trials: tuple[dict[str, Any], dict[str, Any], float], direction: str = "minimize") -> optuna.Study:
    """Return a study with trials of these parameters, distributions and values."""
    made = optuna.create_study(study_name="told", direction=direction)
    for params, distributions, value in trials:
        made.add_trial(optuna.trial.create_trial(params=params, distributions=distributions, value=value))
    return made


BOOSTER = optuna.distributions.CategoricalDistribution(["trees", "linear", "dart"])
UNIT = optuna.distributions.FloatDistribution(0, 1)
DEPTH = optuna.distributions.IntDistribution(1, 9)


def test_what_all_trials_agree_on_becomes_a_condition() -> None:
    """Optuna writes down no conditions: a space is what was run."""
    made = told(
        ({"booster": "trees", "rate": 0.1, "depth": 3}, {"booster": BOOSTER, "rate": UNIT, "depth": DEPTH}, 0.5),
        (
            {"booster": "dart", "rate": 0.2, "depth": 4, "drop": 0.5},
            {"booster": BOOSTER, "rate": UNIT, "depth": DEPTH, "drop": UNIT},
            0.2,
        ),
        ({"booster": "linear", "rate": 0.3}, {"booster": BOOSTER, "rate": UNIT}, 0.1),
    )
    found = imported_from_memory(made)
    assert found.faults == []
    parameters = found.document["parameters"]
    assert parameters["depth"]["when"] == {"booster": ["trees", "dart"]}
    assert parameters["drop"]["when"] == {"booster": ["dart"]}
    assert "when" not in parameters["rate"]
    assert found.document["guesses"] == [
        {"booster": "linear", "rate": 0.3},
        {"booster": "dart", "rate": 0.2, "depth": 4, "drop": 0.5},
        {"booster": "trees", "rate": 0.1, "depth": 3},
    ]


def test_a_parameter_that_comes_and_goes_without_a_reason_is_named() -> None:
    made = told(
        ({"booster": "trees", "drop": 0.5}, {"booster": BOOSTER, "drop": UNIT}, 0.5),
        ({"booster": "trees"}, {"booster": BOOSTER}, 0.2),
    )
    said = " ".join(map(str, imported_from_memory(made).remarks))
    assert "lost: parameters.drop: 1 of 2 trials do not have it: write under which condition" in said
    assert "1 of the best lie outside" in said


def test_guesses_lie_in_the_space_and_break_no_constraint() -> None:
    narrow = optuna.distributions.FloatDistribution(0, 0.5)
    made = told(({"x": 0.9}, {"x": UNIT}, 0.1), ({"x": 0.4}, {"x": narrow}, 0.2), ({"x": 0.3}, {"x": narrow}, 0.3))
    made.sampler = optuna.samplers.TPESampler(seed=1, constraints_func=lambda trial: (trial.params["x"] - 0.2,))
    made.enqueue_trial({"x": 0.25})
    made.enqueue_trial({"x": 0.1})
    made.optimize(lambda trial: trial.suggest_float("x", 0, 0.5), n_trials=2)
    made.enqueue_trial({"x": 0.2})
    found = imported_from_memory(made)
    assert found.faults == []
    assert [each["x"] for each in found.document["guesses"]] == [0.1, 0.4, 0.3], "0.25 breaks it, 0.9 is outside"
    said = " ".join(map(str, found.remarks))
    assert "1 trials break them" in said
    assert "1 that wait or run" in said
    assert "its range changed" in said


def test_steps_that_are_counted_from_0_are_one_epoch_more() -> None:
    made = optuna.create_study(study_name="steps")
    steps = dict.fromkeys(range(10), 0.5)
    made.add_trial(
        optuna.trial.create_trial(params={"x": 0.5}, distributions={"x": UNIT}, value=1.0, intermediate_values=steps)
    )
    assert imported_from_memory(made).document["fidelity"] == {"min": 1, "max": 10}


def test_of_more_objectives_than_four_the_rest_is_named() -> None:
    made = optuna.create_study(study_name="many", directions=["minimize"] * 5)
    made.add_trial(optuna.trial.create_trial(params={"x": 0.5}, distributions={"x": UNIT}, values=[1.0] * 5))
    found = imported_from_memory(made)
    assert found.faults == []
    assert len(found.document["other_objectives"]) == 3
    assert "lost: metrics: value_4: Podium takes four objectives" in " ".join(map(str, found.remarks))


def test_none_among_the_choices_becomes_a_text_in_space_conditions_and_guesses() -> None:
    depth = optuna.distributions.CategoricalDistribution([None, 5, 10])
    rate = optuna.distributions.FloatDistribution(0.0, 1.0)
    made = told(
        ({"depth": None}, {"depth": depth}, 0.1),
        ({"depth": 5, "rate": 0.5}, {"depth": depth, "rate": rate}, 0.2),
        ({"depth": 10, "rate": 0.7}, {"depth": depth, "rate": rate}, 0.3),
    )
    found = imported_from_memory(made)
    assert faults_in(found.document) == []
    assert found.document["parameters"]["depth"]["choices"] == ["None", 5, 10]
    assert found.document["parameters"]["rate"]["when"] == {"depth": [5, 10]}
    assert found.document["guesses"][0] == {"depth": "None"}
    assert any("None becomes the text 'None'" in str(remark) for remark in found.remarks)
