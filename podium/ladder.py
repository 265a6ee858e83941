"""Rungs for a training of which only its length is known: up to four, each three times as long as the one before."""


def rungs_of(epochs: int) -> dict[str, int]:
    """Return the `fidelity` section of a spec: from a twenty-seventh of the epochs, at least one, to all of them."""
    return {"min": max(1, epochs // 27), "max": epochs}
