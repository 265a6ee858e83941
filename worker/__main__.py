"""`python -m worker`: train one run of a trial, as its controller asks for it."""

import logging
import os
import sys

import podium
from worker.machine import UnusableEnvironment, this_machine


def main() -> None:
    logging.basicConfig(format="%(message)s")
    logging.getLogger("podium").setLevel(logging.INFO)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it cuBLAS is not deterministic
    try:
        machine = this_machine(os.environ)
    except UnusableEnvironment as error:
        sys.exit(f"podium: {error}")
    with podium.trial() as trial:
        # torch takes seconds to load: a SIGTERM meanwhile must find its handler, and a superseded attempt needs none.
        from worker import numerics, session  # noqa: PLC0415

        numerics.settle(machine.threads)
        session.train(trial, machine)


if __name__ == "__main__":
    main()
