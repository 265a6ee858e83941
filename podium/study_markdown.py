"""A study report as Markdown: a pure function. What users typed cannot become markup, links or control characters."""

import re
from collections.abc import Iterable, Iterator, Sequence

from podium import study_words as words
from podium.documents import write_document
from podium.results import AttributeErrors
from podium.study import Arm, Errors, Mistakes, Outcome, Savings, StudyReport


def markdown_of(report: StudyReport, *, is_brief: bool = False) -> str:
    """Write a report; a brief one leaves out mistakes and how it was run."""
    lines = [f"# Study report: {', '.join(plain(arm.experiment) for arm in report.arms)}", ""]
    lines += [f"Objective: {plain(report.metric)}, {report.direction}d. {plain(words.what_a_point_is(report))}"]
    lines += [f"Made {report.made_at:%Y-%m-%d %H:%M} UTC by Podium {plain(report.podium_version)}.", ""]
    lines += [*_remarks(report.remarks), *_arms_table(report), *_compute_table(report)]
    for arm in report.arms:
        lines += [f"## {plain(arm.experiment)}", "", plain(arm.status), "", *_remarks(arm.remarks)]
        lines += _arm(report, arm)
        if not is_brief:
            lines += [*_mistakes(arm.mistakes), *_how_it_was_run(arm)]
    return "\n".join(lines).rstrip() + "\n"


def _arms_table(report: StudyReport) -> Iterator[str]:
    yield from _table(
        [
            "arm",
            "model",
            report.metric,
            "hours",
            "money",
            "points over reference",
            "hours per point",
            "money per point",
        ],
        [
            [arm.experiment, who, *_outcome(report, arm, outcome)]
            for arm in report.arms
            for who, outcome in (("baseline", arm.baseline), ("best", arm.best))
        ],
    )
    if report.reference is not None:
        reference = f"The reference is the {report.reference.outcome} of {report.reference.experiment}, "
        yield plain(reference + words.objective(report, report.reference.value)) + "."
        yield ""


def _outcome(report: StudyReport, arm: Arm, outcome: Outcome | None) -> list[str]:
    if outcome is None:
        return [words.NONE] * 6
    return [
        words.with_error(report, outcome.value, outcome.stderr),
        words.hours(outcome.hours),
        words.money(arm, outcome.money),
        words.points(report, outcome.points),
        words.hours(outcome.hours_per_point),
        words.money(arm, outcome.money_per_point),
    ]


def _compute_table(report: StudyReport) -> Iterator[str]:
    yield from _table(
        ["arm", "gain", "runs", "compute", "wall-clock", "speed-up", "money", "saved by low rungs", "by resuming"],
        [
            [
                arm.experiment,
                words.gain(report, arm.gain),
                str(arm.compute.runs),
                words.hours(arm.compute.hours),
                words.hours(arm.compute.wall_clock_hours),
                words.times(arm.compute.speed_up),
                words.money(arm, arm.compute.money),
                words.share(arm.savings.by_low_rungs if arm.savings else None),
                words.share(arm.savings.by_resuming if arm.savings else None),
            ]
            for arm in report.arms
        ],
    )


def _arm(report: StudyReport, arm: Arm) -> Iterator[str]:
    if arm.gain is not None:
        yield f"Gain over its baseline: {words.gain(report, arm.gain)} points ({plain(arm.gain.remark)})."
        yield ""
    yield from _table(
        ["rung", "epochs", "runs", "promotions", "in flight", "ended", "full trainings", "hours"],
        [
            [
                use.rung,
                str(use.epochs),
                str(use.runs),
                str(use.promotions),
                str(use.in_flight),
                ", ".join(f"{count} {reason}" for reason, count in use.ended.items()) or words.NONE,
                words.figure(use.cost),
                words.hours(use.hours),
            ]
            for use in arm.rungs
        ],
    )
    if arm.savings is not None:
        yield _saved(arm.savings)
        yield ""
    if arm.best is not None:
        yield f"The best configuration (trial {arm.best.trial}):"
        yield ""
        yield from fenced(write_document(arm.best.configuration), "yaml")


