"""What a study cost: prices, and in which currency a sum is told."""

import pytest
from sqlalchemy import func, select, update

from controller.database import transaction
from controller.tables import AttemptRow
from tests.service import Service
from tests.study.reported import SCRIPT, ask, report, search


def test_without_a_price_money_is_unknown_and_a_price_may_be_named(service: Service) -> None:
    experiment_id = service.create(**SCRIPT)
    search(service, experiment_id)
    assert report(service, experiment_id).arms[0].compute.money is None
    [arm] = report(service, experiment_id, price_per_hour=0.9).arms
    assert arm.compute.money == pytest.approx(0.9 * arm.compute.hours)


def test_a_price_of_their_own_is_not_replaced(service: Service) -> None:
    experiment_id = service.create(**SCRIPT | {"trial": {"command": ["true"], "pricePerHour": 2.0}})
    search(service, experiment_id)
    [arm] = report(service, experiment_id, price_per_hour=0.9).arms
    assert arm.compute.money == pytest.approx(2 * arm.compute.hours)
    assert arm.compute.unpriced_hours == 0


def test_sums_of_money_bear_their_currency(service: Service) -> None:
    priced = SCRIPT | {"prices": {"cpu": 2.0}, "currency": "EUR"}
    experiment_id = service.create(**priced)
    search(service, experiment_id)
    other = service.create(**priced | {"currency": "USD"})
    [arm] = report(service, experiment_id).arms
    assert arm.compute.money is not None
    told, progress = f"{arm.compute.money:,.2f} EUR", service.read(experiment_id)["progress"]
    assert (progress["currency"], progress["money"]) == ("EUR", pytest.approx(arm.compute.money))
    for form in ("html", "markdown"):
        assert told in ask(service, experiment_id, format=form).text
    for page in (f"/experiments/{experiment_id}", f"/compare?id={experiment_id}&id={other}"):
        assert told in service.http.get(page).text
    search(service, other)
    assert "money of the arms does not compare" in report(service, experiment_id, other).remarks[-1]


def test_money_of_several_currencies_has_none(service: Service) -> None:
    experiment_id = service.create(**SCRIPT | {"prices": {"cpu": 2.0}, "currency": "EUR"})
    search(service, experiment_id)
    with transaction(service.sessions) as session:
        first = select(func.min(AttemptRow.id)).scalar_subquery()
        session.execute(update(AttemptRow).where(AttemptRow.id == first).values(price_currency=None))
    assert service.read(experiment_id)["progress"]["currency"] is None
    assert "EUR |" not in ask(service, experiment_id, format="markdown").text
