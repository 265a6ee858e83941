"""How torch computes in this process: on how many threads, and the same way every time."""

import torch


def settle(threads: int) -> None:
    """Fix the number of threads, and choose deterministic algorithms where an accelerator offers others."""
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)  # gradients near zero are many, and denormal numbers are slow
    if torch.cuda.is_available():
        torch.backends.cudnn.benchmark = False  # it picks algorithms by timing them
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.set_float32_matmul_precision("high")  # fp32 by way of TF32, on accelerators that have it
        torch.backends.cudnn.allow_tf32 = True
