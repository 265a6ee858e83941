"""How long figures take: reading the rows, sending them to the process that draws, and each figure, by their number.

    python -m benchmarks.figures [1000 10000]

The experiments are rows in a real PostgreSQL, as hours of searching would have left them. A figure is drawn twice: the
first one learns the model's kernel and loads plotly's parts, the second is what a page gets that asks again. Beside the
wall clock stand CPU seconds, which tell the cost whatever else the machine does.
"""

import argparse
import pickle
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from benchmarks.finished_trials import add_experiment, spec_of
from benchmarks.machine import machine
from controller.database import Sessions, migrate, open_engine, open_sessions, transaction
from controller.drawing import Bound
from controller.embedded import embedded_postgres
from controller.figures.drawing import draw, study_of
from controller.figures.names import FigureName
from controller.optimizer.memory import Remembering
from controller.optimizer.threads import one_thread
from controller.read_record import read_record

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
Answer = TypeVar("Answer")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("trials", nargs="*", type=int, default=[1000, 10_000])
    wanted = arguments.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory(prefix="podium-figures-") as folder, embedded_postgres(Path(folder)) as url:
        engine = open_engine(url)
        migrate(engine)
        for trials in wanted.trials:
            measure(open_sessions(engine), trials)
        engine.dispose()


def measure(sessions: Sessions, trials: int) -> None:
    with transaction(sessions) as session:
        experiment = add_experiment(session, spec_of(f"trials-{trials}", parallelism=20, seed=1), trials, NOW)

    def read() -> Bound:
        with transaction(sessions) as session:
            return Bound.of(read_record(session, experiment, NOW))

    print(f"\n{trials:,} trials              wall s   CPU s   again: wall s   CPU s      KB")
    bound = timed("read and pickled", read)
    record = timed("unpickled", lambda: pickle.loads(bound.content))
    with one_thread():
        study = study_of(record, learn=Remembering())
        for name in FigureName:
            timed(name, lambda name=name: draw(name, study).to_json())  # type: ignore[misc]  # mypy infers no default


def timed(name: str, do: Callable[[], Answer]) -> Answer:
    """Do something twice, print how long both took and how much came out, and return it."""
    told = []
    for _ in range(2):
        wall, cpu = time.perf_counter(), time.process_time()
        answer = do()
        told.append(f"{time.perf_counter() - wall:9.2f} {time.process_time() - cpu:7.2f}")
    size = len(answer.content) if isinstance(answer, Bound) else len(answer) if isinstance(answer, str) else 0
    print(f"{name:24}{told[0]}       {told[1]} {size / 1000:7.0f}")
    return answer


if __name__ == "__main__":
    main()
