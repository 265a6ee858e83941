"""A whole Podium on this machine, for breaking: a controller that can be killed, and the diary of its workers."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import psutil

WORKER = Path(__file__).with_name("worker.py")
API = "/api/v1/experiments"


class Machine:
    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.diary = folder / "diary"
        self.diary.touch()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]  # the same after each restart: workers find the controller again
        self.http = httpx2.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30)
        self.controller: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "controller", "up", "--port", str(self.port), "--state-dir", str(self.state)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PODIUM_")}
        environment["PODIUM_OPEN"] = "true"
        with (self.state.parent / "controller.log").open("ab") as log:
            self.controller = subprocess.Popen(command, env=environment, stderr=log)

    def kill(self) -> None:
        """SIGKILL the controller, wherever it is."""
        assert self.controller is not None
        self.controller.send_signal(signal.SIGKILL)
        self.controller.wait()

    def close(self) -> None:
        """Stop the controller as a user would, then whatever its workers still do."""
        if self.controller is not None and self.controller.poll() is None:
            self.controller.send_signal(signal.SIGTERM)
            self.controller.wait(60)
        for process in self.processes("process_guard") + self.processes("chaos/worker.py"):
            process.kill()
        self.http.close()

    def workers(self) -> list[psutil.Process]:
        """Return the training processes, not the guards that carry their command line too."""
        return self.processes("chaos/worker.py", without="process_guard")

    def processes(self, word: str, without: str | None = None) -> list[psutil.Process]:
        """Return the processes of this machine's Jobs whose command line holds one word and not the other."""
        found = []
        for process in psutil.process_iter():
            try:
                line = " ".join(process.cmdline())
                is_mine = str(self.state.parent) in " ".join([line, *process.environ().values()])
                if is_mine and word in line and (without is None or without not in line):
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                continue
        return found

    def create(self, **changes: Any) -> str:
        spec = {
            "name": "chaos",
            "objective": {"metric": "score"},
            "parameters": {"x": {"type": "real", "low": 0.0, "high": 1.0}},
            "fidelity": {"rungs": {"small": 1, "medium": 2, "full": 4}},
            "budget": {"cost": 8.0},
            "parallelism": 3,
            "seed": 7,
            "trial": {
                "command": [sys.executable, str(WORKER)],
                "env": {"CHAOS_DIARY": str(self.diary), "CHAOS_EPOCH_SECONDS": "0.5"},
            },
        }
        answer = self.http.post(API, json=spec | changes)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def get(self, path: str) -> Any:
        answer = self.http.get(f"{API}/{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def is_ready(self) -> bool:
        try:
            return self.http.get("/readyz").status_code == 200
        except httpx2.TransportError:
            return False

    def entries(self) -> list[dict[str, int]]:
        return [json.loads(line) for line in self.diary.read_text().splitlines()]
