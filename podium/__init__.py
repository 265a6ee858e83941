"""Podium tunes deep-learning training: a Gaussian process over (parameters, fidelity) decides what to train, how long.

    client = podium.Client()                             # the controller of `podium login`, or of this machine
    experiment = client.experiments.create("digits.yaml")
    experiment.wait(progress=True).best()

spec, checks, faults   the experiment spec and everything that can be wrong with one
wire, taxonomy         requests, responses, and the words for states and endings
trainer                what the built-in trainer understands
aio, blocking          the API as Python: `podium.AsyncClient`, and `podium.Client` that is made from it
client, refusal        the names to import, and the tree of errors
address, profiles      which controller is meant, and what `podium login` keeps
sdk                    `with podium.trial() as trial:` for a training script of one's own
tuning, packaging      `podium.tune(train, space)` for a function, here or sent along to Jobs
asked, asking          `for trial in podium.ask("digits-k3f9"):` where Podium starts no training
cli                    the `podium` command
"""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from podium.aio.client import AsyncClient as AsyncClient
    from podium.aio.experiment import AsyncExperiment as AsyncExperiment
    from podium.asking import AskedTrial
    from podium.blocking.client import Client as Client
    from podium.blocking.experiment import Experiment as Experiment
    from podium.blocking.gallery import Gallery
    from podium.refusal import PodiumError as PodiumError
    from podium.sdk import Trial
    from podium.tuning import choice as choice
    from podium.tuning import integer as integer
    from podium.tuning import real as real
    from podium.tuning import tune as tune

LATER = {
    "choice": "podium.tuning",
    "integer": "podium.tuning",
    "real": "podium.tuning",
    "tune": "podium.tuning",
    "AsyncClient": "podium.aio.client",
    "AsyncExperiment": "podium.aio.experiment",
    "Client": "podium.blocking.client",
    "Experiment": "podium.blocking.experiment",
    "PodiumError": "podium.refusal",
}
"""Names that are looked up when they are first used."""


if not TYPE_CHECKING:  # a type checker that saw it would believe in any name

    def __getattr__(name: str) -> object:
        """Import a name where it is used: `import podium` stays light, as the HTTP client is half a second."""
        from importlib import import_module  # noqa: PLC0415

        if name not in LATER:
            raise AttributeError(f"module 'podium' has no attribute {name!r}")
        return getattr(import_module(LATER[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *LATER})


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

    The controller and the token are found as `podium.Client` finds them. Raises PodiumError, and ImportError without
    plotly: see `podium.blocking.gallery`.
    """
    import weakref  # noqa: PLC0415

    from podium.blocking.client import Client  # noqa: PLC0415

    client = Client(url, token=token)
    found = client.experiments.get(experiment).figures
    weakref.finalize(found, client.close)  # nobody else can
    return found
