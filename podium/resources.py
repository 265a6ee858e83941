"""What a container asks for and may use. What the API server refuses of it is refused with the experiment already."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from podium import quantity
from podium.contract import Contract

QualifiedName = Annotated[
    str,
    Field(max_length=317, pattern=r"^([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$"),
]
"""A label's key, or a resource such as `nvidia.com/gpu`."""
Quantity = Annotated[str, Field(pattern=quantity.PATTERN)]


class Resources(Contract):
    """What a container asks for and may use, by any resource name: `cpu`, `nvidia.com/gpu`, `nvidia.com/mig-1g.5gb`."""

    model_config = ConfigDict(strict=True)

    requests: dict[QualifiedName, Quantity] = Field(default_factory=dict)
    limits: dict[QualifiedName, Quantity] = Field(default_factory=dict)

    @field_validator("requests", "limits", mode="before")
    @classmethod
    def _numbers_are_quantities(cls, amounts: object) -> object:
        if not isinstance(amounts, Mapping):
            return amounts
        return {name: _written_out(found) for name, found in amounts.items()}

    @model_validator(mode="after")
    def _requests_fit_into_limits(self) -> Self:
        for name, limit in self.limits.items():
            asked = self.requests.get(name)
            if asked is not None and quantity.amount(asked) > quantity.amount(limit):
                raise ValueError(f"requests.{name} must not exceed limits.{name}, found {asked} > {limit}")
        return self

    @model_validator(mode="after")
    def _devices_are_whole_and_limited(self) -> Self:
        """Check what the API server refuses of resources that are devices: a Pod has them whole and for itself."""
        for name in sorted({*self.requests, *self.limits}):
            if _is_native(name):
                continue
            limit = self.limits.get(name)
            if limit is None:
                raise ValueError(f"{name} needs a limit: give limits.{name} = {self.requests[name]}")
            if quantity.amount(limit) % 1 != 0:
                raise ValueError(f"limits.{name} must be a whole number, found {limit}")
            asked = self.requests.get(name, limit)
            if quantity.amount(asked) != quantity.amount(limit):
                raise ValueError(f"requests.{name} must equal limits.{name}, found {asked} and {limit}")
        return self


def _written_out(found: object) -> object:
    """Return a number as a quantity, with every digit that it has and no exponent; anything else as it is."""
    match found:
        case bool():
            return found
        case int():
            return str(found)
        case float():
            return format(Decimal(repr(found)).normalize(), "f")
        case _:
            return found


def _is_native(resource: str) -> bool:
    """Say whether Kubernetes itself knows the resource; the others are of plugins for devices."""
    return resource in ("cpu", "memory", "ephemeral-storage") or resource.startswith("hugepages-")
