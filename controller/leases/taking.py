"""The verbs of a lease: it is taken, given up, and taken back. Each changes rows only, in its caller's transaction."""

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, contains_eager

from controller import store
from controller.database import wake_reconciler
from controller.errors import NotExternal, Superseded
from controller.experiment import ladder_of
from controller.leases.rows import LeaseRow
from controller.tables import AttemptRow, ExperimentRow, RunRow, TrialRow
from controller.tokens import TokenSigner
from podium.asked import EXIT_CODES, Ask, Asked, GivenUp, Suggestion
from podium.spec import ExperimentSpec
from podium.taxonomy import AttemptState, ExperimentState


def ask(session: Session, experiment_id: str, wish: Ask, signer: TokenSigner, now: datetime) -> Asked:
    """Give a run that was offered to who asks, the one that waits longest. Raises NotExternal."""
    experiment = store.experiment(session, experiment_id)
    spec = ExperimentSpec.model_validate(experiment.spec)
    if spec.trial is None or not spec.trial.external:
        raise NotExternal(
            f"Podium itself starts the runs of {experiment_id!r}; only an experiment with `trial: {{external: true}}` "
            "gives them to who asks"
        )
    if experiment.state is not ExperimentState.RUNNING:
        return Asked(state=experiment.state, message=experiment.message)
    lease = _offered(session, experiment_id)
    if lease is None:
        return Asked(state=experiment.state, message=_why_none(experiment, spec))
    lease.taken_at, lease.seconds, lease.holder = now, wish.lease_seconds, wish.holder.replace("\0", "")
    run, trial = lease.attempt.run, lease.attempt.run.trial
    suggestion = Suggestion(
        job=lease.job,
        token=signer.sign(lease.job, now),
        trial=trial.number,
        run=run.number,
        attempt=lease.attempt.number,
        rung=run.rung,
        configuration=trial.configuration,
        from_epoch=run.from_epoch,
        to_epoch=run.to_epoch,
        full_epochs=ladder_of(spec.fidelity).full_epochs,
        lease_seconds=wish.lease_seconds,
    )
    wake_reconciler(session)
    return Asked(suggestion=suggestion, state=experiment.state)


def give_up(session: Session, job: str, given_up: GivenUp, now: datetime) -> None:
    """Note that a run's holder will not end it; what follows is decided as for any other end. Again, it is no error.

    Raises Superseded for an attempt that is over, and NotExternal for one that Podium started: its exit says all.
    """
    attempt = store.lock_attempt(session, job)
    lease = session.get(LeaseRow, job, with_for_update=True)
    if attempt.state in (AttemptState.REPORTED, AttemptState.ENDED):
        raise Superseded(f"attempt {job!r} has ended already; there is nothing to give up")
    if lease is None:
        raise NotExternal(f"Podium started {job!r} itself; its process says by its exit code how it ended")
    attempt.heard_at = now
    lease.exit_code = EXIT_CODES[given_up.reason]
    lease.last_words = given_up.detail.replace("\0", "\N{REPLACEMENT CHARACTER}")  # PostgreSQL's text holds no NUL
    wake_reconciler(session)


def take_back(session: Session, job: str) -> None:
    """Withdraw what was offered, unless it was taken meanwhile. Its attempt waits to be offered again."""
    untaken = delete(LeaseRow).where(LeaseRow.job == job, LeaseRow.taken_at.is_(None)).returning(LeaseRow.job)
    if session.scalar(untaken) is None:
        return
    running = update(AttemptRow).where(AttemptRow.job == job, AttemptRow.state == AttemptState.RUNNING)
    session.execute(running.values(state=AttemptState.PENDING, waiting=""))


def _offered(session: Session, experiment_id: str) -> LeaseRow | None:
    """Lock and return what was offered first; two who ask at once get two."""
    query = (
        select(LeaseRow)
        .join(LeaseRow.attempt)
        .join(AttemptRow.run)
        .join(RunRow.trial)
        .options(contains_eager(LeaseRow.attempt).contains_eager(AttemptRow.run).contains_eager(RunRow.trial))
        .where(TrialRow.experiment_id == experiment_id, LeaseRow.taken_at.is_(None), LeaseRow.exit_code.is_(None))
        .where(AttemptRow.state.in_((AttemptState.PENDING, AttemptState.RUNNING)))
        .order_by(AttemptRow.id)
        .limit(1)
        .with_for_update(of=LeaseRow, skip_locked=True)
    )
    return session.scalar(query)


def _why_none(experiment: ExperimentRow, spec: ExperimentSpec) -> str:
    return (
        f"all that {experiment.id!r} may have in flight is taken ({spec.parallelism} at a time), or the next is being "
        "thought up"
    )
