"""One step of a pass, whose fault keeps no other step from being taken."""

from collections.abc import Callable
from typing import TypeVar

import structlog

from controller.cluster import ClusterAway
from controller.errors import DatabaseAway
from controller.logs import about

Done = TypeVar("Done")

log = structlog.get_logger()


def alone(step: Callable[[], Done], **names: str) -> Done | None:
    """Take one step, whose logs bear `names`. A fault in it is logged, and is None.

    Raises DatabaseAway and ClusterAway: no other step would come further.
    """
    with about(**names):
        try:
            return step()
        except (DatabaseAway, ClusterAway):
            raise
        except Exception:
            log.exception("this step failed; the next pass tries it again")
            return None
