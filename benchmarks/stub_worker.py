"""A worker that trains nothing: it sleeps for each epoch and reports. Standard library only, so that it starts at once.

Leaves `<process id>.json` in $STUB_LOG_DIR: when the process started, and when it sent its last report, both as
seconds since the epoch.
"""

import http.client
import json
import os
import random
import sys
import time
import urllib.parse
from pathlib import Path
from typing import Any

STARTED_AT = time.time()


def main() -> int:
    run, reported_at = ask("GET", "/api/v1/run"), 0.0
    low, high = (float(seconds) for seconds in os.environ.get("STUB_SECONDS", "0.5,1.5").split(","))
    draw = random.Random(run["trial"])
    for epoch in range(run["from_epoch"] + 1, run["to_epoch"] + 1):
        seconds = draw.uniform(low, high)
        time.sleep(seconds)
        metrics = {run["objective"]: objective(run["configuration"], epoch / run["full_epochs"])}
        reported_at = time.time()  # before it is sent: storing it is part of the wait
        answer = ask("POST", "/api/v1/run/measurements", {"epoch": epoch, "metrics": metrics, "seconds": seconds})
        if answer["verdict"] == "stop":
            break
    record = {"started_at": STARTED_AT, "reported_at": reported_at}
    Path(os.environ["STUB_LOG_DIR"], f"{os.getpid()}.json").write_text(json.dumps(record))
    return 0


def ask(method: str, path: str, body: object = None) -> dict[str, Any]:
    """Send one request on a connection of its own; a server drops one that was silent through a long epoch."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(os.environ["PODIUM_URL"]).netloc, timeout=60)
    headers = {"Authorization": f"Bearer {os.environ['PODIUM_RUN_TOKEN']}", "Content-Type": "application/json"}
    connection.request(method, path, json.dumps(body) if body else None, headers)
    response = connection.getresponse()
    text = response.read()
    connection.close()
    if response.status != 200:
        sys.exit(f"{method} {path}: {response.status} {text.decode()}")
    return dict(json.loads(text))


def objective(configuration: dict[str, float], share: float) -> float:
    """A smooth function of the parameters that low fidelity shows with a bias."""
    distance = sum((float(value) - 0.3) ** 2 for value in configuration.values())
    return 1.0 - distance - 0.2 * (1.0 - share)


if __name__ == "__main__":
    sys.exit(main())
