"""What an hour of an attempt costs, and who says so. It is decided once, when the attempt starts, and kept with it."""

from collections.abc import Mapping
from dataclasses import dataclass

from controller.jobs import devices_of
from podium.pod import PodShape
from podium.prices import SLOT, PriceList
from podium.spec import ExperimentSpec

OWN, POD, INSTALLATION = "the experiment's prices", "pricePerHour of its Pod", "the installation's prices"


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    per_hour: float
    """Of the whole slot."""
    currency: str | None
    source: str


def price_of(spec: ExperimentSpec, shape: PodShape, installation: PriceList) -> Price | None:
    """Return the price of a slot of this shape: the experiment's, else the Pod's, else the installation's.

    Prices of the installation in another currency than the experiment's are none to it: sums would mean nothing.
    """
    currency = spec.currency or installation.currency
    if (own := _summed(spec.prices or {}, shape)) is not None:
        return Price(per_hour=own, currency=currency, source=OWN)
    if shape.pricePerHour is not None:
        return Price(per_hour=shape.pricePerHour, currency=currency, source=POD)
    shared = _summed(installation.per_hour, shape)
    if shared is None or currency != installation.currency:
        return None
    return Price(per_hour=shared, currency=currency, source=INSTALLATION)


def _summed(per_hour: Mapping[str, float], shape: PodShape) -> float | None:
    """Return what all devices of a slot cost; None where one of them has no price."""
    held = devices_of(shape) or {SLOT: 1.0}
    if any(name not in per_hour for name in held):
        return None
    return sum(count * per_hour[name] for name, count in held.items())
