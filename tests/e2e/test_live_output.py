"""What a Job prints, seen by who asks the API while its container runs: the API's Pods have no rights on Pods."""

from podium.blocking.endpoints import PodiumClient
from podium.blocking.following import Clock
from podium.blocking.output import outputs
from podium.taxonomy import AttemptState
from tests.e2e.books import GONE_SECONDS
from tests.e2e.installation import OURS, Installation
from tests.waiting import wait_for

GATE = "/artifacts/gate-of-live-output"
SCRIPT = f"""
import pathlib, time
import podium
with podium.trial() as trial:
    print("the first line")
    while not pathlib.Path("{GATE}").exists():
        time.sleep(0.1)
    for epoch in trial.epochs():
        trial.report(epoch=epoch, score=0.5)
print("the result is in")
time.sleep(1)
print("the last line")
"""


def test_a_line_is_seen_while_its_container_runs_and_none_is_missed(podium: Installation) -> None:
    experiment_id = podium.create(
        trial={"command": ["python", "-c", SCRIPT]},
        fidelity={"rungs": {"full": 1}},
        budget={"runs": 1},
        parallelism=1,
    )
    try:
        wait_for(lambda: podium.all_of(f"{experiment_id}/runs") != [], "its run")
        with PodiumClient(podium.url, token=podium.token) as client:
            came = outputs(client, experiment_id, 1, clock=Clock())
            seen = next(came)
            assert (seen.text, seen.attempt.state) == ("the first line\n", AttemptState.RUNNING)
            podium.inside_reconciler("touch", GATE)
            assert "".join(each.text for each in came) == "the result is in\nthe last line\n"
    finally:
        podium.inside_reconciler("touch", GATE)
    podium.wait_until(experiment_id, "completed")
    podium.inside_reconciler("rm", GATE)
    wait_for(lambda: podium.names("jobs", OURS) == [], "its Job is gone", GONE_SECONDS)
