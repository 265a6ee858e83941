# Made from podium/aio/diagnosis.py by `make sdk`; change it there.
"""What a client asks about the installation."""

from podium.blocking.connection import Connection
from podium.diagnosis import Diagnosis


class DiagnosisMethods(Connection):
    """Every method raises PodiumError."""

    def diagnosis(self) -> Diagnosis:
        """Return what is well and what is not, as the controller sees it; an admin's token is needed."""
        return self._read(self._get("/doctor"), Diagnosis)
