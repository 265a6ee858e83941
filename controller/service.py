"""The running parts of a process, put together: the API on its socket, and the reconciler on its cluster."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx2
import structlog
import uvicorn
from anyio import CapacityLimiter
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine

from controller.api.app import create_app
from controller.api.collaborators import Collaborators
from controller.api.head_limit import LimitedProtocol
from controller.beside import beside
from controller.cluster import Cluster
from controller.collection import Collector
from controller.counted_cluster import CountedCluster
from controller.dashboard.door import add_dashboard
from controller.database import is_reachable, open_sessions
from controller.leader_name import name_of
from controller.leadership import Leadership
from controller.leases.cluster import HereAndElsewhere, LeaseCluster
from controller.live_output import LiveOutput
from controller.loop import run_forever
from controller.meters import Meters, meters_of
from controller.metrics import RowCollector, process_registry
from controller.oidc.issuer import Issuer, trust_of
from controller.oidc.options import oidc_options
from controller.plan import Grace
from controller.probes import Probes, probed
from controller.pulse import Pulse, Wake
from controller.reconcile import Orders, Reconciler
from controller.settings import (
    Settings,
    admin_token,
    artifacts_url,
    host_names,
    pod_defaults,
    price_list,
    reserved_names,
    signing_key,
)
from controller.thinking import Mind, Thinker
from controller.tokens import TokenSigner
from controller.webhooks.delivery import TIMEOUT_SECONDS, Deliverer, send_over

log = structlog.get_logger()

Says = Callable[[], bool]
"""Answers yes or no at the moment of asking."""


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What both doors share."""

    settings: Settings
    engine: Engine
    database_url: str
    registry: CollectorRegistry = field(default_factory=process_registry)
    """What this process shows Prometheus, at whichever doors it has."""

    @property
    def signer(self) -> TokenSigner:
        lifetime = timedelta(hours=self.settings.run_token_hours)
        return TokenSigner(key=signing_key(self.settings), lifetime=lifetime)


def listen(host: str, port: int) -> socket.socket:
    """Bind the API's socket. Raises OSError when the address is taken."""
    listener = socket.create_server((host, port), backlog=512)
    listener.setblocking(False)
    return listener


@contextmanager
def serving(parts: Parts, listener: socket.socket) -> Iterator[Says]:
    """Serve the API until the block ends; requests under way are finished."""
    sessions = open_sessions(parts.engine)
    collaborators = Collaborators(
        engine=parts.engine,
        sessions=sessions,
        signer=parts.signer,
        admin_token=admin_token(parts.settings),
        artifacts_url=artifacts_url(parts.settings),
        clock=utc_now,
        registry=parts.registry,
        reserved_names=reserved_names(parts.settings),
        host_names=host_names(parts.settings),
        issuer=_issuer(parts.settings),
        pod_defaults=pod_defaults(parts.settings),
        shows_metrics=parts.settings.metrics_port is None,
        turns=CapacityLimiter(parts.settings.database_pool),
    )
    parts.registry.register(RowCollector(sessions, utc_now))
    app = create_app(collaborators)
    add_dashboard(app)
    config = uvicorn.Config(
        app,
        http=LimitedProtocol,
        proxy_headers=False,  # who is connected is who asks: nobody writes another address into the trail
        log_config=None,
        access_log=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="api", daemon=True)
    thread.start()
    try:
        yield thread.is_alive
    finally:
        server.should_exit = True
        thread.join()


def _issuer(settings: Settings) -> Issuer | None:
    options = oidc_options(settings)
    return None if options is None else Issuer(options=options, trust=trust_of(options))


