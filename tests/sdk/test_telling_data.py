"""A process tells what it trains on before it trains, and leaves where the first trial had other images."""

import pytest

from podium.leaving import OtherData, Superseded
from podium.run_client import RunClient
from podium.wire import DataDigests
from tests.sdk.fake_run_api import TOKEN, FakeRunApi, finish

DATA = DataDigests(images="a" * 64, held_out="b" * 64)


def test_it_is_told_and_waited_for_like_a_report(api: FakeRunApi) -> None:
    api.refusals = [(503, {})] * 2
    waits: list[float] = []
    with RunClient(api.url, TOKEN, sleep=waits.append) as client:
        client.tell_data(DATA)
    assert (api.data, len(waits)) == ([DATA], 2)


def test_other_data_end_the_process_with_a_code_of_their_own_and_the_controllers_words(api: FakeRunApi) -> None:
    api.data_status = 409
    script = 'import podium\nwith podium.trial() as trial:\n    trial.tell_data(images="a" * 64, held_out="b" * 64)\n'
    assert finish(api.start("-c", script)) == (67, "podium: other images\n")


def test_another_409_is_a_newer_attempt(api: FakeRunApi) -> None:
    api.refusals = [(409, {})]
    with RunClient(api.url, TOKEN) as client, pytest.raises(Superseded):
        client.tell_data(DATA)
    assert not issubclass(OtherData, Superseded)


def test_a_controller_that_is_older_keeps_no_digests_and_nothing_is_amiss(api: FakeRunApi) -> None:
    api.data_status = 404
    with RunClient(api.url, TOKEN) as client:
        client.tell_data(DATA)
