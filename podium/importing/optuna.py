"""A study of Optuna's, read from its storage by Optuna itself: its space, its directions, its best trials as guesses.

Needs `optuna`: pip install "podium[optuna]".
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from podium.importing.naming import named, parameter_name, refuse_twins
from podium.importing.optuna_trials import NOTHING, conditions, guesses, is_feasible
from podium.importing.source import NotImportable, Source
from podium.importing.space import Written, listed, ranged
from podium.ladder import rungs_of

PREFIX = "optuna:"
JOURNAL = "journal://"
BUDGET = 100


@contextmanager
def opened(url: str, study: str | None) -> Iterator[Any]:  # Any: Optuna ships no types that mypy could follow here
    """Yield a study by its storage's URL, `sqlite:///study.db` or `journal:///path/to/file`. Raises NotImportable.

    Nothing is made where there is nothing: Optuna by itself would create the file, or the tables.
    """
    if find_spec("optuna") is None:
        raise NotImportable('reading a study needs optuna; install it with: pip install "podium[optuna]"')
    import optuna  # noqa: PLC0415  # a second of imports, and not installed everywhere

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    shown = without_password(url)
    with ExitStack() as stack:
        try:
            storage = stack.enter_context(_journal(url) if url.startswith(JOURNAL) else _database(url))
            names = [each.study_name for each in optuna.get_all_study_summaries(storage, include_best_trial=False)]
        except NotImportable:
            raise
        except Exception as error:  # noqa: BLE001  # each storage has errors of its own
            first = next(iter(str(error).splitlines()), repr(error))
            raise NotImportable(f"{shown}: Optuna cannot read it: {first}") from None
        if study is None and len(names) == 1:
            study = names[0]
        if study not in names:
            wanted = "no study" if study is None else f"no study {study!r}"
            wanted = "several studies" if study is None and names else wanted
            known = f"; name one with --study: {', '.join(names)}" if names else ""
            raise NotImportable(f"{shown} holds {wanted}{known}")
        yield optuna.load_study(study_name=study, storage=storage)


def without_password(url: str) -> str:
    """Return a storage's URL as it may be shown."""
    return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", url)


@contextmanager
def _journal(url: str) -> Iterator[Any]:
    from optuna.storages import JournalStorage  # noqa: PLC0415
    from optuna.storages.journal import JournalFileBackend  # noqa: PLC0415

    path = url.removeprefix(JOURNAL)
    if not Path(path).is_file():
        raise NotImportable(f"there is no file {path}")
    yield JournalStorage(JournalFileBackend(path))


@contextmanager
def _database(url: str) -> Iterator[Any]:
    import sqlalchemy  # noqa: PLC0415  # it comes with Optuna
    from optuna.storages import RDBStorage  # noqa: PLC0415

    at = sqlalchemy.make_url(url)
    if at.get_backend_name() == "sqlite" and not Path(at.database or "").is_file():
        raise NotImportable(f"there is no file {at.database or ''}")
    engine = sqlalchemy.create_engine(at)
    try:
        if not sqlalchemy.inspect(engine).has_table("studies"):
            raise NotImportable(f"{without_password(url)} holds no studies of Optuna's")
    finally:
        engine.dispose()
    storage = RDBStorage(url)
    try:
        yield storage
    finally:
        storage.remove_session()
        storage.engine.dispose()


def experiment(study: Any) -> tuple[Source, Written]:
    """Return the spec of a study, and what is to be said of it. Raises NotImportable without finished trials."""
    source = Source({})
    trials = study.get_trials(deepcopy=False)
    finished = [trial for trial in trials if trial.state.name == "COMPLETE"]
    if not finished:
        raise NotImportable(
            f"the study {study.study_name!r} has no finished trial, and only trials say what its space is"
        )
    distributions = {name: found for trial in trials for name, found in trial.distributions.items()}
    refuse_twins(distributions)
    parameters = _parameters(source, distributions)
    if not parameters:
        raise NotImportable(f"no parameter of {study.study_name!r} can vary; an experiment searches at least one")
    _say_what_varies(source, trials, distributions)
    _conditions(source, finished, parameters)
    written: Written = {"name": named(source, "name", study.study_name)} | _objectives(source, study)
    written["parameters"] = parameters
    written["fidelity"] = _fidelity(source, finished)
    written["budget"] = {"runs": BUDGET}
    source.assumed("budget", f"a study has none: {BUDGET} runs")
    written["guesses"] = guesses(source, study, finished, parameters)
    written["trial"] = {"external": True}
    source.assumed(
        "trial", "a study's objective is a function of yours: Podium gives its runs to who asks (`podium.ask`)"
    )
    _say_what_is_left(source, trials, finished)
    return source, written


