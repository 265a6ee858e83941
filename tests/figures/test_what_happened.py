"""The figures of what happened, against what is counted by hand."""

from datetime import timedelta
from itertools import accumulate, pairwise

import numpy as np
import pytest
from scipy.stats import spearmanr

from controller.figures import correlation, curves, flow, history, parallel, pareto, timeline
from controller.figures.drawing import study_of
from controller.figures.record import AttemptSeen
from controller.figures.shown import MOST_TRIALS, trials_with_curves
from podium.taxonomy import AttemptState, EndReason
from tests.figures.records import EVERYTHING, MINUTE, START, ladder_climb, record_of

RECORD = record_of(60, **EVERYTHING, parallelism=5)
STUDY = study_of(RECORD)


def test_the_best_so_far_rises_with_each_full_training_within_the_thresholds() -> None:
    full = [run for run in sorted(RECORD.runs, key=lambda run: run.ended_at or START) if run.reached_epoch == 18]
    counting = [run for run in full if RECORD.trial[run.trial].meets_thresholds]
    expected = list(accumulate((run.value or 0.0 for run in counting), max))
    figure = history.draw(STUDY)
    over_cost, over_time = (trace for trace in figure.data if trace.name == "best so far")
    assert sorted({*over_cost.y}) == sorted({*expected})
    assert over_cost.y == over_time.y
    paid = [
        sum(RECORD.charged(each) for each in RECORD.runs if (each.ended_at or START) <= (run.ended_at or START))
        for run in counting
    ]
    assert over_cost.x[0] == pytest.approx(paid[0])
    assert over_cost.x[-1] == pytest.approx(sum(RECORD.charged(run) for run in RECORD.runs))
    assert over_time.x[0] == pytest.approx(((counting[0].ended_at or START) - START) / timedelta(hours=1))
    [baseline, _] = (trace for trace in figure.data if trace.name == "baseline")
    assert RECORD.baseline is not None
    assert set(baseline.y) == {RECORD.baseline.value}


def test_what_is_minimized_falls() -> None:
    record = record_of(24, **{**EVERYTHING, "objective": {"metric": "accuracy", "direction": "minimize"}})
    best = next(trace for trace in history.draw(study_of(record)).data if trace.name == "best so far")
    assert all(later < earlier for earlier, later in pairwise(best.y[:-1]))
    assert record.best is not None
    assert best.y[-1] == record.best.value


def test_a_trial_that_misses_a_threshold_is_drawn_but_is_not_the_best() -> None:
    tight = {**EVERYTHING, "thresholds": [{"metric": "seconds", "at_most": 45.0}]}
    record = record_of(60, **tight)
    figure = history.draw(study_of(record))
    missing = next(trace for trace in figure.data if trace.name == "misses a threshold")
    best = next(trace for trace in figure.data if trace.name == "best so far")
    assert max(missing.y) > max(best.y)
    assert record.best is not None
    assert max(best.y) == record.best.value


def test_a_run_that_goes_on_begins_where_the_trial_stood_and_one_that_starts_over_does_not() -> None:
    resumed, started_over = (
        curves.draw(study_of(record_of(6, fate=lambda _: "full", **{**EVERYTHING, "fidelity": fidelity})))
        for fidelity in (
            {"rungs": {"small": 2, "medium": 6, "full": 18}},
            {"rungs": {"small": 2, "medium": 6, "full": 18}, "data_share": {"small": 0.25}},
        )
    )
    first = [
        next(trace for trace in figure.data if trace.name == "to medium").x[0] for figure in (resumed, started_over)
    ]
    assert first == [2, 1]


def test_thousands_of_curves_are_thinned_to_the_best_and_some_of_all() -> None:
    record = record_of(700)
    shown = trials_with_curves(record.trials, record.goals[0])
    assert len(shown) == MOST_TRIALS
    assert {trial.number for trial in record.completed[:20]} <= shown
    assert max(shown) > 690
    figure = curves.draw(study_of(record))
    assert (
        f"{MOST_TRIALS} of {sum(trial.value is not None for trial in record.trials)} trials"
        in figure.layout.title.subtitle.text
    )


def test_each_trial_counts_once_at_every_rung_that_it_was_tried_at() -> None:
    record = record_of(60, fate=lambda n: "runs" if n == 60 else ladder_climb(n))
    fates = [ladder_climb(number) for number in range(1, 60)]
    counts = flow.fates_of(record)
    full, medium, failed = fates.count("full"), fates.count("medium"), fates.count("fails")
    assert counts[1] == {
        "promoted": full + medium,
        "failed": failed,
        "running": 1,
        "paused": 59 - full - medium - failed,
    }
    assert counts[2] == {"promoted": full, "paused": medium}
    assert counts[4] == {"trained in full": full}