def _saved(savings: Savings) -> str:
    return (
        f"Trained: {words.trainings(savings.spent)}; {words.figure(savings.from_scratch)} had each run "
        f"started over, {words.figure(savings.in_full)} had each configuration been trained in full "
        f"(saved in all: {words.share(savings.in_all)})."
    )


def _mistakes(mistakes: Mistakes) -> Iterator[str]:
    yield from ["### What it still gets wrong", "", *_remarks(mistakes.remarks)]
    told = [(who, each) for who, each in (("baseline", mistakes.baseline), ("best", mistakes.best)) if each is not None]
    if not told:
        return
    yield from _table(
        ["model", "images", "right", "in five guesses", "on the test part", "macro F1", "calibration error"],
        [
            [
                f"{who} (trial {each.trial})",
                str(each.images),
                words.share(each.top1),
                words.share(each.top5),
                words.share(each.test_top1),
                words.figure(each.macro_f1),
                words.figure(each.calibration_error),
            ]
            for who, each in told
        ],
    )
    if mistakes.pairs:
        yield from _table(
            ["label", "taken for", "baseline", "best", "mistaken"],
            [
                [pair.label, pair.predicted, _count(pair.baseline), _count(pair.best), words.mistaken(pair.mistaken)]
                for pair in mistakes.pairs
            ],
        )
    yield from _attributes(told)


def _attributes(told: Sequence[tuple[str, Errors]]) -> Iterator[str]:
    split = [(who, each.attribute_errors) for who, each in told if each.attribute_errors is not None]
    if split:
        yield from _table(
            ["mistaken", *(f"errors of the {who}" for who, _ in split)],
            [[name, *(_count(each.wrong.get(name, 0)) for _, each in split)] for name in _attribute_names(split)],
        )


def _attribute_names(split: Iterable[tuple[str, AttributeErrors]]) -> list[str]:
    return list(dict.fromkeys(name for _, each in split for name in each.wrong))


def _how_it_was_run(arm: Arm) -> Iterator[str]:
    run = arm.provenance
    yield from ["### How it was run", ""]
    facts = [
        ("seed", str(run.seed)),
        ("data (SHA-256)", run.data_digest or "not told by any run"),
        ("images held out (SHA-256)", run.split_digest or "not told by any run"),
        *((f"container image, {rung}", image or "the installation's default") for rung, image in run.images.items()),
        ("images that ran", words.recorded(run.ran_images)),
        ("Podium that ran it", words.recorded(run.controller_versions)),
        ("trained with", "; ".join(words.environments(run))),
        ("price of a slot's hour", words.prices(arm)),
        ("cluster", words.recorded(run.clusters)),
        ("nodes", words.some(run.nodes)),
        ("optimizer", words.some(run.model_versions)),
    ]
    yield from _table(["what", "which"], [list(fact) for fact in facts])
    yield from fenced(run.spec_yaml, "yaml")


def _count(count: int | None) -> str:
    return words.NONE if count is None else str(count)


def _remarks(remarks: Sequence[str]) -> list[str]:
    return [*(f"- {plain(remark)}." for remark in remarks), ""] if remarks else []


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [_row(headings), _row(["---"] * len(headings)), *map(_row, rows), ""]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell if cell == '---' else plain(cell) for cell in cells)} |"


CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
MARKUP = re.compile(r"[\\`*\[\]<>|~$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|(?<=\w):(?=//)|(?<=www)\.")
ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def plain(text: str) -> str:
    """Return text that Markdown shows as it is, on one line. Terminals obey control characters: there are none left."""
    on_one_line = CONTROL.sub("\N{REPLACEMENT CHARACTER}", " ".join(text.split())).replace("&", "&amp;")
    return MARKUP.sub(lambda found: ENTITIES.get(found[0], f"\\{found[0]}"), on_one_line)


def fenced(text: str, language: str) -> Iterator[str]:
    """Yield text as a block of code, between fences that are longer than any in it."""
    clean = [CONTROL.sub("\N{REPLACEMENT CHARACTER}", line) for line in text.splitlines()]
    longest = max((len(found) for line in clean for found in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield from [f"{fence}{language}", *clean, fence, ""]