@contextmanager
def reconciling(parts: Parts, cluster: Cluster, worker_url: str) -> Iterator[Says]:
    """Reconcile until the block ends; Jobs live on."""
    meters = meters_of(parts.registry)
    wake, stopping, pulse = Wake(), threading.Event(), Pulse(meters)
    leases = LeaseCluster(sessions=open_sessions(parts.engine), clock=utc_now)
    everywhere = HereAndElsewhere(here=cluster, elsewhere=leases)
    look = threading.Event()
    output = LiveOutput(
        sessions=open_sessions(parts.engine),
        cluster=everywhere,
        clock=utc_now,
        wake=look.set,
        wake_reconciler=wake.soon,
    )
    leadership = Leadership(
        parts.database_url, wake.set, cluster.refresh, lambda: name_of(pulse.last_pass), watched=output.watch
    )
    meters.is_active.set_function(lambda: float(leadership.is_held))
    with ExitStack() as stack:
        thinker = stack.enter_context(closing(Thinker()))
        stack.enter_context(closing(output))
        reconciler = Reconciler(
            sessions=open_sessions(parts.engine),
            cluster=CountedCluster(everywhere, meters),
            signer=parts.signer,
            orders=_orders(parts.settings, worker_url),
            clock=utc_now,
            mind=Mind(thinker, thinker.judge),
            wake=wake.set,
            meters=meters,
            may_go=output.may_go,
        )
        leadership.start()
        everywhere.watch(wake.soon)  # a slot falls free with a report, which tells us by itself
        stack.callback(leadership.close)
        stack.callback(cluster.close)
        collect = stack.enter_context(_collecting(parts, everywhere, lambda: leadership.is_held, meters))
        send = stack.enter_context(_sending_notices(parts, lambda: leadership.is_held))
        stack.enter_context(beside(output.chore(lambda: leadership.is_held), look, threading.Event()))

        def make_a_pass() -> float:
            due_seconds = reconciler.reconcile()
            collect()
            send()
            return due_seconds

        loop = (make_a_pass, lambda: leadership.is_held, wake, stopping, pulse)
        thread = threading.Thread(target=run_forever, args=loop, name="reconcile", daemon=True)
        thread.start()
        try:
            with probing(parts, lambda: thread.is_alive() and pulse.is_beating()):
                yield thread.is_alive
        finally:
            stopping.set()
            wake.set()
            thread.join()


def _orders(settings: Settings, worker_url: str) -> Orders:
    grace = Grace(
        image=timedelta(seconds=settings.image_grace_seconds),
        node=timedelta(seconds=settings.scheduling_grace_seconds),
    )
    return Orders(
        worker_url=worker_url,
        defaults=pod_defaults(settings),
        prices=price_list(settings),
        grace=grace,
        resync_seconds=settings.resync_seconds,
    )


@contextmanager
def probing(parts: Parts, is_healthy: Says) -> Iterator[None]:
    """Serve probes and metrics until the block ends, where a port is configured for them."""
    host, port = parts.settings.host, parts.settings.metrics_port
    if port is None:
        yield
        return
    probes = Probes(is_healthy=is_healthy, is_ready=lambda: is_reachable(parts.engine), registry=parts.registry)
    with probed(host, port, probes) as bound:
        log.info("probes and metrics are served", url=f"http://{host}:{bound}")
        yield


@contextmanager
def _collecting(parts: Parts, cluster: Cluster, is_leading: Says, meters: Meters) -> Iterator[Callable[[], None]]:
    """Remove old checkpoints until the block ends. Yield what to call when there may be some."""
    wake, stopping = threading.Event(), threading.Event()
    collector = Collector(
        sessions=open_sessions(parts.engine),
        cluster=cluster,
        artifacts_url=artifacts_url(parts.settings),
        clock=utc_now,
        stopping=stopping,
        meters=meters,
    )
    with beside(collector.chore(is_leading), wake, stopping):
        yield wake.set


@contextmanager
def _sending_notices(parts: Parts, is_leading: Says) -> Iterator[Callable[[], None]]:
    """Send notices to webhooks until the block ends. Yield what to call when there may be some."""
    wake, stopping = threading.Event(), threading.Event()
    with httpx2.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False) as http:
        deliverer = Deliverer(
            sessions=open_sessions(parts.engine),
            send=send_over(http),
            key=signing_key(parts.settings),
            clock=utc_now,
            stopping=stopping,
        )
        with beside(deliverer.chore(is_leading), wake, stopping):
            yield wake.set
