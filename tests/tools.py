"""Where the command-line tools of tests and checks are: on the PATH, or else brought by hack/cluster."""

import functools
import shutil
import subprocess
from pathlib import Path

CLUSTER = Path(__file__).resolve().parent.parent / "hack" / "cluster"


def helm() -> str:
    return _tool("helm")


def kubectl() -> str:
    return _tool("kubectl")


def chromium() -> str:
    """Return the path of a browser. Raises FileNotFoundError, which says how to get it, when there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    raise FileNotFoundError("no chromium: on Debian run apt-get install --no-install-recommends chromium")


def _tool(name: str) -> str:
    """Return the path of a tool. Raises FileNotFoundError, which says how to get it, when there is none."""
    if found := shutil.which(name) or shutil.which(name, path=_brought()):
        return found
    raise FileNotFoundError(f"no {name}: install it, or on Debian run {CLUSTER} tools")


@functools.cache
def _brought() -> str:
    """Return the folder in which hack/cluster keeps the tools; it fetches them when they are not there."""
    if not CLUSTER.exists():
        return ""
    ran = subprocess.run([CLUSTER, "tools"], stdout=subprocess.PIPE, text=True, check=False)
    return ran.stdout.strip().splitlines()[-1] if ran.returncode == 0 else ""
