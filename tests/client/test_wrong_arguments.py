"""What a notebook may hand over by mistake is named, and nothing is sent."""

import pytest

from podium.spec_source import spec_from
from tests.cli.stand_in import an_experiment
from tests.client.answering import Waits, blocking
from tests.client.test_waiting import experiment, telling


@pytest.mark.parametrize("given", [None, 3, b"name: tiny\n", ["a"]])
def test_what_is_no_spec_is_named(given: object) -> None:
    with pytest.raises(TypeError, match="a spec is a mapping, a file's path, or YAML of several lines; found"):
        spec_from(given)  # type: ignore[arg-type]  # as a notebook would


def test_a_table_that_there_is_not_is_named() -> None:
    with pytest.raises(ValueError, match="no table 'runs'; there are trials, measurements"):
        blocking(telling(an_experiment()), lambda client: experiment(client).to_pandas("runs"), Waits())
