"""What an hour of an attempt costs: the experiment's prices, its Pod's, the installation's; one number everywhere."""

import re
from typing import Any

import pytest

from controller.pricing import INSTALLATION, OWN, POD, Price, price_of
from controller.settings import BadSettings, price_list, read_settings
from podium.faults import SpecRejected, parse_spec
from podium.pod import PodShape
from podium.prices import PriceList
from podium.study import StudyReport
from tests.builders import spec_document
from tests.service import API, Service

INSTALLED = PriceList(per_hour={"nvidia.com/gpu": 2.0, "cpu": 0.5}, currency="EUR")
TWO_GPUS: dict[str, Any] = {"resources": {"limits": {"nvidia.com/gpu": 2, "cpu": 8, "memory": "4Gi"}}}
MIXED: dict[str, Any] = {"resources": {"limits": {"nvidia.com/gpu": 1, "amd.com/gpu": 1}}}


@pytest.mark.parametrize(
    ("own", "pod", "expected"),
    [
        ({}, {}, (0.5, "EUR", INSTALLATION)),
        ({}, TWO_GPUS, (4.0, "EUR", INSTALLATION)),
        ({}, TWO_GPUS | {"pricePerHour": 3.0}, (3.0, "EUR", POD)),
        ({"prices": {"nvidia.com/gpu": 1.5}}, TWO_GPUS | {"pricePerHour": 9.0}, (3.0, "EUR", OWN)),
        ({"prices": {"nvidia.com/gpu": 1.5}, "currency": "USD"}, TWO_GPUS, (3.0, "USD", OWN)),
        ({"prices": {"nvidia.com/gpu": 0}}, TWO_GPUS, (0.0, "EUR", OWN)),
        ({"prices": {"nvidia.com/gpu": 1.5}}, {}, (0.5, "EUR", INSTALLATION)),
        ({"currency": "USD"}, TWO_GPUS, None),
        ({}, MIXED, None),
    ],
)
def test_the_nearest_price_counts(own: dict[str, Any], pod: dict[str, Any], expected: Any) -> None:
    found = price_of(parse_spec(spec_document(**own)), PodShape.model_validate(pod), INSTALLED)
    assert found == (expected and Price(per_hour=expected[0], currency=expected[1], source=expected[2]))


@pytest.mark.parametrize(
    ("own", "told"),
    [
        ({"prices": {"nvidia.com/gpu": -1}}, "prices.nvidia.com/gpu"),
        ({"prices": {"nvidia.com/gpu": "2 EUR"}}, "currency: EUR"),
        ({"prices": {"memory": 1}}, "memory has no price"),
        ({"prices": {"no such": 1}}, "prices"),
        ({"currency": "euro"}, "currency"),
    ],
)
def test_a_bad_price_of_an_experiment_is_refused_by_name(own: dict[str, Any], told: str) -> None:
    with pytest.raises(SpecRejected, match=re.escape(told)):
        parse_spec(spec_document(**own))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"prices": "{nvidia.com/gpu: -1}"}, "PODIUM_PRICES: nvidia.com/gpu"),
        ({"prices": "{cpu: much}"}, "PODIUM_PRICES: cpu"),
        ({"prices": "2.5"}, "PODIUM_PRICES"),
        ({"prices": "{"}, "PODIUM_PRICES"),
        ({"currency": "€"}, "PODIUM_CURRENCY: '€' is no ISO 4217 code"),
    ],
)
def test_a_bad_price_of_the_installation_is_refused_by_name(given: dict[str, str], told: str) -> None:
    with pytest.raises(BadSettings, match=re.escape(told)):
        price_list(read_settings(**given))


def test_prices_are_read_as_the_chart_writes_them() -> None:
    given = read_settings(prices='{"cpu":0.5,"nvidia.com/gpu":2}', currency="EUR")
    assert price_list(given) == INSTALLED
    assert price_list(read_settings(prices="{}", currency="")) == PriceList()


def test_progress_budget_and_report_count_with_one_price(service: Service) -> None:
    """A second of a slot without accelerators costs 1: four runs of four seconds leave no room for a fifth."""
    experiment_id = service.create(
        fidelity={"rungs": {"full": 4}},
        budget={"runs": 8, "money": 19.9},
        parallelism=1,
        trial={"command": ["true"], "image": "example.com/own:1"},
        prices={"cpu": 3600.0},
        currency="EUR",
    )
    for _ in range(8):
        service.settle()
        for job in service.active():
            for epoch in (1, 2, 3, 4):
                service.clock.advance(1)
                service.report(job, epoch)
            service.cluster.exit(job, 0)
    progress = service.read(experiment_id)["progress"]
    asked = {"experiment": experiment_id}
    [arm] = StudyReport.model_validate(service.http.get(f"{API}/reports", params=asked).json()).arms
    assert (progress["runs_started"], progress["money"]) == (4, pytest.approx(16, abs=0.01))
    assert arm.compute.money == pytest.approx(16, abs=0.01)
    assert [(each.per_hour, each.currency, each.source) for each in arm.prices] == [(3600.0, "EUR", OWN)]
    assert arm.provenance.ran_images == ["example.com/own:1"]
    assert len(arm.provenance.controller_versions) == 1
    told = service.http.get(f"{API}/reports", params=asked | {"format": "markdown"}).text
    assert "| price of a slot's hour | 3,600.00 EUR (the experiment's prices) |" in told
