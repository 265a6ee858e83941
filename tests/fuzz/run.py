"""Run schemathesis against a real controller, with all of its phases and checks: as a viewer, then as an admin.

    python -m tests.fuzz.run SCHEMATHESIS EXAMPLES [MORE ...]

What comes after EXAMPLES is handed on to schemathesis; the exit code is its own. What is left out stands in SETTINGS,
each with its reason. The seed is fixed and nothing is kept from run to run: the same code is asked the same.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

SEED = "1"
SETTINGS = """
request-timeout = 60

# The first figure starts the process that draws; how long answers take is measured elsewhere.
[checks]
max_response_time = 60

[auth.openapi.token]
bearer = "{token}"

[auth.openapi.runToken]
bearer = "{run}"

# A scenario follows links and ids from answer to request, so it takes more of them than an operation takes cases.
[phases.stateful]
max-steps = 10
generation.max-examples = {scenarios}

# No schema says what may stand beside what, so what fits the schema may be refused with 422, for one of these reasons
# alone: a cursor is what a page answered, ...
[[operations]]
include-name-regex = "^GET .*/(audit|experiments|trials|runs|attempts|records|measurements|projects|tokens|deliveries)$"
checks.positive_data_acceptance.expected-statuses = {accepted}

# ... a metric, a parameter and an objective are names that the experiment has, ...
[[operations]]
include-name-regex = "^(GET .*/figures/.name.|POST .*/run/(measurements|progress))$"
checks.positive_data_acceptance.expected-statuses = {accepted}

# ... an entry of the trail may be of no token, and yet a scenario goes on from there, ...
[[operations]]
include-name-regex = "^DELETE .*/tokens/.token_id.$"
checks.positive_data_acceptance.expected-statuses = {accepted}

# ... a budget pays at least one training, an admin's token has no projects, and a webhook's address is one that others
# can reach, ...
[[operations]]
include-name-regex = "^(PATCH .*/experiments/.experiment_id.|POST .*/tokens|POST .*/webhooks)$"
checks.positive_data_acceptance.expected-statuses = {accepted}

# ... and the sections of a spec belong together. Of its one body alone the coverage phase would make more than 6,000
# cases, five times those of all other operations together: tests/contract has each of its fields, and the other phases
# ask for it like for all.
[[operations]]
include-name = "POST /api/v1/experiments"
checks.positive_data_acceptance.expected-statuses = {accepted}
phases.coverage.enabled = false
"""
ACCEPTED = '["2xx", "3xx", 401, 403, 404, 409, 422, 429]'


def main(schemathesis: str, examples: str, *more: str) -> int:
    serving = subprocess.Popen(
        [sys.executable, "-m", "tests.fuzz.serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert serving.stdin is not None
    assert serving.stdout is not None
    try:
        told = json.loads(next(line for line in serving.stdout if line.startswith("{")))
        return max(_asked(schemathesis, count, told, who, more) for who, count in counts(int(examples)).items())
    finally:
        serving.stdin.close()
        try:
            serving.wait(30)
        except subprocess.TimeoutExpired:
            serving.terminate()


def counts(examples: int) -> dict[str, int]:
    """Return how many cases of an operation each role tries, the viewer first: an admin's may revoke his token.

    Of most operations a viewer hears no more than 403.
    """
    return {"viewer": max(examples // 5, 1), "admin": examples}


def _asked(schemathesis: str, examples: int, told: dict[str, str], who: str, more: Sequence[str]) -> int:
    sys.stdout.write(f"\n--- as {who}\n")
    sys.stdout.flush()
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "schemathesis.toml"
        filled = SETTINGS.format(token=told[who], run=told["run"], accepted=ACCEPTED, scenarios=4 * examples)
        settings.write_text(filled, encoding="utf-8")
        asked = [schemathesis, "--config-file", str(settings), "run", f"{told['address']}/openapi.json"]
        wanted = ["--checks", "all", "--max-examples", str(examples), "--seed", SEED, "--generation-deterministic"]
        shown = ["--continue-on-failure", "--no-color"]
        return subprocess.run([*asked, *wanted, *shown, *more], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
