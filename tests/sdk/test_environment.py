"""A process tells what it trains with and on, once, and neither waits for that nor fails over it."""

from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from podium.environment import LONGEST, Environment, this_environment
from podium.leaving import Superseded
from podium.run_client import RunClient
from tests.sdk.fake_run_api import TOKEN, FakeRunApi, finish

TOLD = Environment(python="3.11.7", podium="0.1.0", system="Linux x86_64", device="a processor")
SCRIPT = """
import podium
with podium.trial() as trial:
    for epoch in trial.epochs():
        trial.report(epoch=epoch, val_accuracy=0.5)
"""


def a_module(name: str, **known: Any) -> ModuleType:
    module = ModuleType(name)
    module.__dict__.update(known)
    return module


def torch_with(*, is_in_use: bool) -> ModuleType:
    cuda = SimpleNamespace(is_initialized=lambda: is_in_use, get_device_name=lambda: "NVIDIA A100-SXM4-80GB")
    return a_module("torch", __version__="2.9.0+cu126", cuda=cuda)


def test_a_library_is_told_where_it_is_loaded_and_none_is_loaded_to_be_told() -> None:
    modules = {"torch": torch_with(is_in_use=True), "torchvision": a_module("torchvision", __version__="0.24.0")}
    told = this_environment({**modules, "json": a_module("json", __version__="2.0.9")})
    assert told.libraries == {"torch": "2.9.0+cu126", "torchvision": "0.24.0"}
    assert told.device == "NVIDIA A100-SXM4-80GB"
    assert this_environment({}).libraries == {}


def test_an_accelerator_that_is_not_in_use_is_not_asked(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: AMD EPYC 7763 64-Core Processor\n")
    told = this_environment({"torch": torch_with(is_in_use=False)}, tmp_path / "cpuinfo")
    assert told.device == "AMD EPYC 7763 64-Core Processor"
    assert this_environment({}, tmp_path / "no such file").device


def test_whatever_a_driver_calls_itself_can_be_told(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text("model name\t: bad\x00name\x1b[31m" + "x" * 500)
    device = this_environment({}, tmp_path / "cpuinfo").device
    assert (len(device), device[:12]) == (LONGEST, "bad name [31")


def test_the_first_report_is_led_by_it_and_the_others_are_not(api: FakeRunApi) -> None:
    assert finish(api.start("-c", SCRIPT)) == (0, "")
    [told] = api.environments
    assert told.python.startswith("3.")
    assert (api.epochs, api.requests) == ([1, 2, 3], 5)


def test_an_older_controller_goes_without(api: FakeRunApi) -> None:
    for status in (404, 422):
        api.environment_status = status
        with RunClient(api.url, TOKEN) as client:
            assert client.tell_environment(TOLD)


def test_it_is_not_waited_for_and_told_again_with_the_next_report(api: FakeRunApi) -> None:
    api.environment_status = 503
    with RunClient(api.url, TOKEN, sleep=lambda _: pytest.fail("it waits")) as client:
        assert not client.tell_environment(TOLD)
    assert finish(api.start("-c", SCRIPT)) == (0, "")
    assert (api.epochs, len(api.environments)) == ([1, 2, 3], 4)


def test_a_newer_attempt_is_heard_of(api: FakeRunApi) -> None:
    api.environment_status = 409
    with RunClient(api.url, TOKEN) as client, pytest.raises(Superseded):
        client.tell_environment(TOLD)
