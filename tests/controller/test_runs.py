"""Runs from suggestion to result: promotions, retries, failures."""

from controller.experiment import History, Problem, Suggestion
from controller.history import past_of
from controller.optimizer.suggest import suggest
from podium.spec import ExperimentSpec
from tests.service import API, BASELINE, Service


def test_the_baseline_is_the_first_trial_at_full_fidelity(service: Service) -> None:
    service.create(baseline=BASELINE, parallelism=1)
    service.settle()
    [job] = service.active()
    given = service.assignment(job)
    assert given["configuration"] == BASELINE
    assert given["configuration"]["nesterov"] is False
    assert (given["from_epoch"], given["to_epoch"]) == (0, 4)


def test_a_result_frees_its_slot_before_the_job_has_exited(service: Service) -> None:
    experiment_id = service.create(parallelism=1)
    service.settle()
    [job] = service.active()
    target = service.assignment(job)["to_epoch"]
    for epoch in range(1, target + 1):
        service.report(job, epoch)
    service.settle()
    assert len(service.active()) == 2, "the next Job starts while the first is still exiting"
    assert service.read(experiment_id)["progress"]["runs_in_flight"] == 1


def test_a_preempted_run_continues_where_its_reports_ended(service: Service) -> None:
    experiment_id = service.create(baseline=BASELINE, parallelism=1, max_attempts=1)
    service.settle()
    for attempt in range(1, 4):
        [job] = service.active()
        assert job.endswith(f"-t1-e4-a{attempt}")
        assert service.assignment(job)["reported_epoch"] == attempt - 1
        service.report(job, attempt)
        service.cluster.exit(job, 75)
        service.settle()
    [job] = service.active()
    service.report(job, 4, value=0.9)
    trial = service.read(f"{experiment_id}/trials/1")
    assert (trial["state"], trial["value"], trial["reached_epoch"]) == ("completed", 0.9, 4)
    assert [each["end_reason"] for each in trial["runs"][0]["attempts"]] == ["preempted"] * 3 + ["succeeded"]
    assert "continues from the last checkpoint" in trial["runs"][0]["attempts"][0]["detail"]


def test_a_promotion_resumes_its_trial_and_pays_the_increment(service: Service) -> None:
    experiment_id = service.create(parallelism=1, budget={"cost": 6.0})
    promoted = None
    for _ in range(40):
        service.settle()
        for job in service.active():
            given = service.assignment(job)
            promoted = promoted or (given if given["from_epoch"] > 0 else None)
            service.finish(job, value=0.5 + 0.01 * given["trial"])
    assert promoted is not None
    assert promoted["reported_epoch"] == promoted["from_epoch"]
    progress = service.read(experiment_id)["progress"]
    assert progress["promotions"] > 0
    runs = service.read(f"{experiment_id}/runs")["items"]
    assert progress["cost_spent"] == sum(run["to_epoch"] - run["from_epoch"] for run in runs) / 4
    assert progress["cost_spent"] <= 6.0


def test_an_infeasible_run_fails_its_trial_at_once_and_the_log_is_kept(service: Service) -> None:
    experiment_id = service.create(parallelism=1)
    service.settle()
    [job] = service.active()
    service.cluster.exit(job, 65, log="the loss is NaN")
    service.settle()
    trial = service.read(f"{experiment_id}/trials/1")
    assert trial["state"] == "failed"
    [attempt] = trial["runs"][0]["attempts"]
    assert (attempt["end_reason"], attempt["exit_code"], attempt["log_tail"]) == ("infeasible", 65, "the loss is NaN")
    assert "avoids" in attempt["detail"]


def test_what_failed_and_what_is_in_flight_reaches_the_optimizer(service: Service) -> None:
    experiment_id = service.create(parallelism=2, budget={"cost": 4.0, "runs": 9})
    service.settle()
    first, second = service.active()
    service.cluster.exit(first, 65)
    service.finish(second, value=0.7)
    service.settle()
    with service.sessions() as session:
        spec = ExperimentSpec.model_validate(service.read(experiment_id)["spec"])
        history = past_of(session, experiment_id, spec, service.clock()).history
    assert [(seen.trial, seen.epochs, seen.value) for seen in history.observations] == [(2, 1, 0.7), (1, 1, None)]
    assert history.retired == {1}
    assert len(history.in_flight) == 2
    assert history.remaining_runs == 9 - 4
    assert (
        history.remaining_cost
        == 4.0 - (1 + 1) / 4 - sum(run.to_epochs - run.from_epochs for run in history.in_flight) / 4
    )


def test_a_bug_is_tried_max_attempts_times(service: Service) -> None:
    experiment_id = service.create(parallelism=1, max_attempts=2)
    service.settle()
    for _ in range(2):
        [job] = service.active()
        service.cluster.exit(job, 1)
        service.clock.advance(10)
        service.settle()
    trial = service.read(f"{experiment_id}/trials/1")
    assert trial["state"] == "failed"
    assert len(trial["runs"][0]["attempts"]) == 2


