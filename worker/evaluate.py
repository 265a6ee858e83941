"""`python -m worker.evaluate`: judge the trial that PODIUM_EVALUATION describes on the test part, once.

It talks to no controller and has no token: what it is to do stands in that variable, and what comes of it goes into the
artifact store.
"""

import logging
import os
import sys
from collections.abc import Mapping

from pydantic import ValidationError

from podium.evaluation import EVALUATION_VARIABLE, Evaluation
from podium.leaving import exit_of
from worker.machine import UnusableEnvironment, this_machine

INTERRUPTED = 130


def main() -> None:
    logging.basicConfig(format="%(message)s")
    logging.getLogger("podium").setLevel(logging.INFO)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it cuBLAS is not deterministic
    try:
        _evaluate()
    except UnusableEnvironment as error:
        sys.exit(f"podium: {error}")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _evaluate() -> None:
    machine, asked = this_machine(os.environ), _asked(os.environ)
    from worker import evaluation, numerics  # noqa: PLC0415 - torch takes seconds, and a fault above needs none

    numerics.settle(machine.threads)
    try:
        evaluation.evaluate_trial(asked, machine)
    except evaluation.FAULTS as error:
        sys.exit(f"podium: {error}")
    except Exception as error:
        leaving = exit_of(error)  # out of memory; anything else deserves its traceback
        if leaving is None:
            raise
        sys.stderr.write(f"podium: {leaving.message}\n")
        raise SystemExit(leaving.code) from None


def _asked(environment: Mapping[str, str]) -> Evaluation:
    given = environment.get(EVALUATION_VARIABLE)
    if not given:
        raise UnusableEnvironment(f"{EVALUATION_VARIABLE} is not set; `podium evaluate` sets it, and starts this")
    try:
        return Evaluation.model_validate_json(given)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"])) or "the whole of it"
        raise UnusableEnvironment(
            f"{EVALUATION_VARIABLE} holds what this version of podium cannot read (at {where}); "
            "is it of a controller of the same version?"
        ) from None


if __name__ == "__main__":
    main()