def _say_what_is_left(source: Source, trials: Sequence[Any], finished: Sequence[Any]) -> None:
    failed = sum(trial.state.name in ("FAIL", "PRUNED") for trial in trials)
    if failed:
        source.lost("trials", f"{failed} that failed or were pruned teach nothing here")
    if under_way := len(trials) - len(finished) - failed:
        source.lost("trials", f"{under_way} that wait or run are left to Optuna")
    if any(trial.constraints for trial in finished):
        broken = sum(not is_feasible(trial) for trial in finished)
        words = f"a function of yours says them, and {broken} trials break them: report what they are of, and bound it "
        source.lost("constraints", words + "with `thresholds`")


def _objectives(source: Source, study: Any) -> Written:
    names = list(study.metric_names or [])
    if not names:
        names = ["value"] if len(study.directions) == 1 else [f"value_{i}" for i in range(len(study.directions))]
        source.assumed("metrics", f"the study names none: trials report {', '.join(names)}")
    each = [
        {"metric": name, "direction": direction.name.lower()}
        for name, direction in zip(names, study.directions, strict=True)
    ]
    for extra in each[4:]:
        source.lost("metrics", f"{extra['metric']}: Podium takes four objectives at most")
    return {"objective": each[0]} | ({"other_objectives": each[1:4]} if len(each) > 1 else {})


def _parameters(source: Source, distributions: Mapping[str, Any]) -> dict[str, Written]:
    written = {}
    for given, found in distributions.items():
        name, path, kind = parameter_name(given), f"parameters.{given}", type(found).__name__
        if name != given:
            source.changed(path, f"it is called {name}")
        if kind == "CategoricalDistribution":
            if None in found.choices:
                source.changed(path, f"the choice None becomes the text {NOTHING!r}: Podium has no None")
            parameter = listed(source, path, [NOTHING if each is None else each for each in found.choices])
        else:
            is_whole = kind == "IntDistribution"
            parameter = ranged(
                source, path, "integer" if is_whole else "real", (found.low, found.high), is_log=found.log
            )
            if parameter is not None and found.step not in (None, 1):
                source.lost(
                    f"{path}.step", f"every value between the bounds is searched, not each {found.step:g} alone"
                )
        if parameter is not None:
            written[name] = parameter
    return written


def _say_what_varies(source: Source, trials: Sequence[Any], distributions: Mapping[str, Any]) -> None:
    for name in distributions:
        ranges = {str(trial.distributions[name]) for trial in trials if name in trial.distributions}
        if len(ranges) > 1:
            source.changed(f"parameters.{name}", "its range changed within the study; that of the last trial is taken")


def _conditions(source: Source, finished: Sequence[Any], parameters: dict[str, Written]) -> None:
    """Give parameters that some trials lack the condition under which they are there, where the trials tell it."""
    found = conditions(finished, parameters)
    for name in {name: None for trial in finished for name in trial.params}:
        without = sum(name not in trial.params for trial in finished)
        if not without or parameter_name(name) not in parameters:
            continue
        words = f"{without} of {len(finished)} trials do not have it"
        if name in found:
            parameters[parameter_name(name)]["when"] = found[name]
            told = "; ".join(f"{parent} is {' or '.join(map(str, each))}" for parent, each in found[name].items())
            source.assumed(f"parameters.{name}", f"{words}, and all agree that it is there when {told}: `when`")
        else:
            source.lost(f"parameters.{name}", f"{words}: write under which condition (`when`) it is there")


def _fidelity(source: Source, finished: Sequence[Any]) -> Written:
    steps = [step for trial in finished for step in trial.intermediate_values]
    last = max(steps, default=0)
    epochs = last + 1 if steps and min(steps) == 0 else last
    if epochs < 2:
        source.assumed("fidelity", "no trial reported steps: each is trained in full")
        return {"rungs": {"full": 1}}
    source.assumed("fidelity", f"a full training is {epochs} epochs: the last step that a trial reported is {last}")
    return rungs_of(epochs)
