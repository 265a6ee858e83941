"""`python -m controller up` for tests: the stand-in behind the real one's command line, files and signals.

STAND_IN says what it does, in words: `die` exits before it is ready, `fail` lets each experiment end without a result,
`pause` pauses each experiment, `run` lets it run on; otherwise it ends. With `shared` another experiment runs on;
with `mute` it lists none.
"""

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from podium.taxonomy import ExperimentState
from podium.wire import Experiment
from tests.cli.served import serving
from tests.cli.stand_in import World, a_progress, a_trial, an_experiment, create_app, ended


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["up"])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state-dir", type=Path, required=True)
    parser.add_argument("--ready-file", type=Path, required=True)
    arguments = parser.parse_args()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda number, frame: stop.set())
    told = os.environ["STAND_IN"].split()
    if "die" in told:
        sys.exit("the database would not start: disk full")
    world = World(next_script=next_script(told), trials=[] if "fail" in told else [a_trial()])
    world.is_mute = "mute" in told
    if "shared" in told:
        world.add(an_experiment(id="somebody-else"))
    with serving(create_app(world)) as url:
        state_dir = arguments.state_dir
        (state_dir / "controller.pid").write_text(f"{os.getpid()}\n")
        (state_dir / "controller.url").write_text(f"{url}\n")
        arguments.ready_file.write_text(f"{url}\n")
        stop.wait()
        (state_dir / "controller.url").unlink()
    (state_dir / "stopped").touch()


def next_script(told: list[str]) -> list[Experiment]:
    if "run" in told:
        return [an_experiment()] * 600
    if "pause" in told:
        return [an_experiment(state=ExperimentState.PAUSED, progress=a_progress(runs_in_flight=0))]
    return [ended(an_experiment())]


if __name__ == "__main__":
    main()
