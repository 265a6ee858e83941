"""A trial on the test part, as the controller describes it: what it takes, what it is refused for, what stays of it."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from controller import artifacts
from podium import whole_file
from podium.evaluation import Evaluation
from podium.results import FOLDERS, PREDICTIONS, SUMMARY, Part
from tests.controller.stores import Stores, trained_in_turn
from tests.controller.test_results import PNG, write
from tests.results import a_summary
from tests.service import API, Service

TRAINING: dict[str, Any] = {"dataset": "image_folder", "data": "/data/pets", "test_data": "/data/unseen"}
SPEC: dict[str, Any] = {
    "trial": None,
    "training": TRAINING,
    "fidelity": {"rungs": {"small": 1, "full": 2}},
    "parallelism": 1,
    "budget": {"cost": 9.0},
}
BOOKS = ("experiments", "trials", "runs", "attempts", "measurements")


def trained_in_full(service: Service, **changes: Any) -> tuple[str, dict[str, Any]]:
    """Let runs end until one of a full training has; return the experiment and that run's assignment."""
    experiment_id = service.create(**(SPEC | changes))
    for _ in range(50):
        service.settle()
        [job] = service.active()
        given = service.assignment(job)
        service.finish(job)
        if given["to_epoch"] == given["full_epochs"]:
            return experiment_id, given
    raise AssertionError("no trial was trained in full")


def evaluation(service: Service, experiment_id: str, trial: int, query: str = "") -> Evaluation:
    return Evaluation.model_validate(service.read(f"{experiment_id}/trials/{trial}/evaluation{query}"))


def refusal(service: Service, path: str, status: int = 409) -> str:
    answer = service.http.get(f"{API}/experiments/{path}")
    assert answer.status_code == status, answer.text
    return str(answer.json()["detail"])


def books(service: Service) -> list[object]:
    """Return everything that is remembered."""
    with service.engine.connect() as connection:
        return [connection.execute(text(f"SELECT * FROM {table} ORDER BY 1")).all() for table in BOOKS]


def test_an_evaluation_is_described_whole_and_remembered_nowhere(service: Service) -> None:
    experiment_id, given = trained_in_full(service)
    service.settle()
    before = books(service)
    asked = evaluation(service, experiment_id, given["trial"])
    assert asked.training.test_data == "/data/unseen"
    assert asked.configuration == given["configuration"]
    assert asked.epoch == given["full_epochs"] == 2
    assert (asked.checkpoints, asked.results) == (given["checkpoints"], given["results"])
    assert asked.test == given["results"].replace("/results", "/test")
    assert books(service) == before, "it is neither a run nor an observation, and costs nothing"


def test_the_workers_of_a_search_are_not_told_where_test_data_are(service: Service) -> None:
    service.create(**SPEC)
    service.settle()
    [job] = service.active()
    training = service.assignment(job)["training"]
    assert training["data"] == "/data/pets"
    assert "test_data" not in training, "nor does one of an older version stumble over it"


def test_a_full_training_that_started_over_has_a_folder_of_its_own(service: Service) -> None:
    fidelity = {"rungs": {"small": 1, "full": 2}, "data_share": {"small": 0.5}}
    experiment_id, given = trained_in_full(service, fidelity=fidelity)
    assert given["checkpoints"].endswith("/e2")
    assert evaluation(service, experiment_id, given["trial"]).checkpoints == given["checkpoints"]


def test_test_images_may_be_named_later(service: Service) -> None:
    training = {name: value for name, value in TRAINING.items() if name != "test_data"}
    experiment_id, given = trained_in_full(service, training=training)
    path = f"{experiment_id}/trials/{given['trial']}/evaluation"
    assert "image_folder has no test part of its own; name a second folder" in refusal(service, path)
    asked = evaluation(service, experiment_id, given["trial"], "?test_data=/data/2027")
    assert asked.training.test_data == "/data/2027"
    answer = service.http.get(f"{API}/experiments/{path}?test_data=/data/pets/new")
    assert answer.status_code == 422
    [fault] = answer.json()["faults"]
    assert fault["path"] == "test_data"
    assert "must lie apart from `data`" in fault["allowed"]


def test_what_cannot_be_judged_is_refused_with_the_remedy(service: Service) -> None:
    experiment_id, _ = trained_in_full(service)
    service.settle()
    [job] = service.active()
    number = service.assignment(job)["trial"]
    told = refusal(service, f"{experiment_id}/trials/{number}/evaluation")
    assert f"of {experiment_id} is running at epoch" in told
    assert told.endswith(f"is evaluated: `podium evaluate {experiment_id}` takes the best that was")
    assert "999" in refusal(service, f"{experiment_id}/trials/999/evaluation", 404)
    assert "nowhere" in refusal(service, "nowhere/trials/1/evaluation", 404)


def test_digits_have_no_test_part(service: Service) -> None:
    experiment_id, given = trained_in_full(service, training={"dataset": "digits"})
    told = refusal(service, f"{experiment_id}/trials/{given['trial']}/evaluation")
    assert told == "digits has no test part; hold some of its images back in a data set of your own"


