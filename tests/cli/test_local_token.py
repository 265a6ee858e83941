"""A controller of one's own, as a real process: closed to whoever else reaches its address."""

import tempfile
from pathlib import Path

import pytest

from podium.access import Role
from podium.address import kept_token
from podium.cli.local import local_controller
from podium.client import NotAdmitted, PodiumClient

REPOSITORY = Path(__file__).parents[2]


def test_its_owner_enters_and_nobody_else_and_no_log_tells_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PODIUM_ADMIN_TOKEN", "PODIUM_OPEN", "PODIUM_DATABASE_URL", "PODIUM_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    # not pytest's own folder, which every other pytest's start shuts: PostgreSQL may run as another user
    with tempfile.TemporaryDirectory() as folder, local_controller(Path(folder)) as controller:
        token = kept_token(controller.url, controller.state_dir)
        assert token is not None
        with PodiumClient(controller.url) as stranger, pytest.raises(NotAdmitted):
            stranger.who_am_i()
        with PodiumClient(controller.url, token=token) as owner:
            found = owner.who_am_i()
        assert (found.name, found.role, found.source) == ("bootstrap", Role.ADMIN, "bootstrap")
        assert (controller.state_dir / "admin_token").stat().st_mode & 0o777 == 0o600
        assert token not in (controller.state_dir / "controller.log").read_text()
