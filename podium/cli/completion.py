"""What a shell offers for an argument: ids of experiments, asked of the controller, or nothing when it is away."""

import contextlib
import os

import typer

from podium.address import find_address
from podium.client import PodiumClient, PodiumError

MOST = 100
COMPLETION_SECONDS = 1.0
"""Who pressed Tab waits no longer."""


def experiment_ids(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Return ids that begin so, each with its state, the latest first. Errors are nobody's business here."""
    found: list[tuple[str, str]] = []
    with contextlib.suppress(PodiumError, OSError, ValueError):
        address = find_address(context.params.get("url"), None, os.environ)
        with PodiumClient(address.url, token=address.token, timeout_seconds=COMPLETION_SECONDS) as client:
            for experiment in client.experiments():
                if experiment.id.startswith(incomplete):
                    found.append((experiment.id, str(experiment.state)))
                if len(found) == MOST:
                    break
    return found
