"""Where the programs of tests and checks are: on the PATH, or else brought by hack/cluster, or from Debian."""

import functools
import os
import shutil
import subprocess
from pathlib import Path

CLUSTER = Path(__file__).resolve().parent.parent / "hack" / "cluster"


def helm() -> str:
    return _tool("helm")


def kubectl() -> str:
    return _tool("kubectl")


def chromium() -> str:
    """Return the path of a browser; root gets it from Debian. Raises FileNotFoundError, which says how to get it."""
    if found := _browser() or (_apt_get("chromium") and _browser()):
        return found
    raise FileNotFoundError("no chromium: on Debian run apt-get install --no-install-recommends chromium, as root")


def _browser() -> str | None:
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@functools.cache
def _apt_get(package: str) -> bool:
    """Say whether a package of Debian could be installed; processes that want it at once wait for each other."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    install = ["apt-get", "-o", "DPkg::Lock::Timeout=600", "install", "--yes", "--no-install-recommends", package]
    run = functools.partial(
        subprocess.run, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, capture_output=True, check=False
    )
    if run(install).returncode == 0:
        return True
    run(["apt-get", "update"])  # a new machine has no package lists
    return run(install).returncode == 0


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
