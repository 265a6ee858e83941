"""What Prometheus is told of rows: counted at each scrape, so that a restart loses nothing."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from itertools import chain
from typing import TypeVar

import structlog
from prometheus_client import ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

from controller import tallies
from controller.database import Sessions, transaction
from controller.errors import DatabaseAway
from controller.node_record import node_endings
from controller.nodes import MEMORY, bad_nodes
from controller.tallies import QUEUE_WAIT_SECONDS, Bill, Counts, Waits
from podium.taxonomy import EndReason, ExperimentState, TrialState

log = structlog.get_logger()
Word = TypeVar("Word", bound=StrEnum)


def process_registry() -> CollectorRegistry:
    """Return a registry that knows the process: its memory, its processor time, its open files."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return registry


class RowCollector(Collector):
    """Counts what the tables hold. Without its database it says just that, so that the rest of a scrape arrives."""

    def __init__(self, sessions: Sessions, clock: Callable[[], datetime]) -> None:
        self._sessions, self._clock = sessions, clock

    def describe(self) -> Iterable[Metric]:
        return []  # registering must not ask the database

    def collect(self) -> Iterable[Metric]:
        reachable = GaugeMetricFamily("podium_database_up", "Whether the database answered this scrape.")
        try:
            rows = list(self._rows())
        except DatabaseAway as error:
            log.warning("this scrape lacks what is counted in the database", error=str(error))
            rows = []
        reachable.add_metric([], float(bool(rows)))
        return [reachable, *rows]

    def _rows(self) -> Iterable[Metric]:
        now = self._clock()
        with transaction(self._sessions) as session:
            counts, waits = tallies.counts(session), tallies.queue_waits(session)
            bills = tallies.recent_bills(session, now)
            avoided = bad_nodes(node_endings(session, now - MEMORY))
        return chain(_counted(counts), [_waited(waits)], _spent(bills), [_avoided(avoided)])


def _counted(counts: Counts) -> Iterable[Metric]:
    experiments = GaugeMetricFamily("podium_experiments", "Experiments by state.", labels=["state"])
    trials = GaugeMetricFamily("podium_trials", "Trials by state.", labels=["state"])
    runs = CounterMetricFamily("podium_runs_ended", "Runs by the reason why they ended.", labels=["reason"])
    attempts = CounterMetricFamily("podium_attempts_ended", "Attempts by the reason why they ended.", labels=["reason"])
    yield _filled(experiments, ExperimentState, counts.experiments)
    yield _filled(trials, TrialState, counts.trials)
    yield _filled(runs, EndReason, counts.runs_ended)
    yield _filled(attempts, EndReason, counts.attempts_ended)


def _filled(family: GaugeMetricFamily | CounterMetricFamily, words: type[Word], counts: Mapping[Word, int]) -> Metric:
    """Give a family a value for every word: one that is missing would look like one that nobody measures."""
    for word in words:
        family.add_metric([word], counts.get(word, 0))
    return family


def _waited(waits: Waits) -> Metric:
    buckets = [(str(limit), float(count)) for limit, count in zip(QUEUE_WAIT_SECONDS, waits.within, strict=True)]
    family = HistogramMetricFamily("podium_queue_wait_seconds", "From an attempt's turn to its process's start.")
    family.add_metric([], [*buckets, ("+Inf", float(waits.count))], waits.total_seconds)
    return family


def _spent(bills: Mapping[str, Bill]) -> Iterable[Metric]:
    told = "alive or ended within a day"
    hours = CounterMetricFamily(
        "podium_accelerator_hours", f"Held by Pods, of experiments {told}.", labels=["experiment"]
    )
    money = CounterMetricFamily("podium_money", f"Pods' price, of experiments {told}.", labels=["experiment"])
    for experiment, bill in bills.items():
        hours.add_metric([experiment], bill.accelerator_hours)
        if bill.money is not None:
            money.add_metric([experiment], bill.money)
    return hours, money


def _avoided(nodes: Iterable[str]) -> Metric:
    family = GaugeMetricFamily(
        "podium_nodes_avoided", "1 for a node on which trial after trial fails.", labels=["node"]
    )
    for node in sorted(nodes):
        family.add_metric([node], 1)
    return family
