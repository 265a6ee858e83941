"""What an hour of an accelerator costs: the `prices` of an experiment, or of the installation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BeforeValidator, Field

from podium.resources import QualifiedName

SLOT = "cpu"
"""The key of a slot that holds no accelerator: a process of one machine, or a Pod without devices."""
NO_ACCELERATORS = ("memory", "ephemeral-storage")


def _is_accelerator(name: object) -> object:
    if isinstance(name, str) and (name in NO_ACCELERATORS or name.startswith("hugepages-")):
        raise ValueError(f"{name} has no price: name an accelerator (nvidia.com/gpu), or cpu for slots without one")
    return name


def _is_number(price: object) -> object:
    if isinstance(price, bool | str):
        raise ValueError("a price is a number without a currency; the currency is named beside, as in `currency: EUR`")
    return price


Accelerator = Annotated[QualifiedName, BeforeValidator(_is_accelerator)]
PricePerHour = Annotated[float, BeforeValidator(_is_number), Field(ge=0, le=1e9, allow_inf_nan=False)]
Prices = Annotated[dict[Accelerator, PricePerHour], Field(max_length=50)]
"""Of an hour of one accelerator, by the name of its resource: `nvidia.com/gpu`, `nvidia.com/mig-1g.5gb`, `cpu`."""
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217, such as EUR")]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceList:
    """The prices of an installation."""

    per_hour: Mapping[str, float] = field(default_factory=dict)
    """Of one accelerator, by the name of its resource; `cpu` of a slot without any."""
    currency: str | None = None


NO_PRICES = PriceList()


def in_money(value: float, currency: str | None, of: float | None = None) -> str:
    """Write a sum, with the limit that it is a part of, and its currency where one is named: `1,204.50 of 2000 EUR`."""
    told = f"{value:,.2f}" if value >= 0.1 or value == 0 else f"{value:.2g}"
    return told + (f" of {of:g}" if of is not None else "") + (f" {currency}" if currency else "")
