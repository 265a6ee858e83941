"""Who may ask what, tried: every route of the OpenAPI document and every page, by everybody. See docs/access.md."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from httpx2 import Response

from controller.api import problems
from controller.api.access import ACCESS, Need, NotInTheTable, need_of
from controller.dashboard.door import PAGES
from tests.access.doors import HERE, MINE, kinds, make_experiment, make_token, sign_in
from tests.builders import spec_document
from tests.service import API, Service

DOCUMENT = Path(__file__).parents[2] / "docs" / "access.md"
BEGIN, END = "<!-- table: tests/access/test_table.py -->", "<!-- end of the table -->"
RUN, STRANGER = "run token", "editor of another project"
KINDS = ("nobody", RUN, "viewer", "editor", "admin", STRANGER)
MEASURED = {"epoch": 1, "metrics": {"val_accuracy": 0.5}, "seconds": 1.0}
BODIES: Mapping[str, Mapping[str, Any]] = {
    "POST /experiments": spec_document(),
    "PATCH /experiments/{experiment_id}": {"parallelism": 3},
    "POST /run/measurements": MEASURED,
    "POST /run/progress": {"epoch": 2, "share": 0.5},
    "POST /webhooks": {"url": "https://example.com/notices"},
    "POST /run/data": {"images": "a" * 64, "held_out": "b" * 64},
    "POST /run/environment": {"python": "3.11.7", "podium": "0.1.0", "system": "Linux x86_64", "device": "a processor"},
}
SECRET_NAME = "not-for-strangers"


def routes(service: Service) -> list[tuple[str, str]]:
    """Return methods and paths without the prefix, what destroys last."""
    paths = service.app.openapi()["paths"]
    found = [(method.upper(), path.removeprefix(API)) for path, methods in paths.items() for method in methods]
    return sorted(found, key=lambda route: (route[0] == "DELETE", route[1].endswith("/stop"), route[1], route[0]))


def ask(service: Service, method: str, path: str, who: Mapping[str, str], fills: Mapping[str, Any]) -> Response:
    filled = path.format_map(fills)
    prefix = "" if path in ("/healthz", "/readyz", "/metrics") else API
    params = {"experiment": fills["experiment_id"]} if path == "/reports" else {}
    body = BODIES.get(f"{method} {path}") or fills.get(f"{method} {path}")
    return service.http.request(method, prefix + filled, params=params, json=body, headers=who)


def outcome(answer: Response) -> str:
    """Say whether an answer lets somebody in. What comes next (no such trial, nothing to stop) is not the door's."""
    if answer.status_code in (401, 403):
        return str(answer.status_code)
    if answer.status_code == 404 and "no experiment" in answer.text:
        return "404"
    assert answer.status_code < 500, answer.text
    return "yes"


@pytest.fixture
def found(closed: Service) -> Mapping[tuple[str, str], Mapping[str, str]]:
    """What every route answered everybody."""
    who = dict(kinds(closed))
    table: dict[tuple[str, str], dict[str, str]] = {route: {} for route in routes(closed)}
    for kind in KINDS:
        experiment_id = make_experiment(closed, name=SECRET_NAME, parallelism=1)
        closed.settle()
        [job] = [each for each in closed.active() if each.startswith(experiment_id)]
        who[RUN] = closed.token(job)
        token_id = closed.http.get(f"{API}/tokens", headers=who["admin"]).json()["items"][-1]["id"]
        make_token(closed, f"of-{kind.replace(' ', '-')}", "viewer")
        fills = {
            "experiment_id": experiment_id,
            "number": 1,
            "name": "history",
            "token_id": token_id + 1,
            "webhook_id": "none",
            "delivery": 1,
            "POST /tokens": {"name": f"by-{kind.replace(' ', '-')}", "role": "viewer"},
            "POST /projects": {"name": f"by-{kind.replace(' ', '-')}"},
        }
        for (method, path), answers in table.items():
            answer = ask(closed, method, path, who[kind], fills)
            answers[kind] = outcome(answer)
            if kind in ("nobody", STRANGER) and path != "/metrics":
                assert "accuracy" not in answer.text or method == "POST", f"{method} {path} tells a stranger something"
    return table


