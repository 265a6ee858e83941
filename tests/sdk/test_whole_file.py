"""A storage that hiccups is tried again for a while; one that refuses is not."""

from pathlib import Path

import pytest

from podium import whole_file
from podium.leaving import Preempted
from podium.whole_file import write_with_patience


def failing(monkeypatch: pytest.MonkeyPatch, errors: list[BaseException]) -> None:
    """Let writes fail, each in one of these ways, before they do well again."""
    write = whole_file.write

    def hiccuping(url: str, *parts: bytes) -> None:
        if errors:
            raise errors.pop(0)
        write(url, *parts)

    monkeypatch.setattr(whole_file, "write", hiccuping)


def test_a_storage_that_hiccups_is_tried_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    failing(monkeypatch, [OSError("SlowDown"), RuntimeError("an error of the storage's own"), TimeoutError()])
    waits: list[float] = []
    write_with_patience((tmp_path / "summary.json").as_uri(), b"{}", sleep=waits.append)
    assert (tmp_path / "summary.json").read_bytes() == b"{}"
    assert len(waits) == 3
    assert sum(waits) < 6


def test_what_does_not_pass_is_raised_as_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    failing(monkeypatch, [OSError("SlowDown")] * 9)
    with pytest.raises(OSError, match="SlowDown"):
        write_with_patience((tmp_path / "x").as_uri(), b"", sleep=lambda _: None)


@pytest.mark.parametrize("error", [PermissionError("AccessDenied"), Preempted("SIGTERM")])
def test_a_refusal_is_no_hiccup_and_a_process_that_leaves_does_not_wait(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: BaseException
) -> None:
    failing(monkeypatch, [error])
    with pytest.raises(type(error)):
        write_with_patience((tmp_path / "x").as_uri(), b"", sleep=lambda _: pytest.fail("it waits"))
