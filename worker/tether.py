"""A process that does not outlive the one that started it: torchrun puts each in a session of its own, out of reach."""

import ctypes
import signal
import sys

PR_SET_PDEATHSIG = 1  # Linux, prctl.h


def end_with_parent() -> None:
    """Let the kernel end this process when its parent is gone; elsewhere than on Linux, nothing does."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