def test_a_bug_on_many_trials_at_once_pauses_the_experiment(service: Service) -> None:
    experiment_id = service.create(parallelism=2, max_attempts=1)
    for _ in range(3):
        service.settle()
        for job in service.active():
            service.cluster.exit(job, 1, log="ModuleNotFoundError: No module named 'trainer'")
    service.settle()
    found = service.read(experiment_id)
    assert found["state"] == "paused"
    assert "podium resume" in found["message"]


def test_a_job_that_the_database_does_not_know_is_deleted(service: Service) -> None:
    experiment_id = service.create(parallelism=1)
    service.settle()
    [job] = service.active()
    service.http.post(f"{API}/experiments/{experiment_id}/stop")
    service.settle()
    stray = service.cluster.requests[job]
    service.cluster.create_job(stray)
    service.settle()
    assert service.cluster.seen == {}


def test_suggestions_keep_their_reasons(service: Service) -> None:
    experiment_id = service.create(parallelism=1, budget={"cost": 6.0})
    for _ in range(40):
        service.settle()
        for job in service.active():
            service.finish(job, value=0.1 * service.assignment(job)["trial"])
    reasons = [run["reasons"] for run in service.read(f"{experiment_id}/runs")["items"]]
    assert reasons[0]["source"] == "sobol"
    by_model = [each for each in reasons if each["source"] == "model"]
    assert by_model
    assert all(each["predicted_mean"] is not None and each["model_version"] for each in by_model)


def test_a_second_pass_changes_nothing(service: Service) -> None:
    experiment_id = service.create(parallelism=2)
    service.settle()
    before, jobs = service.read(f"{experiment_id}/attempts"), dict(service.cluster.seen)
    service.reconciler.reconcile()
    assert service.read(f"{experiment_id}/attempts") == before
    assert service.cluster.seen == jobs


def test_a_log_with_a_nul_in_it_is_kept_without(service: Service) -> None:
    experiment_id = service.create(parallelism=1)
    service.settle()
    [job] = service.active()
    service.cluster.exit(job, 65, log="before\0after")
    service.settle()
    [attempt] = service.read(f"{experiment_id}/trials/1")["runs"][0]["attempts"]
    assert attempt["log_tail"] == "before\N{REPLACEMENT CHARACTER}after"


def test_a_fault_of_one_experiment_keeps_no_other_from_running(service: Service) -> None:
    broken = service.create(parallelism=1, seed=13)
    sound = service.create(parallelism=1)

    def suggest_or_fail(problem: Problem, history: History) -> Suggestion | None:
        if problem.seed == 13:
            raise ArithmeticError("as a fault in the optimizer would")
        return suggest(problem, history)

    service.think = suggest_or_fail
    service.settle()
    assert [job.rsplit("-t", 1)[0] for job in service.active()] == [sound]
    service.think = suggest
    service.settle()
    assert {job.rsplit("-t", 1)[0] for job in service.active()} == {sound, broken}


def test_a_search_in_which_everything_fails_at_once_still_ends(service: Service) -> None:
    experiment_id = service.create(parallelism=2, budget={"cost": 2.0})
    for _ in range(20):
        service.settle()
        for job in service.active():
            service.cluster.exit(job, 65)
    found = service.read(experiment_id)
    assert found["state"] == "completed"
    assert found["progress"]["cost_spent"] <= 2.0
    assert found["progress"]["trials"]["failed"] == found["progress"]["runs_started"]


def test_an_attempt_that_only_repeats_known_epochs_has_not_progressed(service: Service) -> None:
    experiment_id = service.create(baseline=BASELINE, parallelism=1, max_attempts=2)
    service.settle()
    for _ in range(3):
        [job] = service.active()
        for epoch in (1, 2):
            assert service.report(job, epoch).status_code == 200
        service.cluster.exit(job, 137)
        service.clock.advance(400)
        service.settle()
    trial = service.read(f"{experiment_id}/trials/1")
    reasons = [attempt["end_reason"] for attempt in trial["runs"][0]["attempts"]]
    assert reasons == ["preempted", "out of memory", "out of memory"]
    assert trial["state"] == "failed"
    assert (trial["reached_epoch"], trial["value"]) == (2, 0.5)


def test_a_budget_raised_while_the_optimizer_thinks_is_not_lost(service: Service) -> None:
    experiment_id = service.create(parallelism=1, budget={"cost": 1.0, "runs": 1})
    service.settle()
    [job] = service.active()
    service.finish(job)

    def suggest_slowly(problem: Problem, history: History) -> Suggestion | None:
        service.http.patch(f"{API}/experiments/{experiment_id}", json={"budget": {"cost": 3.0, "runs": 5}})
        return suggest(problem, history)

    service.think = suggest_slowly
    service.settle()
    assert service.read(experiment_id)["state"] == "running"
    assert len(service.active()) == 1
