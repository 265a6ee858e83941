"""In which numbers a model computes."""

from collections.abc import Sequence
from enum import StrEnum

import torch

BF16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}
"""As Linux names them, on x86 and on ARM. Without them bf16 is imitated, and many times slower than fp32."""


class Precision(StrEnum):
    FP32 = "fp32"
    BF16 = "bf16"
    """Products of bf16, sums and weights of fp32, as torch's autocast mixes them."""


def possible(device: torch.device, cpu_info: str) -> Sequence[Precision]:
    """Return what the hardware computes in without imitating it; `cpu_info` is Linux's /proc/cpuinfo."""
    has_bf16 = torch.cuda.is_bf16_supported() if device.type == "cuda" else bool(BF16_FLAGS & set(cpu_info.split()))
    return [Precision.FP32, Precision.BF16] if has_bf16 else [Precision.FP32]


def autocast(device: torch.device, precision: Precision | None) -> torch.autocast:
    """Return what a forward pass runs within; without a choice it computes in fp32."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision is Precision.BF16)
