"""The state before a step, to which a step that failed midway is taken back, so that it can be repeated."""

import torch
from torch import nn


class Rewinding:
    """Keeps what a forward pass changes: the random generators, and the statistics of BatchNorm that adapts."""

    def __init__(self, model: nn.Module, device: torch.device) -> None:
        adapting = [module for module in model.modules() if module.training]
        self._buffers = [buffer for module in adapting for buffer in module.buffers(recurse=False)]
        self._kept = [_flat(self._of(kind)) for kind in self._kinds]  # one copy instead of one for each small buffer
        self._cpu = torch.get_rng_state()
        self._device = device
        self._cuda = torch.cuda.get_rng_state(device) if device.type == "cuda" else None

    def rewind(self) -> None:
        """Restore the state, and return memory that is not used any more to the device."""
        for kind, kept in zip(self._kinds, self._kept, strict=True):
            buffers = self._of(kind)
            sizes = [buffer.numel() for buffer in buffers]
            for buffer, values in zip(buffers, torch.split(kept, sizes), strict=True):
                buffer.copy_(values.view_as(buffer))
        torch.set_rng_state(self._cpu)
        if self._cuda is not None:
            torch.cuda.set_rng_state(self._cuda, self._device)
            torch.cuda.empty_cache()

    @property
    def _kinds(self) -> list[torch.dtype]:
        return list(dict.fromkeys(buffer.dtype for buffer in self._buffers))

    def _of(self, kind: torch.dtype) -> list[torch.Tensor]:
        return [buffer for buffer in self._buffers if buffer.dtype == kind]


def _flat(buffers: list[torch.Tensor]) -> torch.Tensor:
    return torch.cat([buffer.flatten() for buffer in buffers])
