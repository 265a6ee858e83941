"""The table of an experiment's trials, as its page shows it: which columns, in which order, and the ways from there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from controller.trial_table import Found, Wanted
from podium.cli.phrases import setting
from podium.wire import Experiment, Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    name: str
    label: str
    order: str
    """As `aria-sort` has it."""
    query: str
    """Leads to the same table sorted by this column, the other way round if it is already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    trial: Trial
    cells: Sequence[str]
    is_best: bool


def headings(experiment: Experiment, wanted: Wanted) -> list[Heading]:
    fixed = {"trial": "trial", "state": "state", "epoch": "epochs", "value": experiment.spec.objective.metric}
    parameters = {name: name for name in experiment.spec.parameters if name not in fixed}
    return [_heading(name, label, wanted) for name, label in (fixed | parameters).items()]


def _heading(name: str, label: str, wanted: Wanted) -> Heading:
    match wanted.sort:
        case sort if sort == name:
            order, then = "ascending", f"-{name}"
        case sort if sort == f"-{name}":
            order, then = "descending", name
        case _:
            order, then = "none", f"-{name}" if name == "value" else name
    return Heading(name=name, label=label, order=order, query=query(replace(wanted, sort=then, page=1)))


def rows(experiment: Experiment, trials: Sequence[Trial]) -> list[Row]:
    names = [name for name in experiment.spec.parameters if name not in ("trial", "state", "epoch", "value")]
    best = experiment.progress.best_trial
    return [
        Row(
            trial=trial,
            cells=[setting(trial.configuration[name]) if name in trial.configuration else "" for name in names],
            is_best=trial.number == best,
        )
        for trial in trials
    ]


def query(wanted: Wanted) -> str:
    """Return the part of an address that asks for this table."""
    asked = {
        "state": wanted.state or "",
        "where": wanted.where,
        "sort": "" if wanted.sort == Wanted().sort else wanted.sort,
        "page": "" if wanted.page == 1 else str(wanted.page),
    }
    return urlencode({name: value for name, value in asked.items() if value})


def leaves(found: Found, wanted: Wanted) -> Mapping[str, str | None]:
    """Return the ways to the other pages, None where there is no such page."""
    return {
        "first": query(replace(wanted, page=1)) if found.page > 1 else None,
        "previous": query(replace(wanted, page=found.page - 1)) if found.page > 1 else None,
        "next": query(replace(wanted, page=found.page + 1)) if found.page < found.pages else None,
        "last": query(replace(wanted, page=found.pages)) if found.page < found.pages else None,
    }
