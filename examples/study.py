"""Run several experiments one after another, the arms of a study, and compare what came out.

    podium-controller up &          # or PODIUM_URL=... for a Podium in a cluster
    python examples/study.py examples/fashion/*.yaml

What is printed is `podium report` of them all, with points counted from the first one's baseline; `podium report -o
report.html` has the rest. Run again, it goes on with what it has begun: the same file is the same experiment.
"""

import hashlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

import podium
from podium.pausing import Sleep
from podium.study_markdown import markdown_of

REPORT_SECONDS = 120.0


def main(files: Sequence[str], *, sleep: Sleep = time.sleep) -> None:
    if not files:
        sys.exit("name the files of the experiments: python examples/study.py examples/fashion/*.yaml")
    console = Console(stderr=True)
    with podium.Client(timeout_seconds=REPORT_SECONDS, sleep=sleep) as client:
        arms = [ended(client, Path(file), console).id for file in files]
        print(markdown_of(client.report(arms), is_brief=True))
    console.print(f"more with: podium report {' '.join(arms)} -o report.html", soft_wrap=True)


def ended(client: podium.Client, file: Path, console: Console) -> podium.Experiment:
    """Create the experiment of this file, unless it was created before, and wait for its end."""
    text = file.read_bytes()
    key = hashlib.sha256(text).hexdigest()
    experiment = client.experiments.create(text.decode(), idempotency_key=key)
    console.print(f"{file}: {experiment.id}")
    experiment.wait()
    console.print(f"{experiment.id} is {experiment.state}: {experiment.message}")
    return experiment


if __name__ == "__main__":
    main(sys.argv[1:])
