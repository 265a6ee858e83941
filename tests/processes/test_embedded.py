"""The embedded PostgreSQL through what happens to it on a laptop: leaving, coming back, being killed, sharing."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest
from sqlalchemy import create_engine, make_url, text

from controller.database import DatabaseUnusable
from controller.embedded import embedded_postgres, start_postgres, stop_postgres
from tests.waiting import wait_for


@pytest.fixture(scope="module")
def state_dir() -> Iterator[Path]:
    """One data folder for most tests here: setting one up takes seconds."""
    with open_folder() as state_dir:
        with embedded_postgres(state_dir) as url:
            query(url, "CREATE TABLE kept (word text)")
            query(url, "INSERT INTO kept VALUES ('kept')")
        yield state_dir
        stop_postgres(state_dir)


@contextmanager
def open_folder() -> Iterator[Path]:
    """Not pytest's folder: every pytest that starts closes that one to other users, and as root the server is one."""
    with tempfile.TemporaryDirectory(prefix="podium-test-") as folder:
        yield Path(folder)


def query(url: str, statement: str) -> list[str]:
    with psycopg.connect(url.replace("+psycopg", ""), connect_timeout=5) as connection:
        cursor = connection.execute(statement.encode())
        return [str(row[0]) for row in cursor.fetchall()] if cursor.description else []


def answers(url: str) -> bool:
    try:
        return query(url, "SELECT 1") == ["1"]
    except psycopg.OperationalError:
        return False


def postmaster_of(state_dir: Path) -> psutil.Process:
    return psutil.Process(int((state_dir / "postgres" / "postmaster.pid").read_text().split()[0]))


@contextmanager
def owner(state_dir: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run another process that holds the database until its standard input closes."""
    command = [sys.executable, "-W", "error", "-c", OWNER, str(state_dir)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"postgresql+psycopg://")
        yield process


OWNER = """
import sys
from pathlib import Path
from controller.embedded import embedded_postgres
with embedded_postgres(Path(sys.argv[1])) as url:
    print(url, flush=True)
    sys.stdin.read()
"""


def test_data_outlive_the_server_and_the_server_ends_with_its_user(state_dir: Path) -> None:
    with embedded_postgres(state_dir) as url:
        engine = create_engine(url)
        with engine.connect() as connection:
            assert connection.execute(text("SELECT word FROM kept")).scalars().all() == ["kept"]
            assert connection.execute(text("SELECT current_database()")).scalar_one() == "podium"
        engine.dispose()
    assert not answers(url)
    assert not (state_dir / "postgres" / "postmaster.pid").exists()


def test_the_last_user_stops_the_server_and_no_earlier_one(state_dir: Path) -> None:
    with embedded_postgres(state_dir) as url:
        with owner(state_dir):
            pass
        assert answers(url)
    assert not answers(url)


def test_a_server_whose_owner_was_killed_is_taken_over_and_stopped(state_dir: Path) -> None:
    with owner(state_dir) as first:
        first.kill()
    orphan = postmaster_of(state_dir)
    with embedded_postgres(state_dir) as url:
        assert postmaster_of(state_dir) == orphan
        assert query(url, "SELECT word FROM kept") == ["kept"]
    assert not answers(url)


def test_a_killed_server_is_started_again(state_dir: Path) -> None:
    with embedded_postgres(state_dir) as url:
        query(url, "INSERT INTO kept VALUES ('committed')")
        postmaster_of(state_dir).kill()
        wait_for(lambda: not answers(url), "the server's end")
        assert start_postgres(state_dir) == url
        assert query(url, "DELETE FROM kept WHERE word = 'committed' RETURNING word") == ["committed"]


def test_a_pid_file_that_names_another_program_is_not_believed(state_dir: Path) -> None:
    stop_postgres(state_dir)
    pid_file = state_dir / "postgres" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{state_dir}/postgres\n1700000000\n5432\n\n\n\nready\n")
    with embedded_postgres(state_dir) as url:
        assert answers(url)


def test_stopping_does_not_signal_a_stranger_with_a_reused_process_id(state_dir: Path) -> None:
    stop_postgres(state_dir)
    with subprocess.Popen(["sleep", "60"], user="nobody" if os.geteuid() == 0 else None) as stranger:
        pid_file = state_dir / "postgres" / "postmaster.pid"
        pid_file.write_text(f"{stranger.pid}\n{state_dir}/postgres\n1700000000\n5432\n\n\n\nready\n")
        pid_file.chmod(0o644)
        stop_postgres(state_dir)
        assert stranger.poll() is None
        stranger.kill()
    pid_file.unlink()


def test_stopping_for_a_while_and_starting_keeps_the_url(state_dir: Path) -> None:
    with embedded_postgres(state_dir) as url:
        stop_postgres(state_dir)
        stop_postgres(state_dir)
        assert not answers(url)
        assert start_postgres(state_dir) == url
        assert start_postgres(state_dir) == url
        assert answers(url)


def test_ctrl_c_is_not_for_the_server(state_dir: Path) -> None:
    with owner(state_dir) as first:
        postmaster = postmaster_of(state_dir)
        assert os.getpgid(postmaster.pid) != os.getpgid(first.pid)
        first.send_signal(signal.SIGINT)
    assert not (state_dir / "postgres" / "postmaster.pid").exists(), "the owner stops it on its way out"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands its folders to another user")
def test_as_root_the_folders_above_can_be_passed_but_not_read(state_dir: Path) -> None:
    assert state_dir.stat().st_mode & 0o007 in (0o1, 0o5)
    assert (state_dir / "postgres").stat().st_mode & 0o077 == 0


def test_a_path_too_long_for_a_socket_works_and_one_with_odd_characters_too() -> None:
    with open_folder() as folder, embedded_postgres(folder / ("long " * 20) / "it's") as url:
        assert answers(url)
        socket_folder = Path(str(make_url(url).query["host"]))
        assert socket_folder.parent == Path("/tmp")
        assert socket_folder.stat().st_mode & 0o077 == 0
    assert not socket_folder.exists()


def test_a_server_that_cannot_start_says_why() -> None:
    with open_folder() as folder:
        data = folder / "postgres"
        data.mkdir(mode=0o700)
        (data / "PG_VERSION").write_text("9\n")
        with pytest.raises(DatabaseUnusable, match=r"PostgreSQL does not start in .*postgres: "):
            start_postgres(folder)


def test_a_data_folder_that_others_may_enter_is_refused() -> None:
    with open_folder() as folder:
        (folder / "postgres").mkdir()
        (folder / "postgres").chmod(0o755)
        with pytest.raises(DatabaseUnusable, match="open to others"):
            start_postgres(folder)
