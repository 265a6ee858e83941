"""Why a run ended, or where it stands, and what follows: one sentence, a pure function of its attempts.

An attempt's `detail` is "why; what follows". Earlier attempts are summed up by their reasons, so that a run that was
preempted forty times is still one sentence.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from podium.taxonomy import AttemptState, EndReason, RunState, TrialState
from podium.wire import Attempt, UnderWay

TIMES = ("never", "once", "twice")
TOLD = 4
"""Metrics of an epoch under way that a sentence names, of possibly a hundred."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A run, as far as its explanation goes."""

    state: RunState
    end_reason: EndReason | None
    to_epoch: int
    reached_epoch: int
    value: float | None
    attempts: Sequence[Attempt]
    is_given_up: bool = False
    """Whether it was the optimizer that had it stop."""


def explained(story: Story) -> str:
    """Say what became of a run, and what is to come: "was preempted twice, ...; attempt 3 continues from epoch 7"."""
    if not story.attempts:
        return ""
    *earlier, last = story.attempts
    if story.state is RunState.RUNNING:
        return "; ".join([*_troubles(earlier), _standing(story, last)])
    others = [attempt for attempt in earlier if attempt.end_reason is not story.end_reason]
    return "; ".join([*_troubles(others), _ending(story, last)])


def what_is_next(state: TrialState, run: str, *, is_over: bool) -> str:
    """Say of a trial what its last run's explanation leaves open."""
    if state is not TrialState.PAUSED:
        return run
    if is_over:
        return f"{run}; its experiment has ended, so it is not trained further"
    return f"{run}; it may be promoted to a higher rung"


def _troubles(earlier: Sequence[Attempt]) -> Iterator[str]:
    reasons = dict.fromkeys(attempt.end_reason for attempt in earlier if attempt.end_reason is not None)
    for reason in reasons:
        alike = [attempt for attempt in earlier if attempt.end_reason is reason]
        yield _trouble(reason, alike, is_latest=alike[-1] is earlier[-1])


def _trouble(reason: EndReason, alike: Sequence[Attempt], *, is_latest: bool) -> str:
    times = TIMES[len(alike)] if len(alike) < len(TIMES) else f"{len(alike)} times"
    why, follows = _split(alike[-1])
    match reason:
        case EndReason.PREEMPTED:
            return f"was preempted {times}, which cost the trial nothing"
        case EndReason.BAD_NODE:
            nodes = sorted({attempt.node for attempt in alike if attempt.node})
            return f"failed {times} on {', '.join(nodes)}, which is avoided now and cost the trial nothing"
        case EndReason.SCHEDULING:
            return f"could not start {times}, which cost the trial nothing ({why})"
        case EndReason.OTHER_DATA:
            return f"found other images than the first run's {times}, which cost the trial nothing"
        case EndReason.OUT_OF_MEMORY:
            return f"ran out of memory {times}" + (f", so {follows}" if is_latest and follows else "")
        case EndReason.BUG:
            return f"failed {times} ({why})"
        case _:  # ends after which no attempt follows
            return f"ended {times} as {reason}"


def _standing(story: Story, last: Attempt) -> str:
    this = f"attempt {last.number}"
    if last.waiting:
        return f"{this} {last.waiting}" if last.waiting.startswith("waits") else f"{this} waits: {last.waiting}"
    if last.under_way is not None:
        return f"{this} is at {_how_far(last.under_way)}"
    is_pending = last.state is AttemptState.PENDING
    if story.reached_epoch == 0:
        return f"{this} {'will begin' if is_pending else 'begins'} with epoch 1"
    return f"{this} {'will continue' if is_pending else 'continues'} from epoch {story.reached_epoch}"


def _how_far(told: UnderWay) -> str:
    metrics = [f"{name} {value:.4g}" for name, value in list(told.metrics.items())[:TOLD]]
    pace = [] if told.samples_per_second is None else [f"{told.samples_per_second:.4g} samples/s"]
    return ", ".join([f"epoch {told.epoch}, {told.share:.0%} through", *metrics, *pace])


def _ending(story: Story, last: Attempt) -> str:
    match story.end_reason:
        case EndReason.SUCCEEDED:
            value = "" if story.value is None else f", with {story.value:.4g}"
            return f"reached its target, epoch {story.to_epoch}{value}"
        case EndReason.STOPPED if story.value is not None:
            why = ", since the rest of it promised less than other runs," if story.is_given_up else ""
            return f"was stopped at epoch {story.reached_epoch}{why} and keeps its result, {story.value:.4g}"
        case EndReason.STOPPED:
            return "was stopped before it had a result"
        case _:
            return f"{story.end_reason}: {last.detail}"


def _split(attempt: Attempt) -> tuple[str, str]:
    """Return why an attempt ended, and what followed. The cluster's own words may hold a semicolon too."""
    why, mark, follows = attempt.detail.rpartition("; ")
    return (why, follows) if mark else (attempt.detail, "")
