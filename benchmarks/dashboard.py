"""How soon the page of an experiment is painted, in Chromium, at 1,000 and at 10,000 trials.

    python -m benchmarks.dashboard

Database, API and browser share this machine. First contentful paint is the browser's own measure, from the request on;
beside it are the bytes of the page, and the time that the server takes for a page and for a turn of the table. Figures
come after that paint and are left out, so that those of one visit are not drawn during the next.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
from playwright.sync_api import Browser, sync_playwright
from prometheus_client import CollectorRegistry

from benchmarks.finished_trials import add_experiment, spec_of
from controller.api.app import create_app
from controller.api.collaborators import Collaborators
from controller.dashboard.door import add_dashboard
from controller.database import migrate, open_engine, open_sessions, transaction
from controller.embedded import embedded_postgres
from controller.tokens import TokenSigner
from tests import tools
from tests.cli.served import serving

SIZES = (1_000, 10_000)
VISITS = 7
PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"


def main() -> None:
    with site() as (url, experiments), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=tools.chromium(), args=["--no-sandbox"])
        print("trials   first paint, ms (median, max)   page, KB   server, ms   sorted by a parameter, ms")
        for trials, experiment_id in experiments.items():
            page = f"{url}/experiments/{experiment_id}"
            paints = [painted_after_ms(browser, page) for _ in range(VISITS)]
            size_bytes = len(httpx2.get(page, timeout=60).content)
            table = f"{url}/parts/experiments/{experiment_id}/trials?sort=-learning_rate&page=7"
            figures = (statistics.median(paints), max(paints), size_bytes / 1024, answered_ms(page), answered_ms(table))
            print(f"{trials:6}   " + "   ".join(f"{figure:8.0f}" for figure in figures), flush=True)
        browser.close()


@contextmanager
def site() -> Iterator[tuple[str, dict[int, str]]]:
    """Serve experiments of each size; yield the address and the experiments' ids by size."""
    with tempfile.TemporaryDirectory() as folder, embedded_postgres(Path(folder)) as database:
        engine = open_engine(database)
        migrate(engine)
        sessions = open_sessions(engine)
        with transaction(sessions) as session:
            experiments = {
                trials: add_experiment(
                    session, spec_of(f"of-{trials}", parallelism=20, seed=trials), trials, datetime.now(UTC)
                )
                for trials in SIZES
            }
        app = create_app(
            Collaborators(
                engine=engine,
                sessions=sessions,
                signer=TokenSigner(key="k" * 32, lifetime=timedelta(hours=1)),
                admin_token=None,
                artifacts_url=Path(folder).as_uri(),
                clock=lambda: datetime.now(UTC),
                registry=CollectorRegistry(),
            )
        )
        add_dashboard(app)
        with serving(app) as url:
            yield url, experiments
        engine.dispose()


def painted_after_ms(browser: Browser, url: str) -> float:
    """Visit a page with an empty cache; return when its first text was on the screen."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.route("**/figures/*", lambda route: route.abort())
    page.goto(url, wait_until="domcontentloaded")
    while (painted := page.evaluate(PAINT)) is None:  # not wait_for_function: the pages' policy forbids it to evaluate
        page.wait_for_timeout(20)
    context.close()
    return float(painted)


def answered_ms(url: str) -> float:
    """Return the median time to a whole answer."""
    times = []
    for _ in range(VISITS):
        began = time.perf_counter()
        httpx2.get(url, timeout=60).raise_for_status()
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)


if __name__ == "__main__":
    main()
