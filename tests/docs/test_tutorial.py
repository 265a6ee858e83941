"""The tutorial, from its first command to its last, with real training: some minutes. `make tutorial` runs it."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.docs.blocks import run_blocks
from tests.docs.study import ROOT, shell_environment

PODIUM_CONTROLLER = Path(sys.executable).parent / "podium-controller"


@pytest.mark.tutorial
@pytest.mark.timeout(1800)
def test_the_tutorial_is_true() -> None:
    # not pytest's own folder: as root PostgreSQL runs as nobody, who may not enter it
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        try:
            environment = shell_environment(PODIUM_PORT="0")
            run_blocks(ROOT / "docs" / "tutorial.md", folder, environment=environment, known={}, seconds=900)
        finally:
            subprocess.run([PODIUM_CONTROLLER, "down"], cwd=folder, capture_output=True, check=False)
