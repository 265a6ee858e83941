"""What an experiment's rows say to the outside: rows in, wire models and CSV out."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from controller import store
from controller.experiment import ladder_of
from controller.explanation import Story, explained, what_is_next
from controller.progress import Standing, standings
from controller.tables import AttemptRow, ExperimentRow, MeasurementRow, RunRow, TrialRow
from podium.environment import Environment
from podium.spec import ExperimentSpec
from podium.taxonomy import AttemptState, ExperimentState, TrialState
from podium.wire import (
    Attempt,
    DataDigests,
    Experiment,
    Measurement,
    Progress,
    Reasons,
    Run,
    Trial,
    TrialDetail,
    UnderWay,
)


def experiment(session: Session, row: ExperimentRow, now: datetime) -> Experiment:
    return experiments(session, [row], now)[row.id]


def experiments(session: Session, rows: Sequence[ExperimentRow], now: datetime) -> Mapping[str, Experiment]:
    """Return experiments as they stand, by their ids."""
    standing = standings(session, rows, now)
    return {row.id: _experiment(row, standing[row.id]) for row in rows}


def _experiment(row: ExperimentRow, standing: Standing) -> Experiment:
    spec = ExperimentSpec.model_validate(row.spec)
    spent, best = standing.spent, standing.best
    return Experiment(
        id=row.id,
        name=row.name,
        project=row.project,
        state=row.state,
        message=row.message or _what_it_does(row, spent.in_flight, standing.waiting),
        spec=spec,
        progress=Progress(
            cost_spent=spent.epochs / ladder_of(spec.fidelity).full_epochs,
            cost_trained=spent.trained_epochs / ladder_of(spec.fidelity).full_epochs,
            runs_started=spent.runs,
            runs_in_flight=spent.in_flight,
            runs_ended=spent.runs - spent.in_flight,
            promotions=spent.promotions,
            trials={state: standing.trials.get(state, 0) for state in TrialState},
            best_value=best.value if best else None,
            best_trial=best.number if best else None,
            baseline_value=standing.baseline_value,
            accelerator_hours=standing.bill.accelerator_hours,
            money=standing.bill.money,
            currency=standing.bill.currency,
            expected_gain=row.expected_gain,
            training_hours=spent.seconds / 3600,
        ),
        data=None if row.data is None else DataDigests.model_validate(row.data),
        created_at=row.created_at,
        ended_at=row.ended_at,
    )


def _what_it_does(row: ExperimentRow, in_flight: int, waiting: Sequence[str]) -> str:
    if row.state is not ExperimentState.RUNNING:
        return str(row.state)
    if not in_flight:
        return "about to start runs"
    told = f"{in_flight} run{'' if in_flight == 1 else 's'} in flight"
    if waiting:
        return f"{told}; {len(waiting)} of them: {waiting[0]}"
    if row.expected_gain is not None:
        return f"{told}; one more full training is expected to gain {row.expected_gain:.2g}"
    return told


def trial(row: TrialRow) -> Trial:
    return Trial(
        number=row.number,
        state=row.state,
        is_baseline=row.is_baseline,
        configuration=row.configuration,
        reached_epoch=row.reached_epoch,
        value=row.value,
        metrics=row.metrics,
        meets_thresholds=row.meets_thresholds,
        created_at=row.created_at,
    )


def trial_detail(session: Session, row: TrialRow, *, with_measurements: bool = True) -> TrialDetail:
    """Return a trial with its runs; without its measurements, which may be many, it is quick."""
    runs = [run(each) for each in store.runs_of_trial(session, row.id)]
    has_ended = store.experiment(session, row.experiment_id).ended_at is not None
    return TrialDetail(
        **trial(row).model_dump(),
        explanation=what_is_next(row.state, runs[-1].explanation, is_over=has_ended) if runs else "",
        runs=runs,
        measurements=[measurement(each) for each in store.measurements(session, row.id)] if with_measurements else [],
    )


def run(row: RunRow) -> Run:
    attempts = [attempt(each) for each in row.attempts]
    story = Story(
        state=row.state,
        end_reason=row.end_reason,
        to_epoch=row.to_epoch,
        reached_epoch=row.reached_epoch,
        value=row.value,
        attempts=attempts,
        is_given_up=row.is_given_up,
    )
    return Run(
        number=row.number,
        trial=row.trial.number,
        rung=row.rung,
        from_epoch=row.from_epoch,
        to_epoch=row.to_epoch,
        reached_epoch=row.reached_epoch,
        is_promotion=row.is_promotion,
        state=row.state,
        end_reason=row.end_reason,
        value=row.value,
        reasons=Reasons.model_validate(row.reasons),
        attempts=attempts,
        explanation=explained(story),
        created_at=row.created_at,
        ended_at=row.ended_at,
    )


def attempt(row: AttemptRow) -> Attempt:
    return Attempt(
        number=row.number,
        job=row.job,
        state=row.state,
        end_reason=row.end_reason,
        exit_code=row.exit_code,
        detail=row.detail,
        waiting=row.waiting,
        node=row.node,
        accelerators=row.accelerators,
        environment=None if row.environment is None else Environment.model_validate(row.environment),
        log_tail=row.log_tail,
        last_epoch=row.last_epoch,
        under_way=_under_way(row),
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )


def _under_way(row: AttemptRow) -> UnderWay | None:
    """Return what an attempt last told of an epoch, unless that is over, or the attempt is."""
    if row.under_way is None or row.state not in (AttemptState.PENDING, AttemptState.RUNNING):
        return None
    told = UnderWay.model_validate(row.under_way)
    return told if row.last_epoch is None or told.epoch > row.last_epoch else None


def measurement(row: MeasurementRow) -> Measurement:
    return Measurement(
        epoch=row.epoch,
        metrics=row.metrics,
        seconds=row.seconds,
        samples_per_second=row.samples_per_second,
        attempt=row.attempt.job,
        created_at=row.created_at,
    )


def trials_csv(row: ExperimentRow, trials: Sequence[TrialRow]) -> Iterable[str]:
    """Yield the trials as CSV (RFC 4180), a header first; one column for each parameter."""
    parameters = list(row.spec["parameters"])
    fixed = ["trial", "state", "is_baseline", "reached_epoch", row.spec["objective"]["metric"]]
    yield _csv_line([*fixed, *parameters])
    for each in trials:
        known = [each.number, each.state, each.is_baseline, each.reached_epoch, each.value]
        yield _csv_line([*known, *(each.configuration.get(name) for name in parameters)])


def _csv_line(cells: Sequence[object]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([_csv_cell(cell) for cell in cells])
    return line.getvalue()


def _csv_cell(cell: object) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case float():
            return repr(cell)
        case str() if cell[:1] in "=+-@\t\r" and cell:  # a spreadsheet would run it as a formula
            return "'" + cell
        case _:
            return str(cell)
