"""The HTTP door, against a real PostgreSQL."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from controller import lifecycle
from controller.database import open_engine, open_sessions
from podium.faults import parse_spec
from podium.wire import MAX_BODY_BYTES
from tests.builders import spec_document
from tests.service import API, Service


def test_an_experiment_is_created_listed_read_and_counted(service: Service) -> None:
    experiment_id = service.create()
    assert experiment_id.startswith("tiny-")
    assert service.read(experiment_id)["state"] == "running"
    listed = service.http.get(f"{API}/experiments", params={"state": "running", "name": "tiny"}).json()
    assert [each["id"] for each in listed["items"]] == [experiment_id]
    assert service.http.get(f"{API}/experiments", params={"state": "paused"}).json()["items"] == []
    assert 'podium_experiments{state="running"} 1.0' in service.http.get("/metrics").text


def test_a_spec_may_come_as_yaml(service: Service) -> None:
    document = "name: tiny\n" + "\n".join(
        f"{name}: {json.dumps(section)}" for name, section in spec_document().items() if name != "name"
    )
    answer = service.http.post(f"{API}/experiments", content=document, headers={"Content-Type": "application/yaml"})
    assert answer.status_code == 201
    assert answer.json()["spec"]["parameters"]["nesterov"]["choices"] == [True, False]


def test_all_faults_of_a_spec_come_in_one_answer(service: Service) -> None:
    faulty = spec_document(name="Not A Label", budget={"cost": 0.5}, surprise=1)
    answer = service.http.post(f"{API}/experiments", json=faulty)
    assert answer.status_code == 422
    assert {fault["path"] for fault in answer.json()["faults"]} == {"name", "budget", "surprise"}
    assert all(fault["allowed"] for fault in answer.json()["faults"])


@pytest.mark.parametrize("body", [b"", b"[1, 2", b"\xff\xfe", b"name: [", b"null"])
def test_a_body_that_is_no_spec_is_refused_not_crashed_on(service: Service, body: bytes) -> None:
    assert service.http.post(f"{API}/experiments", content=body).status_code == 422


def test_the_same_idempotency_key_makes_one_experiment(service: Service) -> None:
    headers = {"Idempotency-Key": "once"}
    first = service.http.post(f"{API}/experiments", json=spec_document(), headers=headers)
    again = service.http.post(f"{API}/experiments", json=spec_document(), headers=headers)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    other = service.http.post(f"{API}/experiments", json=spec_document(seed=8), headers=headers)
    assert (other.status_code, other.json()["error"]) == (409, "KeyReused")
    assert len(service.http.get(f"{API}/experiments").json()["items"]) == 1


def test_the_same_key_at_the_same_moment_makes_one_experiment(service: Service) -> None:
    def create(_: int) -> str:
        headers = {"Idempotency-Key": "at once"}
        return str(service.http.post(f"{API}/experiments", json=spec_document(), headers=headers).json()["id"])

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(create, range(8)))) == 1


def test_an_id_that_is_taken_is_not_given_again(service: Service) -> None:
    spec = parse_spec(spec_document())
    with service.sessions() as session, session.begin():
        now = service.clock()
        made = [
            lifecycle.create(session, spec, suffixes=iter(["aaaa", "bbbb"]), key=None, now=now)[0].id for _ in range(2)
        ]
    assert made == ["tiny-aaaa", "tiny-bbbb"]


def test_pages_join_into_the_whole_list_while_rows_arrive(service: Service) -> None:
    made = [service.create() for _ in range(5)]
    seen, cursor = [], None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        answer = service.http.get(f"{API}/experiments", params=params).json()
        seen += [each["id"] for each in answer["items"]]
        service.create()
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    assert seen == made[::-1]


@pytest.mark.parametrize("cursor", ["x", "IiI=", "bnVsbA==", "W10=", "WyJ4IiwgInkiXQ=="])
def test_a_cursor_of_no_page_is_refused(service: Service, cursor: str) -> None:
    answer = service.http.get(f"{API}/experiments", params={"cursor": cursor})
    assert answer.status_code in (200, 422)  # `null` is the start
    assert (answer.status_code == 200) == (cursor == "bnVsbA==")


def test_an_unknown_experiment_or_trial_is_404_with_a_remedy(service: Service) -> None:
    for path in ("nope", "nope/trials", "nope/runs", "nope/attempts", "nope/best", "nope/trials.csv", "nope/trials/1"):
        answer = service.http.get(f"{API}/experiments/{path}")
        assert (answer.status_code, answer.json()["error"]) == (404, "ExperimentNotFound")
    experiment_id = service.create()
    assert service.http.get(f"{API}/experiments/{experiment_id}/trials/9").json()["error"] == "TrialNotFound"
    assert service.http.get(f"{API}/experiments/{experiment_id}/best").json()["error"] == "NoTrialYet"


def test_an_experiment_is_paused_resumed_stopped_and_deleted(service: Service) -> None:
    experiment_id = service.create()
    url = f"{API}/experiments/{experiment_id}"
    assert service.http.post(f"{url}/pause").json()["state"] == "paused"
    service.settle()
    assert service.active() == [], "nothing starts while it is paused"
    assert service.http.post(f"{url}/resume").json()["state"] == "running"
    service.settle()
    assert len(service.active()) == 2
    assert service.http.delete(url).status_code == 409
    assert service.http.post(f"{url}/stop").json()["state"] == "stopped"
    assert service.http.delete(url).status_code == 409, "its Jobs have not ended yet"
    service.settle()
    assert service.active() == []
    assert service.http.delete(url).status_code == 204
    assert service.http.get(url).status_code == 404


def test_deleting_leaves_the_results_of_others_alone(service: Service, tmp_path: Path) -> None:
    kept, gone = service.create(parallelism=1), service.create(parallelism=1)
    for experiment_id in (kept, gone):
        (tmp_path / experiment_id / "t1").mkdir(parents=True)
        (tmp_path / experiment_id / "t1" / "checkpoint").write_bytes(b"weights")
    service.settle()
    for job in service.active():
        service.finish(job)
    service.settle()
    service.http.post(f"{API}/experiments/{gone}/stop")
    service.settle()
    before = service.read(f"{kept}/trials/1")
    assert service.http.delete(f"{API}/experiments/{gone}").status_code == 204
    assert service.read(f"{kept}/trials/1") == before
    assert (tmp_path / kept / "t1" / "checkpoint").read_bytes() == b"weights"
    assert service.collector.sweep()
    assert (tmp_path / kept / "t1" / "checkpoint").read_bytes() == b"weights"
    assert not (tmp_path / gone).exists()


@pytest.mark.parametrize("verb", ["pause", "resume", "stop"])
def test_a_completed_experiment_stays_completed(service: Service, verb: str) -> None:
    experiment_id = complete(service)
    answer = service.http.post(f"{API}/experiments/{experiment_id}/{verb}")
    assert (answer.status_code, answer.json()["error"]) == (409, "AlreadyEnded")


def test_budget_and_parallelism_change_while_it_runs(service: Service) -> None:
    experiment_id = service.create(parallelism=1)
    service.settle()
    assert len(service.active()) == 1
    url = f"{API}/experiments/{experiment_id}"
    changed = service.http.patch(url, json={"parallelism": 3, "budget": {"cost": 9.0}})
    assert changed.json()["spec"]["budget"] == {"cost": 9.0, "runs": None, "hours": None, "money": None}
    service.settle()
    assert len(service.active()) == 3


@pytest.mark.parametrize(
    "body",
    [{"parallelism": 0}, {"parallelism": True}, {"budget": {"cost": 0.1}}, {"budget": {}}, {"seed": 1}, [1]],
)
def test_a_change_that_makes_no_sense_is_422_with_its_path(service: Service, body: Any) -> None:
    experiment_id = service.create()
    answer = service.http.patch(f"{API}/experiments/{experiment_id}", json=body)
    assert answer.status_code == 422
    assert answer.json()["faults"]


def test_a_body_over_one_mebibyte_is_413(service: Service) -> None:
    answer = service.http.post(f"{API}/experiments", content=b" " * (MAX_BODY_BYTES + 1))
    assert (answer.status_code, answer.json()["error"]) == (413, "BodyTooLarge")


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "experiments"), ("PATCH", "experiments/x"), ("POST", "run/measurements")]
)
def test_a_body_that_does_not_announce_its_length_is_413_too(service: Service, method: str, path: str) -> None:
    service.create(parallelism=1)
    service.settle()
    token = service.token(service.active()[0]) if path.startswith("run/") else {}
    headers = token | {"Content-Type": "application/json"}
    content = (b" " * 65_536 for _ in range(17))
    answer = service.http.request(method, f"{API}/{path}", content=content, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (413, "BodyTooLarge")


def test_trials_come_as_csv_with_types_intact(service: Service) -> None:
    experiment_id = complete(service)
    lines = service.http.get(f"{API}/experiments/{experiment_id}/trials.csv").text.split("\r\n")
    header = "trial,state,is_baseline,reached_epoch,val_accuracy,learning_rate,batch_size,nesterov"
    assert lines[0] == header
    trials = service.read(f"{experiment_id}/trials")["items"]
    assert len(lines) == len(trials) + 2
    first, chosen = trials[0], trials[0]["configuration"]
    value = "" if first["value"] is None else repr(first["value"])
    rate, nesterov = repr(chosen["learning_rate"]), "true" if chosen["nesterov"] else "false"
    assert (
        lines[1]
        == f"1,{first['state']},false,{first['reached_epoch']},{value},{rate},{chosen['batch_size']},{nesterov}"
    )


def test_readiness_follows_the_database_and_liveness_does_not(service: Service, tmp_path: Path) -> None:
    assert service.http.get("/readyz").status_code == 200
    nowhere = open_engine("postgresql://127.0.0.1:1/none")
    away = Service(nowhere, open_sessions(nowhere), artifacts=tmp_path)
    with TestClient(away.app) as http:
        assert http.get("/readyz").status_code == 503
        assert http.get("/healthz").json() == {"status": "ok"}
        refused = http.get(f"{API}/experiments")
        assert (refused.status_code, refused.json()["error"]) == (503, "DatabaseAway")
        assert refused.headers["Retry-After"]


@pytest.mark.parametrize(
    "path",
    [
        "experiments/%00",
        "experiments?name=%00",
        "experiments/{id}/trials?cursor=OTk5OTk5OTk5OTk5",
    ],
)
def test_what_no_row_can_hold_is_refused_not_crashed_on(service: Service, path: str) -> None:
    answer = service.http.get(f"{API}/{path.format(id=service.create())}")
    assert (answer.status_code, answer.json()["error"]) == (422, "InvalidRequest")


def test_a_limit_that_a_change_leaves_out_stays(service: Service) -> None:
    experiment_id = service.create(budget={"cost": 4.0, "runs": 9})
    changed = service.http.patch(f"{API}/experiments/{experiment_id}", json={"budget": {"cost": 8.0}})
    assert changed.json()["spec"]["budget"] == {"cost": 8.0, "runs": 9, "hours": None, "money": None}


def test_a_spec_read_back_can_be_sent_again(service: Service) -> None:
    training = {"dataset": "digits", "image_size": 32}
    experiment_id = service.create(trial=None, training=training)
    again = service.http.post(f"{API}/experiments", json=service.read(experiment_id)["spec"])
    assert again.status_code == 201, again.text


def test_a_stored_spec_reads_back_as_it_was_sent(service: Service) -> None:
    sent = spec_document(baseline={"learning_rate": 0.1, "batch_size": 64, "nesterov": False})
    answer = service.http.post(f"{API}/experiments", json=sent)
    spec = answer.json()["spec"]
    assert spec["baseline"] == sent["baseline"]
    assert spec["baseline"]["nesterov"] is False
    assert spec["fidelity"]["rungs"] == sent["fidelity"]["rungs"]
    again = service.read(answer.json()["id"])["spec"]
    assert json.dumps(again) == json.dumps(spec), "also the order of rungs and parameters"


def test_the_database_holds_enum_words(service: Service) -> None:
    service.create()
    with service.engine.connect() as connection:
        assert connection.execute(text("SELECT state FROM experiments")).scalar_one() == "running"


def complete(service: Service) -> str:
    """Run a small experiment to its end and return its id."""
    experiment_id = service.create(budget={"cost": 1.0, "runs": 3}, parallelism=1)
    for _ in range(20):
        service.settle()
        for job in service.active():
            service.finish(job)
    assert service.read(experiment_id)["state"] == "completed"
    return experiment_id


def test_an_address_at_which_nothing_is_is_named(service: Service) -> None:
    answer = service.http.get(f"{API}/nothing")
    assert (answer.status_code, answer.json()["error"]) == (404, "HttpError")
    assert "there is nothing at /api/v1/nothing" in answer.json()["detail"]


def test_an_experiment_that_has_ended_without_a_best_asks_nobody_to_look_again(service: Service) -> None:
    experiment_id = service.create()
    url = f"{API}/experiments/{experiment_id}"
    assert "look again later" in service.http.get(f"{url}/best").json()["detail"]
    service.http.post(f"{url}/stop")
    assert f"it has ended; `podium trials {experiment_id}`" in service.http.get(f"{url}/best").json()["detail"]
