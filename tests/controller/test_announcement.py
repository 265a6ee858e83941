"""One `up` for each state directory."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from controller.announcement import AlreadyUp, announced, end, only_one

HOLD = """
import signal, sys, time
from pathlib import Path
from controller.announcement import only_one
state_dir = Path(sys.argv[1])
with only_one(state_dir):
    (state_dir / "held").touch()
    time.sleep(60)
"""


def test_a_second_one_is_refused_and_told_who_is_there(tmp_path: Path) -> None:
    with only_one(tmp_path), pytest.raises(AlreadyUp, match=str(os.getpid())), only_one(tmp_path):
        pass


def test_after_the_first_has_left_another_may_come(tmp_path: Path) -> None:
    for _ in range(2):
        with only_one(tmp_path):
            pass


def test_ending_ends_the_one_that_is_up_and_waits_for_it(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)])
    while not (tmp_path / "held").exists():
        time.sleep(0.02)
    assert end(tmp_path, 30)
    assert holder.wait(30) != 0


def test_a_process_id_that_a_killed_one_left_is_nobodys(tmp_path: Path) -> None:
    assert not end(tmp_path, 1), "nothing was ever up here"
    stranger = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"])
    (tmp_path / "controller.pid").write_text(f"{stranger.pid}\n")
    assert not end(tmp_path, 1)
    assert stranger.poll() is None, "the stranger lives"
    stranger.kill()
    stranger.wait()


def test_the_address_is_there_while_the_block_lasts(tmp_path: Path) -> None:
    with announced(tmp_path, "http://127.0.0.1:1", tmp_path / "ready"):
        assert (tmp_path / "controller.url").read_text() == "http://127.0.0.1:1\n"
        assert (tmp_path / "ready").read_text() == "http://127.0.0.1:1\n"
    assert not (tmp_path / "controller.url").exists()
    assert not (tmp_path / "ready").exists()