def test_rungs_agree_as_far_as_their_ranks_do() -> None:
    rng = np.random.default_rng(4)
    lower, noise = rng.random(40), rng.random(40)
    low = {trial: float(value) for trial, value in enumerate(lower)}
    high = {trial: float(value) for trial, value in enumerate(lower + noise)}
    found = correlation.agreement_of(low, {**high, 99: 1.0})
    assert found is not None
    assert found.rho == pytest.approx(spearmanr(lower, lower + noise).statistic)
    assert found.pairs == 40
    assert found.low < found.rho < found.high
    assert correlation.agreement_of({1: 1.0, 2: 2.0, 3: 3.0}, {1: 1.0, 2: 2.0, 3: 3.0}) is None
    assert correlation.agreement_of(low, dict.fromkeys(low, 0.5)) is None


def test_a_run_that_was_stopped_on_its_way_has_no_result_at_its_rung() -> None:
    record = record_of(12, fate=lambda _: "full")
    stopped = record.runs[2]._replace(reached_epoch=3, end_reason=EndReason.STOPPED)
    changed = type(record)(**{**vars(record), "runs": (*record.runs[:2], stopped, *record.runs[3:])})
    assert correlation.values_by_rung(changed)[4].keys() == correlation.values_by_rung(record)[4].keys() - {1}


def test_no_two_runs_share_a_slot_at_one_time() -> None:
    slots = timeline.slots_of(RECORD.runs, RECORD.now)
    assert set(slots.values()) == set(range(5))
    for slot in range(5):
        mine = sorted((run for run in RECORD.runs if slots[run.number] == slot), key=lambda run: run.created_at)
        assert all((a.ended_at or RECORD.now) <= b.created_at for a, b in pairwise(mine))


def test_a_preempted_run_waits_runs_is_lost_pauses_and_runs_again() -> None:
    run = RECORD.run[9]
    attempts = [attempt for attempt in RECORD.attempts if attempt.run == 9]
    spans = timeline.spans_of(run, attempts, RECORD.now)
    assert [span.kind for span in spans] == [
        "waits to start",
        "preempted",
        "pauses before a retry",
        "waits to start",
        "reached its target",
    ]
    assert all(earlier.end == later.start for earlier, later in pairwise(spans))
    assert spans[2].end - spans[2].start == 2 * MINUTE
    assert spans[-1].end == run.ended_at


def test_a_job_that_waits_for_a_node_waits_until_now_and_says_for_what() -> None:
    run = RECORD.runs[0]._replace(ended_at=None, end_reason=None)
    waiting = AttemptSeen(
        run=1,
        number=1,
        state=AttemptState.RUNNING,
        end_reason=None,
        node=None,
        waiting="0/3 nodes <b>fit</b>",
        not_before=START,
        created_at=START,
        started_at=None,
        heard_at=None,
        ended_at=None,
    )
    [span] = timeline.spans_of(run, [waiting], START + MINUTE)
    assert (span.kind, span.start, span.end) == ("waits to start", START, START + MINUTE)
    assert span.text.endswith("0/3 nodes &#60;b&#62;fit&#60;/b&#62;")


def test_a_parameter_that_is_off_stands_beside_its_axis_and_so_does_a_missing_objective() -> None:
    figure = parallel.draw(STUDY)
    lines = {trace.name: trace for trace in figure.data}
    columns = [*RECORD.spec.parameters, "accuracy", "seconds"]
    for name, kind in (("best half", "full"), ("no full training", "short")):
        x, y, text = lines[name].x, lines[name].y, lines[name].text
        for place, told in enumerate(text):
            if x[place] is not None and columns[int(x[place])] in ("momentum", "accuracy"):
                assert (y[place] == parallel.NOTHING) is (
                    told.endswith("none") or (kind == "short" and "accuracy" in told)
                )
    assert len(lines["best"].x) == len(columns) + 1


def test_at_most_so_many_lines_are_drawn_and_the_best_are_among_them() -> None:
    record = record_of(1500)
    shown = parallel.shown_trials(record)
    assert len(shown) == parallel.MOST_TRIALS
    assert {trial.number for trial in record.completed[:100]} <= {trial.number for trial in shown}
    assert f"{parallel.MOST_TRIALS} of 1,500 trials" in parallel.draw(study_of(record)).layout.title.subtitle.text


def test_the_front_is_a_staircase_that_promises_nothing_beyond_it() -> None:
    figure = pareto.draw(STUDY)
    front = next(trace for trace in figure.data if trace.name == "on the front")
    assert front.line.shape == "vh"  # accuracy is maximized, seconds are minimized
    assert list(front.x) == sorted(front.x)
    assert list(front.y) == sorted(front.y)
    full = [(trial.metrics or {}) for trial in RECORD.completed if trial.meets_thresholds]
    for accuracy, seconds in zip(front.x, front.y, strict=True):
        assert not any(each["accuracy"] > accuracy and each["seconds"] < seconds for each in full)
