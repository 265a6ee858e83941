"""Which controller is meant: the one named, else the one that runs in this folder, else the usual address."""

from collections.abc import Mapping
from pathlib import Path

from podium.client import PodiumClient, PodiumError
from podium.wire import URL_VARIABLE

DEFAULT_URL = "http://127.0.0.1:8080"
DEFAULT_STATE_DIR = Path(".podium")
STATE_DIR_VARIABLE = "PODIUM_STATE_DIR"
URL_FILE = "controller.url"
"""A controller on one machine writes its address here, in its state directory."""


def controller_url(named: str | None, environment: Mapping[str, str]) -> str:
    """Return the controller's address: `--url`, else PODIUM_URL, else what runs on the state directory, else 8080."""
    if url := named or environment.get(URL_VARIABLE):
        return url
    state_dir = Path(environment.get(STATE_DIR_VARIABLE) or DEFAULT_STATE_DIR)
    return running_controller(state_dir) or DEFAULT_URL


def running_controller(state_dir: Path) -> str | None:
    """Return the address of the controller that runs on `state_dir` and is ready, or None.

    A file left by a controller that was killed leads nowhere and is not believed.
    """
    try:
        url = (state_dir / URL_FILE).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    try:
        with PodiumClient(url, timeout_seconds=2.0) as client:
            return url if client.is_ready() else None
    except PodiumError:
        return None
