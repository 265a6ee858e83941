"""Stays beside one local Job and keeps how it ended. A script: `python -I -S process_guard.py FOLDER COMMAND...`.

A controller may die while a Job runs, and nobody but a parent can learn a process's exit code: so the parent is this
script, not the controller. It starts in tens of milliseconds, hence the standard library only, and it decides nothing.

It inherits a locked file from its creator and passes it on to the command: the lock is held as long as either lives.
Its own end, however it comes, is therefore seen by everyone, and no process id is ever trusted without the lock.
"""

import os
import signal
import sys
from types import FrameType

FORWARDED = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
CANNOT_EXECUTE, NOT_FOUND = 126, 127  # as a shell says it


def main() -> None:
    """Run the command in its own process group, pass signals on, and write its exit code when it ends."""
    folder, command = sys.argv[1], sys.argv[2:]
    signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED)  # until there is a group to forward them to
    child = os.fork()
    if child == 0:
        _become(folder, command)
    _forward_signals(child)
    exit_code = _wait(child)
    _kill_group(child)  # what the command left running ends with it, as in a container
    _write_whole(folder, "exit_code", exit_code)


def _become(folder: str, command: list[str]) -> None:
    """Turn this fresh child into the command. Its id is on disk before its first instruction runs."""
    os.setpgid(0, 0)
    _write_whole(folder, "pid", os.getpid())
    for number in (*FORWARDED, signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores the last two
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, FORWARDED)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        sys.stderr.flush()
        os._exit(NOT_FOUND if isinstance(error, FileNotFoundError) else CANNOT_EXECUTE)


def _forward_signals(child: int) -> None:
    def forward(number: int, _frame: FrameType | None) -> None:
        os.kill(child, number)

    for number in FORWARDED:
        signal.signal(number, forward)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, FORWARDED)


def _wait(child: int) -> int:
    """Return the exit code, 128 + n for signal n. The child stays a zombie, so that its id is not reused meanwhile."""
    ended = os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    assert ended is not None  # only WNOHANG returns None
    return ended.si_status if ended.si_code == os.CLD_EXITED else 128 + ended.si_status


def _kill_group(child: int) -> None:
    try:
        os.killpg(child, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # macOS forbids it for a group of zombies
        return


def _write_whole(folder: str, name: str, number: int) -> None:
    path = os.path.join(folder, name)
    with open(f"{path}.tmp", "w") as file:
        file.write(str(number))
    os.replace(f"{path}.tmp", path)


if __name__ == "__main__":
    main()
