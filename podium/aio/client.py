"""`podium.AsyncClient`: finds the controller by itself, and leads from experiments to their trials and tables."""

import asyncio
import os
import warnings

from podium.address import Address, find_address
from podium.aio.endpoints import AsyncPodiumClient
from podium.aio.experiments import AsyncExperiments
from podium.pausing import AsyncSleep


class AsyncClient(AsyncPodiumClient):
    """A connection to one controller, which `podium login`, the environment or the arguments name.

    async with podium.AsyncClient() as client:
        experiment = await client.experiments.create("digits.yaml")
        await experiment.wait(progress=True)
        best = await experiment.best()

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
        sleep: AsyncSleep = asyncio.sleep,
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
    def experiments(self) -> AsyncExperiments:
        """The experiments: `create`, `get`, `list`, `wait` and more. Called, it yields them as the wire has them."""
        return AsyncExperiments(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.url}>"  # and never the token
