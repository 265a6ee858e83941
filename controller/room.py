"""Whether constraints leave anything to try: found out when an experiment is created, not when it stands still."""

import math

import numpy as np

from controller.space import MOST_DRAWN, MOST_LISTED, Space
from podium.fault import Fault
from podium.spec import ExperimentSpec


def no_room(spec: ExperimentSpec) -> list[Fault]:
    """Return a fault when no configuration is found that meets all constraints together; a given one does."""
    if spec.guesses or spec.baseline is not None:
        return []
    space = Space(spec.parameters, spec.constraints)
    if not spec.constraints or len(space.sobol(1, np.random.default_rng(spec.seed))):
        return []
    if math.isfinite(space.size) and space.size <= MOST_LISTED and len(space.grid(1)):
        return []
    found = f"constraints that none of {MOST_DRAWN} configurations met"
    return [Fault(path="constraints", found=found, allowed="bounds that leave room for some; widen one of them")]