def test_a_command_of_ones_own_is_not_evaluated(service: Service) -> None:
    experiment_id = service.create(fidelity={"rungs": {"full": 1}}, parallelism=1)
    service.settle()
    [job] = service.active()
    service.finish(job)
    service.settle()
    assert "run a command of their own" in refusal(service, f"{experiment_id}/trials/1/evaluation")


def test_a_checkpoint_that_was_removed_is_named_with_the_rule_that_did_it(service: Service, tmp_path: Path) -> None:
    stores = Stores(service, tmp_path.as_uri())
    best = trained_in_turn(stores, [0.5, 0.9], trial=None, training=TRAINING)
    told = refusal(service, f"{best}/trials/1/evaluation")
    assert told == (
        f"the checkpoint of trial 1 of {best} is removed, as its `checkpoints: best` says; `podium evaluate {best}` "
        "takes the best that was, and with `checkpoints: last` an experiment keeps every trial's"
    )
    assert evaluation(service, best, 2).trial == 2
    service.http.post(f"{API}/experiments/{best}/stop")
    stores.settle()
    nobodys = trained_in_turn(stores, [0.5], trial=None, training=TRAINING, checkpoints="none")
    told = refusal(service, f"{nobodys}/trials/1/evaluation")
    assert told.endswith("as its `checkpoints: none` says; run the experiment again with `checkpoints: best`")


def test_results_on_the_test_part_are_read_apart_from_the_others(service: Service) -> None:
    experiment_id, given = trained_in_full(service)
    trial, folder = given["trial"], given["results"].replace("/results", "/test")
    told = refusal(service, f"{experiment_id}/trials/{trial}/test", 404)
    assert told.endswith(f"; `podium evaluate {experiment_id} {trial}` does it")
    summaries: dict[Part, Any] = {"validation": a_summary(), "test": a_summary(part="test", top1=0.75)}
    write(given["results"], summaries["validation"])
    write(folder, summaries["test"])
    whole_file.write(f"{folder}/{PREDICTIONS}", b"PAR1 of the test part")
    for part, summary in summaries.items():
        path = f"{experiment_id}/trials/{trial}/{FOLDERS[part]}"
        assert service.read(path) == summary.model_dump(mode="json")
    path = f"{API}/experiments/{experiment_id}/trials/{trial}/test"
    assert service.http.get(f"{path}/{PREDICTIONS}").content == b"PAR1 of the test part"
    assert service.http.get(f"{path}/mistakes/00.png").content == PNG
    assert service.http.get(f"{path}/secret.txt").status_code == 404
    assert service.http.get(f"{API}/experiments/{experiment_id}/trials/999/test").status_code == 404


@pytest.mark.parametrize("parts", [["test"], ["validation", "test"]], ids=str)
def test_retention_leaves_the_results_on_the_test_part(service: Service, tmp_path: Path, parts: list[Part]) -> None:
    stores = Stores(service, tmp_path.as_uri())
    experiment_id = service.create(**(SPEC | {"checkpoints": "none", "fidelity": {"rungs": {"full": 1}}}))
    service.settle()
    [job] = service.active()
    trial = stores.folder(job)
    stores.save(trial)
    for part in parts:
        write(artifacts.results_folder(trial, part), a_summary(part=part))
    service.finish(job)
    stores.settle()
    for part in parts:
        assert artifacts.read(f"{artifacts.results_folder(trial, part)}/{SUMMARY}", 10**6)
    with pytest.raises(FileNotFoundError):
        artifacts.read(f"{trial}/epoch-00001-attempt-1.ckpt", 10**6)
    assert stores.kept(experiment_id)


def test_where_no_image_is_known_there_is_no_job(service: Service) -> None:
    experiment_id, given = trained_in_full(service)
    told = refusal(service, f"{experiment_id}/trials/{given['trial']}/evaluation/job")
    assert told.startswith(
        "this controller knows no image for a Pod: its workers are processes of its own machine; run"
    )


def test_the_job_is_in_the_pod_of_a_full_training(service: Service) -> None:
    trial = {
        "image": "registry.example.com/train:7",
        "resources": {"limits": {"memory": "2Gi"}},
        "rungs": {"small": {"nodeSelector": {"spot": "true"}}, "full": {"resources": {"limits": {"memory": "8Gi"}}}},
    }
    experiment_id, given = trained_in_full(service, trial=trial)
    path = f"{experiment_id}/trials/{given['trial']}/evaluation/job"
    job = service.read(f"{path}?test_data=/data/2027")
    pod = job["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert container["image"] == "registry.example.com/train:7"
    assert container["resources"]["limits"] == {"memory": "8Gi"}
    assert "nodeSelector" not in pod
    [asked] = [each["value"] for each in container["env"] if each["name"] == "PODIUM_EVALUATION"]
    assert Evaluation.model_validate_json(asked).training.test_data == "/data/2027"
