"""Podium tunes deep-learning training: a Gaussian process over (parameters, fidelity) decides what to train, how long.

spec, checks, faults   the experiment spec and everything that can be wrong with one
wire, taxonomy         requests, responses, and the words for states and endings
trainer                what the built-in trainer understands
client                 the API, as Python
gallery, figure_client `podium.figures("digits-k3f9")` in a notebook
sdk                    `with podium.trial() as trial:` for a training script of one's own
asked, asking          `for trial in podium.ask("digits-k3f9"):` where Podium starts no training
cli                    the `podium` command
"""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from podium.asking import AskedTrial
    from podium.gallery import Gallery
    from podium.sdk import Trial


def trial() -> AbstractContextManager["Trial"]:
    """Return the trial that this process is to train, for a `with` block; see `podium.sdk`."""
    from podium import sdk  # noqa: PLC0415 - `import podium` stays light: the HTTP client and fsspec load on first use

    return sdk.trial()


def ask(
    experiment: str,
    *,
    url: str | None = None,
    token: str | None = None,
    lease_seconds: float = 600.0,
    holder: str | None = None,
) -> "Iterator[AskedTrial]":
    """Yield trials of an experiment that Podium does not train itself, until it is over; see `podium.asking`.

    A run is given to somebody else after `lease_seconds` without a report. `holder` says who asks, for people to read.
    Raises podium.client.PodiumError.
    """
    from podium import asking  # noqa: PLC0415

    return asking.opened(experiment, url=url, token=token, lease_seconds=lease_seconds, holder=holder)


def figures(experiment: str, *, url: str | None = None, token: str | None = None) -> "Gallery":
    """Return an experiment's figures by their names; `experiment` is its id, or its name if no other has it.

    The controller is that of `url`, else of PODIUM_URL, else what runs on this machine; the token is PODIUM_TOKEN.
    Raises podium.client.PodiumError, and ImportError without plotly: see `podium.gallery`.
    """
    from podium import gallery  # noqa: PLC0415

    return gallery.opened(experiment, url=url, token=token)
