"""The base of everything that crosses the wire: closed, and never changed after it is read."""

from pydantic import BaseModel, ConfigDict


class Contract(BaseModel):
    """A message between Podium's parts. A key that it does not know is an error, never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)
