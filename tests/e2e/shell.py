"""Commands of other programs: run, checked, and with what they said in the failure."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(*command: str | Path, stdin: str | None = None, seconds: float = 120) -> str:
    """Run a command to its end and return what it printed. Fails the test with both of its streams."""
    done = subprocess.run(
        [str(word) for word in command],
        check=False,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=seconds,
        cwd=ROOT,
    )
    said = f"{done.stdout}\n{done.stderr}"
    assert done.returncode == 0, f"{' '.join(map(str, command))[:300]} -> {done.returncode}\n{said}"
    return done.stdout
