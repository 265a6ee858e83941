"""What a running process prints, seen while it runs: by a client of one API process, told by another."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx2
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from sqlalchemy import Engine

from controller.api.app import create_app
from controller.api.collaborators import Collaborators
from controller.database import open_sessions
from controller.processes import ProcessCluster
from controller.service import Parts, reconciling, utc_now
from controller.settings import Settings
from controller.tokens import TokenSigner
from podium.blocking.endpoints import PodiumClient
from podium.blocking.following import Clock
from podium.blocking.output import outputs
from podium.taxonomy import AttemptState, EndReason
from tests.builders import spec_document
from tests.cli.served import serving
from tests.service import API, BASELINE
from tests.waiting import wait_for

KEY = "k" * 32
SCRIPT = """
import pathlib, sys, time
import podium
with podium.trial() as trial:
    print("the first line")
    while not pathlib.Path(sys.argv[1]).exists():
        time.sleep(0.02)
    for epoch in trial.epochs():
        trial.report(epoch=epoch, val_accuracy=0.5)
print("the result is in")
time.sleep(0.3)
print("the last line")
"""


def test_a_line_is_seen_before_its_process_has_ended_and_none_is_missed(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    """The worker talks to one API process, who watches to another; a third process would lead."""
    gate = tmp_path / "gate"
    spec = spec_document(
        trial={"command": ["python", "-c", SCRIPT, str(gate)]},
        fidelity={"rungs": {"full": 1}},
        budget={"runs": 1},
        baseline=BASELINE,
        parallelism=1,
    )
    with replica(engine, tmp_path) as first, replica(engine, tmp_path) as second:
        settings = Settings(secret_key=SecretStr(KEY), state_dir=tmp_path, resync_seconds=5.0)
        parts = Parts(settings=settings, engine=engine, database_url=database_url)
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.getcwd()}
        cluster = ProcessCluster(tmp_path / "jobs", environment=environment, poll_seconds=0.05)
        with reconciling(parts, cluster, first), PodiumClient(second) as client:
            experiment_id = httpx2.post(f"{first}{API}/experiments", json=spec).json()["id"]
            wait_for(lambda: any(client.runs(experiment_id)), "its run")
            came = outputs(client, experiment_id, 1, clock=Clock(sleep=lambda seconds: time.sleep(seconds / 5)))
            seen = next(came)
            assert (seen.text, seen.attempt.state) == ("the first line\n", AttemptState.RUNNING)
            gate.touch()
            rest = list(came)
            assert "".join(each.text for each in rest) == "the result is in\nthe last line\n"
            assert rest[-1].attempt.end_reason is EndReason.SUCCEEDED


@contextmanager
def replica(engine: Engine, folder: Path) -> Iterator[str]:
    """Serve the API of one process among several; yield its address."""
    made = Collaborators(
        engine=engine,
        sessions=open_sessions(engine),
        signer=TokenSigner(key=KEY, lifetime=timedelta(hours=1)),
        admin_token=None,
        artifacts_url=folder.as_uri(),
        clock=utc_now,
        registry=CollectorRegistry(),
    )
    with serving(create_app(made)) as url:
        yield url
