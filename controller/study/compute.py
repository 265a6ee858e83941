"""What an arm used and what it saved: sums over its runs, by the definitions of docs/report.md."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from controller.endings import RESULTS
from controller.experiment import Ladder, ladder_of
from controller.study.facts import ArmFacts, Held, RunFacts
from podium.study import Compute, RungUse, Savings


def compute_of(arm: ArmFacts, now: datetime) -> Compute:
    held, full_epochs = held_by(arm.runs), ladder_of(arm.spec.fidelity).full_epochs
    trained = sum(_trained(run, full_epochs) for run in arm.runs)
    wall_clock = arm.took(now).total_seconds() / 3600
    return Compute(
        runs=len(arm.runs),
        in_flight=sum(run.end_reason is None for run in arm.runs),
        trials=sum(arm.trials.values()),
        parallelism=arm.spec.parallelism,
        hours=held.hours,
        training_hours=sum(run.training_hours for run in arm.runs),
        accelerator_hours=held.accelerator_hours,
        wall_clock_hours=wall_clock,
        speed_up=held.hours / wall_clock if wall_clock > 0 and held.hours > 0 else None,
        money=held.money,
        unpriced_hours=held.unpriced_hours if held.money is not None else 0.0,
        hours_per_full_training=held.hours / trained if trained > 0 and held.hours > 0 else None,
    )


def held_by(runs: Iterable[RunFacts]) -> Held:
    """Return what all of these runs held and cost together."""
    each = [run.held for run in runs]
    prices = [held.money for held in each if held.money is not None]
    return Held(
        hours=sum(held.hours for held in each),
        accelerator_hours=sum(held.accelerator_hours for held in each),
        money=sum(prices) if prices else None,
        unpriced_hours=sum(held.unpriced_hours for held in each),
    )


def rungs_of(arm: ArmFacts) -> list[RungUse]:
    """Return what runs to each rung took, the lowest first; rungs that nothing ran to are among them."""
    ladder = ladder_of(arm.spec.fidelity)
    by_rung: dict[str, list[RunFacts]] = {rung.name: [] for rung in ladder.rungs}
    for run in arm.runs:
        by_rung.setdefault(run.rung, []).append(run)
    epochs = {rung.name: rung.epochs for rung in ladder.rungs}
    return [_use(name, epochs.get(name, 0), runs, ladder) for name, runs in by_rung.items()]


def _use(name: str, epochs: int, runs: Sequence[RunFacts], ladder: Ladder) -> RungUse:
    held = held_by(runs)
    ended = Counter(run.end_reason for run in runs if run.end_reason is not None)
    return RungUse(
        rung=name,
        epochs=epochs,
        runs=len(runs),
        in_flight=sum(run.end_reason is None for run in runs),
        promotions=sum(run.is_promotion for run in runs),
        ended=dict(ended.most_common()),
        cost=sum(_trained(run, ladder.full_epochs) for run in runs),
        hours=held.hours,
        money=held.money,
    )


def savings_of(arm: ArmFacts) -> Savings | None:
    """Return what low rungs and resuming saved in the runs that have ended; None while nothing was trained in them.

    A run that was cut off before its first epoch has saved nothing: no scheduler would have trained it.
    """
    full_epochs = ladder_of(arm.spec.fidelity).full_epochs
    begun = [run for run in arm.runs if run.end_reason is not None and run.reached_epochs > run.from_epochs]
    spent = sum(_trained(run, full_epochs) for run in begun)
    from_scratch = sum(_from_scratch(run, full_epochs) for run in begun)
    in_full = _in_full(begun, full_epochs)
    if spent <= 0:
        return None
    return Savings(
        spent=spent,
        from_scratch=from_scratch,
        in_full=in_full,
        by_low_rungs=1 - from_scratch / in_full,
        by_resuming=1 - spent / from_scratch,
        in_all=1 - spent / in_full,
    )


def _in_full(begun: Iterable[RunFacts], full_epochs: int) -> float:
    """Return the cost of training each configuration in full. One that cannot be trained fails there as early."""
    by_trial: dict[int, list[RunFacts]] = defaultdict(list)
    for run in begun:
        by_trial[run.trial].append(run)
    return sum(
        1.0 if any(run.end_reason in RESULTS for run in runs) else max(_from_scratch(run, full_epochs) for run in runs)
        for runs in by_trial.values()
    )


def _trained(run: RunFacts, full_epochs: int) -> float:
    return (run.reached_epochs - run.from_epochs) * run.epoch_cost / full_epochs


def _from_scratch(run: RunFacts, full_epochs: int) -> float:
    return run.reached_epochs * run.epoch_cost / full_epochs
