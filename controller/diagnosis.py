"""What the controller finds of itself: facts from the database and the artifact store, and what they mean."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import fsspec
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from controller.leader_name import LastPass, last_pass_in
from controller.leadership import LOCK_KEY
from controller.pulse import STUCK_SECONDS
from controller.tables import AttemptRow
from podium.diagnosis import Finding, Verdict
from podium.taxonomy import AttemptState

MOST_WAITING = 1000
IMAGE_WORDS = (
    "ErrImagePull",
    "ImagePullBackOff",
    "ErrImageNeverPull",
    "InvalidImageName",
    "image is still being pulled",
)
"""As the cluster says that a node does not get an image."""
LEADER = text(
    "SELECT coalesce(application_name, '') FROM pg_locks LEFT JOIN pg_stat_activity USING (pid)"
    " WHERE locktype = 'advisory' AND granted AND classid = 0 AND objsubid = 1"
    " AND objid = :key AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseFacts:
    server: str
    """PostgreSQL's version."""
    is_led: bool
    """Whether some process holds the reconciler's lock."""
    last_pass: LastPass | None
    """What that process tells of its last pass; None where it tells nothing, or has made none."""
    now: datetime
    waiting: Sequence[str]
    """What the attempts that wait are waiting for, in the cluster's words; the latest first."""


def database_facts(session: Session) -> DatabaseFacts:
    leader = session.scalar(LEADER, {"key": LOCK_KEY})
    waits = select(AttemptRow.waiting).where(AttemptRow.state != AttemptState.ENDED, AttemptRow.waiting != "")
    return DatabaseFacts(
        server=str(session.scalar(text("SHOW server_version"))),
        is_led=leader is not None,
        last_pass=last_pass_in(leader),
        now=datetime.now(UTC),
        waiting=list(session.scalars(waits.order_by(AttemptRow.id.desc()).limit(MOST_WAITING))),
    )


def store_fault(artifacts_url: str) -> str | None:
    """Look into the artifact store; return what is wrong with it, or None."""
    try:
        filesystem, path = fsspec.core.url_to_fs(artifacts_url)
        filesystem.invalidate_cache()
        if filesystem.isfile(path):
            return f"{artifacts_url} is a file"
        filesystem.ls(path, detail=False)
    except FileNotFoundError:
        return None  # a bucket's prefix, or a folder, is there from the first checkpoint on
    except Exception as error:  # noqa: BLE001 - each storage has errors of its own, and all of them are the answer
        return f"{type(error).__name__}: {error}"
    return None


def findings(facts: DatabaseFacts, store: str | None) -> Iterator[Finding]:
    """Say what the facts mean."""
    yield Finding(name="database", verdict=Verdict.OK, found=f"PostgreSQL {facts.server} answers")
    yield _reconciler(facts)
    yield _store(store)
    yield Finding(
        name="cluster",
        verdict=Verdict.UNKNOWN,
        found="the API's process has no rights in a cluster, and cannot ask what the reconciler's may do",
        remedy="on Kubernetes, ask there: kubectl exec deploy/podium-reconciler -- podium-controller doctor",
    )
    yield _images(facts.waiting)
    yield _waiting(facts.waiting)


def _reconciler(facts: DatabaseFacts) -> Finding:
    if facts.is_led and facts.last_pass is None:
        found = "a process reconciles: it holds the lock, and has told of no pass yet"
        return Finding(name="reconciler", verdict=Verdict.OK, found=found)
    if facts.is_led and facts.last_pass is not None:
        ago = (facts.now - facts.last_pass.ended_at).total_seconds()
        found = f"a process reconciles: its last pass ended {max(ago, 0):.0f} s ago"
        if ago <= facts.last_pass.due_seconds + STUCK_SECONDS:
            return Finding(name="reconciler", verdict=Verdict.OK, found=found)
        return Finding(
            name="reconciler",
            verdict=Verdict.FAILED,
            found=f"{found}, and the next was due {facts.last_pass.due_seconds:.0f} s after it",
            remedy="see its log: it says which pass was given up, or failed; on Kubernetes see whether its API answers",
        )
    return Finding(
        name="reconciler",
        verdict=Verdict.FAILED,
        found="no process holds the reconciler's lock: nothing starts, and nothing that ends is noticed",
        remedy="start podium-controller reconcile (or up); on Kubernetes, see why the reconciler's Pod is not ready",
    )


def _store(fault: str | None) -> Finding:
    if fault is None:
        return Finding(name="artifacts", verdict=Verdict.OK, found="the API can look into the artifact store")
    return Finding(
        name="artifacts",
        verdict=Verdict.FAILED,
        found=f"the API cannot look into the artifact store: {fault}",
        remedy="see that PODIUM_ARTIFACTS_URL names it, that its credentials are right, and that its volume is mounted",
    )


def _images(waiting: Sequence[str]) -> Finding:
    pulled_in_vain = [words for words in waiting if any(word in words for word in IMAGE_WORDS)]
    if not pulled_in_vain:
        return Finding(name="images", verdict=Verdict.OK, found="no Pod waits for an image that does not come")
    return Finding(
        name="images",
        verdict=Verdict.FAILED,
        found=f"{len(pulled_in_vain)} wait for an image; the latest: {pulled_in_vain[0]}",
        remedy="see that the image is named right and its registry reachable; name a pull secret where it wants one",
    )


def _waiting(waiting: Sequence[str]) -> Finding:
    others = [words for words in waiting if not any(word in words for word in IMAGE_WORDS)]
    if not others:
        return Finding(name="room", verdict=Verdict.OK, found="no Pod waits for a node or a volume")
    return Finding(
        name="room",
        verdict=Verdict.WARNING,
        found=f"{len(others)} wait; the latest: {others[0]}",
        remedy="add nodes with the devices that are asked for, see that volume claims are bound, or ask for less",
    )
