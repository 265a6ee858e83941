"""`python -m controller up` for tests: the stand-in behind the real one's command line, files and signals.

STAND_IN says what it does: `end` lets each experiment end, `run` lets it run on, `shared` lets it end while another
runs on, `die` exits before it is ready.
"""

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from tests.cli.stand_in import World, a_trial, an_experiment, ended, serving


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["up"])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state-dir", type=Path, required=True)
    parser.add_argument("--ready-file", type=Path, required=True)
    arguments = parser.parse_args()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda number, frame: stop.set())
    if os.environ["STAND_IN"] == "die":
        sys.exit("the database would not start: disk full")
    does_end = os.environ["STAND_IN"] in ("end", "shared")
    world = World(next_script=[ended(an_experiment())] if does_end else [an_experiment()] * 600, trials=[a_trial()])
    if os.environ["STAND_IN"] == "shared":
        world.add(an_experiment(id="somebody-else"))
    with serving(world) as url:
        state_dir = arguments.state_dir
        (state_dir / "controller.pid").write_text(f"{os.getpid()}\n")
        (state_dir / "controller.url").write_text(f"{url}\n")
        arguments.ready_file.write_text(f"{url}\n")
        stop.wait()
        (state_dir / "controller.url").unlink()
    (state_dir / "stopped").touch()


if __name__ == "__main__":
    main()
