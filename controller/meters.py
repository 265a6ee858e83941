"""What the reconciler measures of itself. Each process has its own; none survives it."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

PASS_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
SUGGESTION_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meters:
    is_active: Gauge
    pass_seconds: Histogram
    lag_seconds: Histogram
    last_pass: Gauge
    suggestion_seconds: Histogram
    jobs_created: Counter
    jobs_deleted: Counter
    jobs_refused: Counter
    checkpoints_removed: Counter
    checkpoints_resisted: Counter


def meters_of(registry: CollectorRegistry) -> Meters:
    """Return meters that the registry shows."""
    return Meters(
        is_active=Gauge("podium_reconciler_active", "1 in the process that reconciles.", registry=registry),
        pass_seconds=Histogram(
            "podium_reconcile_seconds", "Duration of a pass.", buckets=PASS_SECONDS, registry=registry
        ),
        lag_seconds=Histogram(
            "podium_reconcile_lag_seconds",
            "From a wake-up to the start of its pass.",
            buckets=PASS_SECONDS,
            registry=registry,
        ),
        last_pass=Gauge(
            "podium_reconcile_last_pass_timestamp_seconds",
            "When the last pass was finished; 0 before.",
            registry=registry,
        ),
        suggestion_seconds=Histogram(
            "podium_suggestion_seconds",
            "The optimizer's time for an answer.",
            buckets=SUGGESTION_SECONDS,
            registry=registry,
        ),
        jobs_created=Counter("podium_jobs_created", "Jobs that the cluster took.", registry=registry),
        jobs_deleted=Counter("podium_jobs_deleted", "Jobs whose deletion was asked for.", registry=registry),
        jobs_refused=Counter("podium_jobs_refused", "Jobs that the cluster would not have.", registry=registry),
        checkpoints_removed=Counter(
            "podium_checkpoints_removed", "Folders of checkpoints that were removed.", registry=registry
        ),
        checkpoints_resisted=Counter(
            "podium_checkpoint_removals_failed", "Folders of checkpoints that resisted.", registry=registry
        ),
    )
