"""Kubernetes' quantities: `500m` processors, `4Gi` of memory, `2` accelerators.

Grammar and suffixes: k8s.io/apimachinery/pkg/api/resource, type Quantity. Exponents (`1e3`) are left out: nobody writes
memory so, and `1E` would be an exabyte or half an exponent.
"""

import re
from decimal import Decimal

PATTERN = r"^\d+(\.\d+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$"
_FACTORS = {
    "": Decimal(1),
    "m": Decimal("0.001"),
    **{suffix: Decimal(1000) ** power for power, suffix in enumerate("kMGTPE", start=1)},
    **{f"{suffix}i": Decimal(1024) ** power for power, suffix in enumerate("KMGTPE", start=1)},
}


def amount(quantity: str) -> Decimal:
    """Return what a quantity stands for, in units: bytes, processors, devices. Raises ValueError."""
    match = re.match(PATTERN, quantity)
    if match is None:
        raise ValueError(f"{quantity!r} is no quantity; write a number with a suffix such as m, G or Gi")
    suffix = match[2] or ""
    return Decimal(quantity.removesuffix(suffix)) * _FACTORS[suffix]


def times(quantity: str, factor: float) -> str:
    """Return a quantity of bytes multiplied, in whole mebibytes; never less than it was."""
    mebibytes = amount(quantity) * Decimal(str(factor)) / _FACTORS["Mi"]
    return f"{int(mebibytes.to_integral_value(rounding='ROUND_CEILING'))}Mi"
