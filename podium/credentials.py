"""Where a trial's process finds its controller, and the token that opens it: Podium gives it both."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from podium.leaving import Fault
from podium.wire import RUN_TOKEN_FILE_VARIABLE, RUN_TOKEN_VARIABLE, URL_VARIABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    url: str
    token: str = field(repr=False)


def credentials(environment: Mapping[str, str]) -> Credentials:
    """Read them from the environment. Raises Fault for what is missing."""
    return Credentials(url=_required(URL_VARIABLE, environment), token=_run_token(environment))


def _run_token(environment: Mapping[str, str]) -> str:
    """Read the token from the file that Kubernetes mounts, else from the environment."""
    path = environment.get(RUN_TOKEN_FILE_VARIABLE)
    if not path:
        return _required(RUN_TOKEN_VARIABLE, environment)
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError) as error:
        raise Fault(f"the run token cannot be read, {RUN_TOKEN_FILE_VARIABLE} names {path}: {error}") from None


def _required(variable: str, environment: Mapping[str, str]) -> str:
    if value := environment.get(variable):
        return value
    raise Fault(f"{variable} is not set; Podium sets it for the processes that it starts: try `podium run FILE`")
