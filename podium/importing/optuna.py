"""A study of Optuna's, read from its storage by Optuna itself: its space, its directions, its best trials as guesses.

Needs `optuna`: pip install "podium[optuna]".
"""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from podium.importing.naming import experiment_name, parameter_name
from podium.importing.source import NotImportable, Source
from podium.importing.space import Written, listed, ranged

PREFIX = "optuna:"
MOST_GUESSES = 20
BUDGET = 100


def opened(url: str, study: str | None) -> Any:  # Any: Optuna ships no types that mypy could follow here
    """Return a study by its storage's URL, `sqlite:///study.db` or `journal:///path/to/file`. Raises NotImportable."""
    if find_spec("optuna") is None:
        raise NotImportable('reading a study needs optuna; install it with: pip install "podium[optuna]"')
    import optuna  # noqa: PLC0415  # a second of imports, and not installed everywhere

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        storage = _storage(optuna, url)
        names = [each.study_name for each in optuna.get_all_study_summaries(storage, include_best_trial=False)]
    except Exception as error:  # noqa: BLE001  # each storage has errors of its own
        raise NotImportable(
            f"{url}: Optuna cannot read it: {str(error).splitlines()[0] if str(error) else error!r}"
        ) from None
    if study is None and len(names) == 1:
        study = names[0]
    if study not in names:
        listed_names = ", ".join(names) or "none"
        raise NotImportable(f"{url} holds no study {study!r}; name one with --study: {listed_names}")
    return optuna.load_study(study_name=study, storage=storage)


def _storage(optuna: Any, url: str) -> Any:
    if url.startswith("journal://"):
        from optuna.storages import JournalStorage  # noqa: PLC0415
        from optuna.storages.journal import JournalFileBackend  # noqa: PLC0415

        return JournalStorage(JournalFileBackend(url.removeprefix("journal://")))
    return optuna.storages.RDBStorage(url, skip_compatibility_check=False)


def experiment(study: Any) -> tuple[Source, Written]:
    """Return the spec of a study, and what is to be said of it. Raises NotImportable without finished trials."""
    source = Source({})
    finished = [trial for trial in study.trials if trial.state.name == "COMPLETE"]
    if not finished:
        raise NotImportable(
            f"the study {study.study_name!r} has no finished trial, and only trials say what its space is"
        )
    distributions = {name: found for trial in study.trials for name, found in trial.distributions.items()}
    parameters = _parameters(source, distributions)
    if not parameters:
        raise NotImportable(f"no parameter of {study.study_name!r} can vary; an experiment searches at least one")
    _say_what_varies(source, finished, distributions)
    written: Written = {"name": experiment_name(study.study_name)} | _objectives(source, study)
    written["parameters"] = parameters
    written["fidelity"] = _fidelity(source, finished)
    written["budget"] = {"runs": BUDGET}
    source.assumed("budget", f"a study has none: {BUDGET} runs")
    written["guesses"] = _guesses(source, study, finished, parameters)
    written["trial"] = {"external": True}
    source.assumed(
        "trial", "a study's objective is a function of yours: Podium gives its runs to who asks (`podium.ask`)"
    )
    failed = sum(trial.state.name in ("FAIL", "PRUNED") for trial in study.trials)
    if failed:
        source.lost("trials", f"{failed} that failed or were pruned teach nothing here")
    return source, written


def _objectives(source: Source, study: Any) -> Written:
    names = list(study.metric_names or [])
    if not names:
        names = ["value"] if len(study.directions) == 1 else [f"value_{i}" for i in range(len(study.directions))]
        source.assumed("metrics", f"the study names none: trials report {', '.join(names)}")
    each = [
        {"metric": name, "direction": direction.name.lower()}
        for name, direction in zip(names, study.directions, strict=True)
    ]
    return {"objective": each[0]} | ({"other_objectives": each[1:4]} if len(each) > 1 else {})


def _parameters(source: Source, distributions: Mapping[str, Any]) -> dict[str, Written]:
    written = {}
    for given, found in distributions.items():
        name, path, kind = parameter_name(given), f"parameters.{given}", type(found).__name__
        if name != given:
            source.changed(path, f"it is called {name}")
        if kind == "CategoricalDistribution":
            parameter = listed(source, path, list(found.choices))
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


def _say_what_varies(source: Source, finished: Sequence[Any], distributions: Mapping[str, Any]) -> None:
    for name in distributions:
        without = sum(name not in trial.params for trial in finished)
        if without:
            words = (
                f"{without} of {len(finished)} trials do not have it: write under which condition (`when`) it is there"
            )
            source.lost(f"parameters.{name}", words)
        ranges = {str(trial.distributions[name]) for trial in finished if name in trial.distributions}
        if len(ranges) > 1:
            source.changed(f"parameters.{name}", "its range changed within the study; that of the last trial is taken")


def _fidelity(source: Source, finished: Sequence[Any]) -> Written:
    last = max((max(trial.intermediate_values, default=0) for trial in finished), default=0)
    if last < 2:
        source.assumed("fidelity", "no trial reported steps: each is trained in full")
        return {"rungs": {"full": 1}}
    source.assumed("fidelity", f"a full training is {last} epochs: the last step that a trial reported")
    return {"min": max(1, last // 27), "max": last}


def _guesses(source: Source, study: Any, finished: Sequence[Any], parameters: Mapping[str, Written]) -> list[Written]:
    """Return the best configurations of the study that lie in the imported space, the best first."""
    if len(study.directions) > 1:
        ranked = list(study.best_trials)
    else:
        is_maximized = study.directions[0].name == "MAXIMIZE"
        ranked = sorted(finished, key=lambda trial: trial.value, reverse=is_maximized)
    names = {name: parameter_name(name) for trial in finished for name in trial.params}
    found = [
        {
            names[name]: _written(value, parameters[names[name]])
            for name, value in trial.params.items()
            if names[name] in parameters
        }
        for trial in ranked
    ]
    whole = [each for each in found if each.keys() == parameters.keys()]
    guesses = [each for position, each in enumerate(whole) if each not in whole[:position]][:MOST_GUESSES]
    source.changed(
        "trials", f"the best {len(guesses)} of {len(finished)} are tried first (`guesses`), not taken for granted"
    )
    return guesses


def _written(value: Any, parameter: Written) -> Any:  # Any: a value of whatever type
    is_flag = parameter["type"] == "categorical" and set(map(type, parameter["choices"])) == {bool}
    return str(value).lower() == "true" if is_flag and isinstance(value, str) else value
