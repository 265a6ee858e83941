"""`python -m podium.tuned`: the trial of a function that `podium.tune` sent along."""

import os

import podium
from podium.leaving import Fault
from podium.packaging import VARIABLE, WrongVersion, opened
from podium.tuning import call


def main() -> None:
    with podium.trial() as trial:
        if VARIABLE not in os.environ:
            raise Fault(f"{VARIABLE} is not set; podium.tune sets it")
        try:
            function = opened(os.environ[VARIABLE])
        except WrongVersion as error:
            raise Fault(str(error)) from None
        call(function, trial)


if __name__ == "__main__":
    main()
