"""Structured logs: one JSON object a line on stderr, which says whom it is about."""

import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TextIO

import structlog

from controller.jobs import key_of_job


def configure_logs(level: str = "info", stream: TextIO | None = None) -> None:
    """Send what is as grave as `level` to stderr, or elsewhere; of the standard library's, warnings and worse."""
    lines = stream or sys.stderr
    threshold = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(lines),
    )
    handler = logging.StreamHandler(lines)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(level=max(threshold, logging.WARNING), handlers=[handler], force=True)


@contextmanager
def about(**names: str) -> Iterator[None]:
    """Put names on each line that this thread logs in the block; those of a `job` include whose it is."""
    job = names.get("job")
    with structlog.contextvars.bound_contextvars(**names, **({} if job is None else owners(job))):
        yield


def owners(job: str) -> Mapping[str, str | int]:
    """Return experiment, trial and attempt of a Job; nothing for one that is no attempt's."""
    key = key_of_job(job)
    return {} if key is None else {"experiment": key.experiment, "trial": key.trial, "attempt": key.attempt}
