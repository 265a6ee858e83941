"""The way of a batch to the device that trains on it."""

import torch


def moved(values: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Return values on the device. A GPU fetches them itself, from pages that stay in place, while Python goes on."""
    if device.type != "cuda":
        return values.to(device)
    return (values if values.is_pinned() else values.pin_memory()).to(device, non_blocking=True)
