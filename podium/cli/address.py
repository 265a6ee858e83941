"""Which controller is meant: the one named, else the one that runs in this folder, else the usual address.

And with which token it is asked: the one given, else the one that a controller of one's own keeps in its folder.
"""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from podium.client import PodiumClient, PodiumError
from podium.loopback import is_loopback
from podium.wire import TOKEN_VARIABLE, URL_VARIABLE

DEFAULT_URL = "http://127.0.0.1:8080"
DEFAULT_STATE_DIR = Path(".podium")
STATE_DIR_VARIABLE = "PODIUM_STATE_DIR"
URL_FILE = "controller.url"
"""A controller on one machine writes its address here, in its state directory."""
PID_FILE = "controller.pid"
"""And holds a lock on this."""
TOKEN_FILE = "admin_token"
"""And the token that opens it here, for its owner's eyes alone."""


def controller_url(named: str | None, environment: Mapping[str, str]) -> str:
    """Return the controller's address: `--url`, else PODIUM_URL, else what runs on the state directory, else 8080."""
    if url := named or environment.get(URL_VARIABLE):
        return url
    state_dir = Path(environment.get(STATE_DIR_VARIABLE) or DEFAULT_STATE_DIR)
    return running_controller(state_dir) or DEFAULT_URL


def token_for(url: str, environment: Mapping[str, str]) -> str | None:
    """Return PODIUM_TOKEN, else the token of the controller that runs on the state directory, if `url` is its own."""
    state_dir = Path(environment.get(STATE_DIR_VARIABLE) or DEFAULT_STATE_DIR)
    return environment.get(TOKEN_VARIABLE) or kept_token(url, state_dir)


def kept_token(url: str, state_dir: Path) -> str | None:
    """Return the token that the controller of a state directory keeps there. It is for that controller's address only.

    None for another address, where there is no such file, and where it may not be read, since it is somebody else's.
    None, too, where that controller is gone: another user of this machine may listen where it did.
    """
    try:
        own = (state_dir / URL_FILE).read_text(encoding="utf-8").strip()
        token = (state_dir / TOKEN_FILE).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return token if _is_the_same(urlsplit(url), urlsplit(own)) and _is_up(state_dir) else None


def _is_up(state_dir: Path) -> bool:
    """Say whether a controller lives in a state directory: it holds a lock there."""
    import fcntl  # noqa: PLC0415  # Windows has none, and no controller

    try:
        with (state_dir / PID_FILE).open() as held:
            fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _is_the_same(one: SplitResult, other: SplitResult) -> bool:
    """Say whether two addresses are one: this machine's loopback address has several names."""
    if (one.scheme, one.port) != (other.scheme, other.port):
        return False
    hosts = one.hostname or "", other.hostname or ""
    return hosts[0] == hosts[1] or all(map(is_loopback, hosts))


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
