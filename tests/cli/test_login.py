"""`podium login`, `logout` and `whoami` against the real application, open and with a token."""

import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

import podium
from controller.database import open_sessions
from podium.address import find_address
from podium.cli.app import app
from podium.client import NotAdmitted, PodiumClient, ServerUnreachable
from tests.cli.served import serving
from tests.service import Service

TOKEN = "correct-horse-battery-staple"
Podium = Callable[..., Result]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the file will be; nothing in the environment names a controller or a token."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("PODIUM_URL", "PODIUM_TOKEN", "PODIUM_PROFILE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "config" / "podium" / "config.json"


@pytest.fixture
def run(config: Path) -> Podium:
    def invoke(*arguments: str, typed: str | None = None) -> Result:
        result = CliRunner().invoke(app, arguments, input=typed, prog_name="podium", catch_exceptions=False)
        assert TOKEN not in result.output, "a token is never printed"
        return result

    return invoke


@pytest.fixture
def closed(engine: Engine, tmp_path: Path) -> Iterator[str]:
    """A controller that wants the token."""
    service = Service(engine, open_sessions(engine), artifacts=tmp_path, admin_token=TOKEN)
    with TestClient(service.app) as service.http, serving(service.app) as url:
        yield url


@pytest.fixture
def opened(service: Service) -> Iterator[str]:
    with serving(service.app) as url:
        yield url


def test_a_login_is_kept_for_commands_and_clients(run: Podium, closed: str, config: Path) -> None:
    assert run("ls", "--url", closed).exit_code == 1
    result = run("login", closed, "--token", "-", typed=f"{TOKEN}\n")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"logged in to {closed} as profile 'default', kept in {config}\n"
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert [path.name for path in config.parent.iterdir()] == ["config.json"]
    assert run("ls").exit_code == 0
    with podium.Client() as client:
        assert (client.url, client.experiments.list()) == (closed, [])
        assert repr(client) == f"<Client of {closed}>"
    whoami = run("whoami")
    assert whoami.stdout.splitlines()[:2] == [
        f"controller  {closed}  (from the profile 'default')",
        f"token       {find_address(closed, TOKEN, {}).fingerprint}  (from the profile 'default' in {config})",
    ]
    assert whoami.stdout.splitlines()[2] == "role        admin, as bootstrap"
    assert whoami.stdout.splitlines()[3].startswith("version     0.1.0 there, ")
    assert run("logout").stdout == f"logged out of {closed}\n"
    assert not config.exists()
    assert run("logout").stdout == "there is no profile 'default' to log out of\n"


def test_a_wrong_token_is_not_kept(run: Podium, closed: str, config: Path) -> None:
    result = run("login", closed, "--token", "-", typed="guessed\n")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"podium: {closed} does not take this token; nothing was kept\n"
    assert not config.exists()


def test_without_a_token_and_a_terminal_it_says_how(run: Podium, closed: str, config: Path) -> None:
    result = run("login", closed)
    assert result.exit_code == 2
    assert f"{closed} wants a token; hand it over with: podium login {closed} --token - < FILE" in result.stderr
    assert run("login", closed, "--token", "-", typed="\n").exit_code == 2
    assert not config.exists()


def test_an_open_controller_needs_no_token(run: Podium, opened: str) -> None:
    result = run("login", opened)
    assert (result.exit_code, result.stderr) == (0, "the API is open: it asks for no token\n")
    told = run("whoami").stdout
    assert told.splitlines()[1] == "token       none"
    assert told.endswith("the API is open: it asks for no token\n")


def test_profiles_lie_beside_each_other(run: Podium, closed: str, opened: str, config: Path) -> None:
    run("login", closed, "--token", "-", "--profile", "work", typed=TOKEN)
    run("login", opened, "--profile", "home")
    assert run("whoami").stdout.startswith(f"controller  {opened}  ")
    assert run("whoami", "--profile", "work").stdout.startswith(f"controller  {closed}  ")
    with podium.Client(profile="work") as client:
        assert client.experiments.list() == []
    with podium.Client(closed) as client:  # the token is for this address, whichever profile is current
        assert client.experiments.list() == []
    left = run("logout", "--profile", "work")
    assert left.stdout == f"logged out of {closed}\n"
    with podium.Client(closed) as client, pytest.raises(NotAdmitted):
        client.experiments.list()
    missing = run("whoami", "--profile", "work")
    assert missing.exit_code == 1
    assert "has no profile 'work', it has home; make one with: podium login URL --profile work" in missing.stderr


def test_a_description_that_does_not_come_in_time_hides_only_the_version(
    run: Podium, opened: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_late(client: PodiumClient) -> str:
        raise ServerUnreachable(f"{opened} did not answer within 10 s")

    monkeypatch.setattr(PodiumClient, "server_version", too_late)
    run("login", opened)
    told = run("whoami")
    assert (told.exit_code, "version     not told there, " in told.stdout) == (0, True)


def test_who_leaves_the_current_profile_is_told_of_the_others(run: Podium, closed: str, opened: str) -> None:
    run("login", opened, "--profile", "home")
    run("login", closed, "--token", "-", "--profile", "work", typed=TOKEN)
    left = run("logout")
    assert left.stdout.splitlines() == [
        f"logged out of {closed}",
        "no profile is current now; there is home: PODIUM_PROFILE and --profile choose one",
    ]


def test_a_file_that_others_may_read_is_told_of(run: Podium, closed: str, config: Path) -> None:
    run("login", closed, "--token", "-", typed=TOKEN)
    config.chmod(0o644)
    remark = f"{config} holds a token and others may read it; shut it with: chmod 600 {config}"
    assert run("ls").stderr == f"podium: {remark}\n"
    with pytest.warns(UserWarning, match="others may read it"), podium.Client():
        pass
    run("login", closed, "--token", "-", typed=TOKEN)
    assert stat.S_IMODE(config.stat().st_mode) == 0o600


def test_what_the_environment_says_goes_before_it_and_is_told(
    run: Podium, closed: str, opened: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PODIUM_URL", opened)
    told = run("login", closed, "--token", "-", typed=TOKEN).stderr
    assert told == "PODIUM_URL is set, and goes before it\n"
    assert run("whoami").stdout.splitlines()[:2] == [f"controller  {opened}  (from PODIUM_URL)", "token       none"]


def test_a_file_that_is_no_config_is_named_and_its_content_is_not(run: Podium, config: Path) -> None:
    config.parent.mkdir(parents=True)
    config.write_text(f'{{"profiles": {{"default": {{"url": 3, "token": "{TOKEN}"}}}}}}')
    result = run("ls")
    assert result.exit_code == 1
    assert result.stderr == f"podium: {config} is not what podium login writes; delete it, and log in again\n"
