"""What a training script's process is told by its environment; what is missing or wrong there is one clear line."""

from pathlib import Path

import pytest

from tests.sdk.fake_run_api import TOKEN, FakeRunApi, finish
from tests.sdk.trial_script import script


def test_a_refused_token_is_one_clear_line(api: FakeRunApi) -> None:
    code, stderr = finish(api.start("-c", script(), env={"PODIUM_RUN_TOKEN": "forged"}))
    assert code == 1
    assert stderr.count("\n") == 1
    assert "this token is not valid" in stderr


def test_the_token_may_come_in_a_file(api: FakeRunApi, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(TOKEN + "\n")
    env = {"PODIUM_RUN_TOKEN": "forged", "PODIUM_RUN_TOKEN_FILE": str(token)}

    assert finish(api.start("-c", script(), env=env)) == (0, "")


def test_a_token_that_cannot_be_read_is_one_clear_line(api: FakeRunApi, tmp_path: Path) -> None:
    code, stderr = finish(api.start("-c", script(), env={"PODIUM_RUN_TOKEN_FILE": str(tmp_path / "none")}))
    assert code == 1
    assert stderr.startswith("podium: the run token cannot be read, PODIUM_RUN_TOKEN_FILE names ")
    assert stderr.count("\n") == 1


@pytest.mark.parametrize("variable", ["PODIUM_URL", "PODIUM_RUN_TOKEN"])
def test_a_script_started_by_hand_says_what_it_needs(api: FakeRunApi, variable: str) -> None:
    code, stderr = finish(api.start("-c", script(), env={variable: ""}))
    assert code == 1
    assert stderr.startswith(f"podium: {variable} is not set;")
    assert stderr.count("\n") == 1


def test_an_address_that_is_none_is_one_clear_line(api: FakeRunApi) -> None:
    code, stderr = finish(api.start("-c", script(), env={"PODIUM_URL": "nonsense"}))
    assert code == 1
    assert "http://" in stderr
    assert stderr.count("\n") == 1
