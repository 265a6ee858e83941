"""What Prometheus wants to know, counted in the database at each scrape so that a restart loses nothing."""

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

from controller import store
from controller.database import Sessions, transaction
from podium.taxonomy import EndReason, ExperimentState, TrialState


class RowCollector(Collector):
    """Counts experiments, trials and ended runs."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def describe(self) -> Iterable[Metric]:
        return []  # registering must not ask the database

    def collect(self) -> Iterable[Metric]:
        with transaction(self._sessions) as session:
            counts = store.counts(session)
        experiments = GaugeMetricFamily("podium_experiments", "Experiments by state.", labels=["state"])
        for experiment_state in ExperimentState:
            experiments.add_metric([experiment_state], counts.experiments.get(experiment_state, 0))
        trials = GaugeMetricFamily("podium_trials", "Trials by state.", labels=["state"])
        for trial_state in TrialState:
            trials.add_metric([trial_state], counts.trials.get(trial_state, 0))
        ended = CounterMetricFamily("podium_runs_ended", "Runs by the reason why they ended.", labels=["reason"])
        for reason in EndReason:
            ended.add_metric([reason], counts.runs_ended.get(reason, 0))
        return [experiments, trials, ended]


def registry_of(sessions: Sessions) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(RowCollector(sessions))
    return registry
