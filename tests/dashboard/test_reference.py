"""The reference of the API: all that the OpenAPI document says, on a page that needs nothing from elsewhere."""

import re

from playwright.sync_api import expect

from controller.api.security import needs
from controller.dashboard.kinds import default_of, kind_of, limits_of, title_of
from controller.dashboard.outline import METHODS
from tests.dashboard.site import Site
from tests.dashboard.test_pages import holds_up
from tests.dashboard.visitor import Visitor
from tests.service import Service


def words(schema: dict[str, object]) -> str:
    return "".join(piece.text for piece in kind_of(schema))


def test_the_reference_in_a_browser_asks_no_other_address(site: Site, visitor: Visitor) -> None:
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.append(request.url))
    visitor.goes_to("/docs")
    visitor.sees("/api/v1/experiments/{experiment_id}/pause")
    visitor.page.wait_for_load_state("networkidle")
    assert [url for url in asked if not url.startswith(site.url)] == []
    visitor.page.get_by_role("navigation", name="Contents").get_by_role("link", name="create", exact=True).first.click()
    expect(visitor.page.locator("#post-api-v1-experiments")).to_be_in_viewport()
    visitor.page.locator("#main, main").get_by_role("link", name="ExperimentSpec").first.click()
    expect(visitor.page.locator("#schema-ExperimentSpec")).to_be_in_viewport()
    visitor.pictures("reference")
    holds_up(visitor)


def test_every_operation_and_schema_is_there_once_and_every_link_leads_somewhere(service: Service) -> None:
    document, page = service.http.get("/openapi.json").json(), service.http.get("/docs").text
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)
    operations = [(m, p) for p, methods in document["paths"].items() for m in METHODS if m in methods]
    assert page.count('class="method"') == len(operations) > 40
    assert [name for name in document["components"]["schemas"] if f'id="schema-{name}"' not in page] == []
    assert [path for method, path in operations if f"{method.upper()} {path}" not in needs()] == []
    assert "editors and above" in page


def test_what_fastapi_would_fetch_from_elsewhere_is_not_served(service: Service) -> None:
    for path in ("/redoc", "/docs/oauth2-redirect"):
        assert service.http.get(path).status_code == 404
    assert "default-src 'none'" in service.http.get("/docs").headers["content-security-policy"]


def test_a_schema_in_words() -> None:
    number = {"type": "number", "exclusiveMinimum": 0.0, "maximum": 1.0}
    assert limits_of(number) == "above 0, at most 1"
    assert limits_of({"anyOf": [number, {"type": "null"}]}) == "above 0, at most 1"
    assert words({"anyOf": [{"$ref": "#/components/schemas/Page_Trial_"}, {"type": "null"}]}) == "Page of Trial or null"
    assert words({"type": "array", "items": {"enum": ["best", "last"]}}) == 'list of "best" or "last"'
    assert words({"type": "object", "additionalProperties": {"type": "integer"}}) == "object of integer"
    assert words({"type": "object", "patternProperties": {"^a$": {"const": 1}}}) == "object of 1"
    assert words({"type": "object", "additionalProperties": False}) == "object"
    assert words({"prefixItems": [{"type": "integer"}, {"type": "string"}], "type": "array"}) == "integer, then string"
    assert words({"type": "string", "format": "date-time"}) == "date-time"
    assert words({}) == "anything"
    assert (default_of({"default": None}), default_of({})) == ("null", "")
    assert title_of("podium__pod__Reference") == "Reference"
