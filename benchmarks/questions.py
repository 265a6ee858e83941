"""A person who looks at experiments while they run: one question after the other, and how long each took."""

import http.client
import itertools
import threading
import time
import urllib.parse
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

EXPERIMENTS = "/api/v1/experiments"
PAUSE_SECONDS = 0.25


def questions_about(experiment: str) -> Mapping[str, str]:
    """Return what is asked, by how it is called in the figures."""
    return {
        "experiments": EXPERIMENTS,
        "one experiment": f"{EXPERIMENTS}/{experiment}",
        "100 trials": f"{EXPERIMENTS}/{experiment}/trials?limit=100",
        "100 runs": f"{EXPERIMENTS}/{experiment}/runs?limit=100",
        "one trial": f"{EXPERIMENTS}/{experiment}/trials/7",
    }


@contextmanager
def asking(api: str, paths: Mapping[str, str]) -> Iterator[Mapping[str, list[float]]]:
    """Ask until the block ends; yield the seconds that each question took, as they come."""
    seconds: dict[str, list[float]] = defaultdict(list)
    stopping = threading.Event()

    def ask_on() -> None:
        for question, path in itertools.cycle(paths.items()):
            if stopping.wait(PAUSE_SECONDS):
                return
            name, began = question, time.perf_counter()
            try:
                ask(api, path)
            except (OSError, RuntimeError) as error:
                print(f"no answer: {error}")
                name = f"{name}, failed"
            seconds[name].append(time.perf_counter() - began)

    thread = threading.Thread(target=ask_on, name="questions", daemon=True)
    thread.start()
    try:
        yield seconds
    finally:
        stopping.set()
        thread.join()


def ask(api: str, path: str) -> bytes:
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(api).netloc, timeout=60)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != http.HTTPStatus.OK:
        raise RuntimeError(f"GET {path}: {answer.status} {body.decode()}")
    return body
