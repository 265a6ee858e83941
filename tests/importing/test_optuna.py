"""Studies that Optuna itself wrote, in both of its storages of files."""

from pathlib import Path

import optuna
import pytest

from podium.importing.road import imported_study
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
