"""What a browser may do with a page."""

import pytest

from controller.dashboard.headers import HEADERS
from tests.service import API, Service


@pytest.mark.parametrize("path", ["/", "/new", "/compare", "/nowhere", "/experiments/nowhere", "/static/podium.css"])
def test_the_dashboard_answers_with_its_headers_whatever_it_answers(service: Service, path: str) -> None:
    answer = service.http.get(path)
    for name, value in HEADERS.items():
        if not (name == "Cache-Control" and path.startswith("/static")):
            assert answer.headers[name] == value


def test_no_script_or_style_stands_in_a_page(service: Service) -> None:
    policy = HEADERS["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'")
    experiment_id = service.create()
    for path in ("/", "/new", f"/experiments/{experiment_id}", f"/compare?id={experiment_id}"):
        page = service.http.get(path).text
        assert "<style" not in page
        assert " style=" not in page
        assert "<script>" not in page
        assert "://" not in page.replace("http://testserver", ""), "nothing comes from elsewhere"


def test_the_api_is_left_as_it_was(service: Service) -> None:
    assert "content-security-policy" not in service.http.get(f"{API}/experiments").headers
    assert service.http.get(f"{API}/nowhere").headers["content-type"] == "application/problem+json"
    assert service.http.get(f"{API}/experiments/nowhere").json()["error"] == "ExperimentNotFound"
    assert service.http.delete("/healthz").status_code == 405


def test_errors_are_pages_with_the_same_words(service: Service) -> None:
    answer = service.http.get("/experiments/nowhere")
    assert answer.status_code == 404
    assert "no experiment &#39;nowhere&#39;; `podium ls` lists them" in answer.text
    assert service.http.get("/data/experiments/nowhere/figures").json()["error"] == "ExperimentNotFound"
    assert service.http.get("/experiments/x?state=asleep").status_code == 422


def test_experiments_of_several_objectives_have_no_report_together_and_a_link_to_it_says_why(service: Service) -> None:
    objective = {"metric": "loss", "direction": "minimize"}
    asked = f"id={service.create()}&id={service.create(objective=objective)}"
    compared = service.http.get(f"/compare?{asked}").text
    assert "Their objectives differ" in compared
    assert "/report?" not in compared
    answer = service.http.get(f"/report?{asked}")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "text/html; charset=utf-8")
    assert "the arms of a report need one objective" in answer.text
    assert service.http.get("/report?id=nowhere").status_code == 404


def test_a_comparison_says_what_it_leaves_out(service: Service) -> None:
    asked = "&".join(f"id={service.create()}" for _ in range(6))
    assert "4 fit beside one another; 2 more were left out" in service.http.get(f"/compare?{asked}").text


def test_scripts_are_kept_for_good_under_the_address_that_pages_know(service: Service) -> None:
    page = service.http.get("/").text
    address = page.split('data-plotly="')[1].split('"')[0]
    answer = service.http.get(address, headers={"Accept-Encoding": "gzip"})
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    assert "plotly.js" in answer.text[:100]
    assert service.http.get("/static/plotly.min.js?v=old").headers["cache-control"] == "no-cache"
    assert service.http.get("/static/..%2f__init__.py").status_code == 404
