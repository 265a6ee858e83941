"""Reads what is known of experiments from the database, for their report."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from controller import store
from controller.environments import environments_of
from controller.errors import NoTrialYet
from controller.study.facts import NOTHING_HELD, ArmFacts, Held, RunFacts, TrialFacts
from controller.tables import AttemptRow, ExperimentRow, RunRow, TrialRow
from controller.tallies import held_by_run
from podium.spec import ExperimentSpec
from podium.study import PriceTold
from podium.taxonomy import TrialState
from podium.wire import DataDigests

NOT_RECORDED = "not recorded"


def arm_facts(session: Session, experiment_id: str, now: datetime, price_per_hour: float | None) -> ArmFacts:
    """Return what is known of an experiment. `price_per_hour` is that of slots without a price of their own.

    Raises ExperimentNotFound.
    """
    row = store.experiment(session, experiment_id)
    return ArmFacts(
        id=row.id,
        name=row.name,
        state=row.state,
        message=row.message,
        spec=ExperimentSpec.model_validate(row.spec),
        spec_document=row.spec,
        created_at=row.created_at,
        ended_at=row.ended_at,
        trials=_trial_states(session, row.id),
        runs=_runs(session, row.id, now, price_per_hour),
        baseline=_baseline(session, row.id),
        best=_best(session, row),
        nodes=_distinct(session, row.id, AttemptRow.node),
        prices=_prices(session, row.id, price_per_hour),
        clusters=_distinct(session, row.id, AttemptRow.cluster),
        ran_images=_distinct(session, row.id, AttemptRow.image),
        controller_versions=_distinct(session, row.id, AttemptRow.podium_version),
        environments=tuple(environments_of(session, row.id)),
        model_versions=_model_versions(session, row.id),
        data=None if row.data is None else DataDigests.model_validate(row.data),
    )


def _trial_states(session: Session, experiment_id: str) -> dict[TrialState, int]:
    query = select(TrialRow.state, func.count()).where(TrialRow.experiment_id == experiment_id)
    return {state: count for state, count in session.execute(query.group_by(TrialRow.state))}  # noqa: C416 - no pairs


def _runs(session: Session, experiment_id: str, now: datetime, price_per_hour: float | None) -> tuple[RunFacts, ...]:
    held = {
        each.run_id: Held(
            hours=each.hours,
            accelerator_hours=each.accelerator_hours,
            money=each.money,
            unpriced_hours=each.unpriced_hours,
        )
        for each in held_by_run(session, experiment_id, now, price_per_hour)
    }
    trial = TrialRow.number.label("trial")
    columns = (
        *(RunRow.id, trial, RunRow.rung, RunRow.from_epoch, RunRow.to_epoch, RunRow.reached_epoch),
        *(RunRow.epoch_cost, RunRow.is_promotion, RunRow.end_reason, RunRow.seconds),
    )
    query = select(*columns).join(RunRow.trial).where(RunRow.experiment_id == experiment_id).order_by(RunRow.number)
    return tuple(
        RunFacts(
            trial=row.trial,
            rung=row.rung,
            from_epochs=row.from_epoch,
            to_epochs=row.to_epoch,
            reached_epochs=row.reached_epoch,
            epoch_cost=row.epoch_cost,
            is_promotion=row.is_promotion,
            end_reason=row.end_reason,
            training_hours=row.seconds / 3600,
            held=held.get(row.id, NOTHING_HELD),
        )
        for row in session.execute(query)
    )


def _baseline(session: Session, experiment_id: str) -> TrialFacts | None:
    query = select(TrialRow).where(TrialRow.experiment_id == experiment_id, TrialRow.is_baseline)
    found = session.scalar(query)
    return None if found is None else _trial(found)


def _best(session: Session, row: ExperimentRow) -> TrialFacts | None:
    try:
        return _trial(store.best_trial(session, row))
    except NoTrialYet:
        return None


def _trial(row: TrialRow) -> TrialFacts:
    return TrialFacts(
        number=row.number,
        state=row.state,
        configuration=row.configuration,
        value=row.value,
        metrics=row.metrics or {},
        meets_thresholds=row.meets_thresholds,
    )


def _prices(session: Session, experiment_id: str, price_per_hour: float | None) -> tuple[PriceTold, ...]:
    columns = (AttemptRow.price_per_hour, AttemptRow.price_currency, AttemptRow.price_source)
    query = select(*columns).distinct().join(AttemptRow.run).where(RunRow.experiment_id == experiment_id)
    found = []
    for own, currency, source in session.execute(query.order_by(*columns)):
        if own is not None:
            found.append(PriceTold(per_hour=own, currency=currency, source=source or NOT_RECORDED))
        elif price_per_hour is not None:
            found.append(PriceTold(per_hour=price_per_hour, source="given for this report"))
    return tuple(found)


def _distinct(session: Session, experiment_id: str, column: InstrumentedAttribute[str | None]) -> tuple[str, ...]:
    query = select(column).distinct().join(AttemptRow.run).where(RunRow.experiment_id == experiment_id)
    return tuple(each for each in session.scalars(query) if each is not None)


def _model_versions(session: Session, experiment_id: str) -> tuple[str, ...]:
    version = RunRow.reasons["model_version"].as_string()
    query = select(version).distinct().where(RunRow.experiment_id == experiment_id)
    return tuple(found for found in session.scalars(query) if found)