def wanted(path: str, need: Need) -> dict[str, str]:
    """Return what the table of the source says a route answers everybody."""
    if need is Need.NOTHING:
        return dict.fromkeys(KINDS, "yes")
    if need is Need.RUN_TOKEN:
        return dict.fromkeys(KINDS, "401") | {RUN: "yes"}
    assert need.role is not None
    held = {"viewer": Need.VIEWER, "editor": Need.EDITOR, "admin": Need.ADMIN, STRANGER: Need.EDITOR}
    said = {kind: "yes" if has.role and has.role.includes(need.role) else "403" for kind, has in held.items()}
    if said[STRANGER] == "yes" and ("{experiment_id}" in path or path == "/reports"):
        said[STRANGER] = "404"
    return {"nobody": "401", RUN: "403"} | said


def test_every_route_lets_in_whom_the_table_says_and_the_document_shows_it(
    found: Mapping[tuple[str, str], Mapping[str, str]], request: pytest.FixtureRequest
) -> None:
    for (method, path), answers in found.items():
        need = ACCESS[
            f"{method} {path.replace('{name}', '{name:path}') if 'results/' in path or 'test/' in path else path}"
        ]
        assert answers == wanted(path, need), f"{method} {path}"
    shown = "\n".join(_lines(found))
    text = DOCUMENT.read_text()
    before, rest = text.split(BEGIN)
    now = f"{before}{BEGIN}\n{shown}\n{END}{rest.split(END)[1]}"
    if request.config.getoption("--write-table"):
        DOCUMENT.write_text(now)
    assert text == now or request.config.getoption("--write-table"), (
        "docs/access.md shows another table; make it anew: pytest tests/access/test_table.py --write-table"
    )


def _lines(found: Mapping[tuple[str, str], Mapping[str, str]]) -> Iterator[str]:
    yield f"| | {' | '.join(KINDS)} |"
    yield "|---" * (1 + len(KINDS)) + "|"
    for (method, path), answers in sorted(found.items(), key=lambda each: (each[0][1], each[0][0])):
        yield f"| `{method} {path}` | {' | '.join(answers[kind] for kind in KINDS)} |"


def test_every_page_and_form_lets_in_whom_the_table_says(closed: Service) -> None:
    who = kinds(closed)
    for kind in ("viewer", "editor", "admin", STRANGER):
        experiment_id = make_experiment(closed, name=SECRET_NAME)
        assert sign_in(closed, who[kind]["Authorization"].removeprefix("Bearer ")).status_code == 303
        for method, path in pages():
            need = need_of(method, path)
            filled = path.format(experiment_id=experiment_id, number=1, name="history")
            params = {"id": experiment_id} if path in ("/compare", "/report", "/parts/compare", "/data/overlay") else {}
            answer = closed.http.request(method, filled, params=params, headers=HERE)
            asked = "/reports" if params else path
            assert outcome(answer) == wanted(asked, need)[kind], f"{kind}: {method} {path}: {answer.status_code}"
            if kind == STRANGER:
                assert SECRET_NAME not in answer.text.replace(experiment_id, "")


def pages() -> list[tuple[str, str]]:
    found = [route for each in PAGES for route in each.router.routes if isinstance(route, APIRoute)]
    named = [(method, route.path) for route in found for method in route.methods or ()]
    assert len(named) > 20
    return sorted(named, key=lambda route: (route[1].endswith("/stop"), route[1]))


def test_a_route_that_nobody_spoke_of_is_closed() -> None:
    with pytest.raises(NotInTheTable, match=r"controller/api/access\.py"):
        need_of("GET", "/experiments/{experiment_id}/something-new")


def test_the_table_names_no_route_that_is_not_there(closed: Service) -> None:
    there = {f"{method} {path}" for method, path in (*routes(closed), *pages())}
    there |= {f"{method} {path.removeprefix('/data')}" for method, path in pages()}
    there |= {f"GET {route.path}" for route in problems.router.routes if isinstance(route, APIRoute)}
    assert {key.replace("{name:path}", "{name}") for key in ACCESS} - there == set()


def test_a_project_of_mine_is_seen(closed: Service) -> None:
    who = kinds(closed)
    mine = make_experiment(closed, project=MINE)
    listed = closed.http.get(f"{API}/experiments", headers=who["viewer"]).json()["items"]
    assert [each["id"] for each in listed] == [mine]
