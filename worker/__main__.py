"""`python -m worker`: train one run of a trial, as its controller asks for it."""

import logging
import os

import podium
from worker.processors import usable_processors


def main() -> None:
    logging.basicConfig(format="%(message)s")
    logging.getLogger("podium").setLevel(logging.INFO)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it cuBLAS is not deterministic
    with podium.trial() as trial:
        # torch takes seconds to load: a SIGTERM meanwhile must find its handler, and a superseded attempt needs none.
        from worker import numerics, session  # noqa: PLC0415

        given = os.environ.get("OMP_NUM_THREADS", "")
        threads = int(given) if given.isdigit() and int(given) > 0 else usable_processors()
        numerics.settle(threads)
        session.train(trial, threads)


if __name__ == "__main__":
    main()
