"""Which folders of offline runs are whose. `make exports` has the real wandb write them."""

from pathlib import Path

from podium.exporting.wandb_runs import runs_of


def test_a_run_whose_id_ends_like_anothers_is_not_taken_for_it(tmp_path: Path) -> None:
    names = [
        "offline-run-20261123_120000-exp-t1",
        "offline-run-20261123_120000-my-exp-t1",
        "offline-run-20261123_120000-exp-t11",
        "offline-run-20261124_093000-exp-t1",
        "offline-run-exp-t1",
        "run-20261123_120000-exp-t1",
        "latest-run",
        "offline-run-20261123_120000-exp-t1-1",
        "offline-run-20261123_120000-exp-t1-t1",
        "offline-run-20261123_120000-exp-t1-2-t1",
    ]
    for name in names:
        (tmp_path / name).mkdir()
    assert {path.name for path in runs_of(tmp_path, "exp-t1")} == {names[0], names[3], names[7]}
    assert {path.name for path in runs_of(tmp_path, "my-exp-t1")} == {names[1]}
    assert {path.name for path in runs_of(tmp_path, "exp-t1-t1")} == {names[8]}
