"""Kill anything, cut anything, take anything away: no observation is lost, none counts twice, no Job is left over.

Workers are stubs, so that a trial takes seconds; everything else is real.
"""

from collections.abc import Iterator

import pytest

from tests.e2e.books import GONE_SECONDS
from tests.e2e.installation import API, OURS, Installation
from tests.waiting import wait_for


@pytest.fixture(autouse=True)
def nothing_else_runs(podium: Installation) -> Iterator[None]:
    """A test that failed must not take the next one along."""
    yield
    for experiment in podium.http.get(API).json()["items"]:
        if experiment["state"] in ("running", "paused"):
            podium.http.post(f"{API}/{experiment['id']}/stop")
    wait_for(lambda: podium.names("jobs", OURS) == [], "no Job is left over", GONE_SECONDS)
