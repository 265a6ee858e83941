# Made from podium/aio/client.py by `make sdk`; change it there.
"""`podium.Client`: finds the controller by itself, and leads from experiments to their trials and tables."""

import os
import time
import warnings

from podium.address import Address, find_address
from podium.blocking.endpoints import PodiumClient
from podium.blocking.experiments import Experiments
from podium.pausing import Sleep


class Client(PodiumClient):
    """A connection to one controller, which `podium login`, the environment or the arguments name.

    with podium.Client() as client:
        experiment = client.experiments.create("digits.yaml")
        experiment.wait(progress=True)
        best = experiment.best()

    The address is `url`, else PODIUM_URL, else that of `podium login`, else what runs on this machine; the token
    likewise, and a kept one goes to the address that it was kept for alone. `profile` chooses one that `podium login
    --profile` made. What else the API can is a method each: `trials`, `runs`, `results`, `report` and more.

    Raises BadConfig; every method raises PodiumError.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        profile: str | None = None,
        timeout_seconds: float = 10.0,
        sleep: Sleep = time.sleep,
    ) -> None:
        self.address: Address = find_address(url, token, os.environ, profile=profile)
        if self.address.remark:
            warnings.warn(self.address.remark, stacklevel=2)
        super().__init__(
            self.address.url,
            token=self.address.token,
            timeout_seconds=timeout_seconds,
            sleep=sleep,
        )

    @property
    def experiments(self) -> Experiments:
        """The experiments: `create`, `get`, `list`, `wait` and more. Called, it yields them as the wire has them."""
        return Experiments(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.url}>"  # and never the token
