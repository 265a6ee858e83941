"""What a suggestion costs: CPU seconds at 50 to 5,000 observations, with 0, 20 and 100 runs in flight.

    python -m benchmarks.suggest_latency [--answers 20]

The search is that of the original study, seven parameters on three rungs. Timed is a suggestion for which the kernel
is known, as it is learned ahead, each with another seed; and, apart, the first after a restart, which learns it.
Prints the median and the 95th percentile of CPU time, and the peak of memory.
"""

import argparse
import resource
import time
from dataclasses import replace

import numpy as np

from benchmarks.finished_trials import spec_of
from controller.experiment import History, InFlight, Observation, Problem, problem_of
from controller.optimizer.memory import Learn, Remembering
from controller.optimizer.suggest import suggest
from controller.space import Space

OBSERVATIONS = (50, 220, 500, 1000, 5000)
IN_FLIGHT = (0, 20, 100)
LEFT_COST = 1e3
"""Full trainings that are left: never the limit."""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--answers", type=int, default=20, help="suggestions timed for each row")
    answers = arguments.parse_args().answers
    problem = problem_of(spec_of("latency", parallelism=100, seed=0))
    print("CPU seconds         p50     p95   after a restart")
    print("observed in flight")
    for observed in OBSERVATIONS:
        for in_flight in IN_FLIGHT:
            history = history_of(problem, observed, in_flight)
            memory = Remembering()
            first = cpu_seconds(problem, history, memory)
            seconds = [cpu_seconds(replace(problem, seed=turn), history, memory) for turn in range(answers)]
            p50, p95 = np.percentile(seconds, [50, 95])
            print(f"{observed:8}{in_flight:10}{p50:9.3f}{p95:8.3f}{first:9.3f}", flush=True)
    print(f"peak of memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def cpu_seconds(problem: Problem, history: History, memory: Learn) -> float:
    began = time.process_time()
    suggest(problem, history, memory)
    return time.process_time() - began


def history_of(problem: Problem, observed: int, in_flight: int) -> History:
    """Return trials on all rungs, most of them on the lowest, with a loss that has a valley."""
    rng, space, lengths = np.random.default_rng(1), Space(problem.parameters), [r.epochs for r in problem.ladder.rungs]
    units = rng.random((observed + in_flight, space.dimensions))
    configurations = space.decode(units)
    reached = rng.choice(lengths, size=len(units), p=[0.7, 0.2, 0.1]).tolist()
    values = 0.9 - ((units - 0.6) ** 2).sum(axis=1) - 0.2 / np.array(reached) + rng.normal(0, 0.01, len(units))
    return History(
        observations=tuple(
            Observation(trial=trial, configuration=configurations[trial], epochs=reached[trial], value=float(value))
            for trial, value in enumerate(values[:observed])
        ),
        in_flight=tuple(
            InFlight(trial=trial, configuration=configurations[trial], from_epochs=0, to_epochs=reached[trial])
            for trial in range(observed, len(units))
        ),
        remaining_cost=LEFT_COST,
    )


if __name__ == "__main__":
    main()
