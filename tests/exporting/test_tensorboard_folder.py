"""A folder of event files is one experiment's. `make exports` has the real TensorBoard read them."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from podium.exporting.spool import Spool
from podium.exporting.tensorboard import FILE, FolderOfAnother, write_folder
from podium.wire import Experiment
from tests.cli.served import serving
from tests.cli.stand_in import an_experiment
from tests.exporting.records import a_record
from tests.exporting.test_tables import podium
from tests.service import Service


def write(folder: Path, experiment: Experiment) -> None:
    with Spool([a_record(1), a_record(2)]) as spool:
        write_folder(folder, experiment, spool)


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_an_experiment_may_come_again_and_doubles_nothing(tmp_path: Path) -> None:
    write(tmp_path, an_experiment())
    before = names(tmp_path)
    write(tmp_path, an_experiment())
    assert names(tmp_path) == before
    assert len(before) == 3


def test_two_exports_at_once_do_not_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace = os.replace

    def met(source: Path, target: Path) -> None:
        monkeypatch.setattr(os, "replace", replace)
        write(tmp_path, an_experiment())
        replace(source, target)

    monkeypatch.setattr(os, "replace", met)
    write(tmp_path, an_experiment())
    assert len(names(tmp_path)) == 3


@pytest.mark.parametrize("later_seconds", [0, 60])
def test_another_experiment_is_refused_also_one_of_the_same_second(tmp_path: Path, later_seconds: int) -> None:
    first = an_experiment()
    other = an_experiment(id="other-x1y2", created_at=first.created_at + timedelta(seconds=later_seconds))
    write(tmp_path / "runs", first)
    before = names(tmp_path)
    with pytest.raises(FolderOfAnother, match=rf"holds the trials of {first.id}, .* --to tensorboard .*/runs-other-x1"):
        write(tmp_path / "runs", other)
    assert names(tmp_path) == before
    write(tmp_path / "runs-other", other)


def test_a_folder_that_does_not_say_whose_it_is_is_refused_even_if_it_tells_of_such_a_name(tmp_path: Path) -> None:
    ours = an_experiment(name="a")
    nobodys = tmp_path / FILE.format(seconds=int(ours.created_at.timestamp()))
    nobodys.write_bytes(b"banana")
    with pytest.raises(FolderOfAnother, match=rf"holds {nobodys.name}, which does not say whose .* name another"):
        write(tmp_path, ours)
    assert names(tmp_path) == {nobodys.name}


def test_the_command_refuses_in_one_line_and_names_the_remedy(service: Service, tmp_path: Path) -> None:
    first, second = service.create(), service.create()
    folder = str(tmp_path / "runs")
    with serving(service.app) as url:
        assert podium(url, "export", first, "--to", "tensorboard", folder).exit_code == 0
        refused = podium(url, "export", second, "--to", "tensorboard", folder)
        assert (refused.exit_code, refused.stdout) == (2, "")
        assert refused.stderr == (
            f"podium: {folder} holds the trials of {first}, which TensorBoard would mix with those of {second}; "
            f"name another folder: podium export {second} --to tensorboard {folder}-{second}\n"
        )
        assert podium(url, "export", second, "--to", "tensorboard", f"{folder}-{second}").exit_code == 0
