"""`podium-controller doctor`: what only a controller can try, from where it runs: its store, and its rights."""

from collections.abc import Iterable
from uuid import uuid4

import fsspec
import typer

from podium.diagnosis import Finding, Verdict


def store_finding(artifacts_url: str) -> Finding:
    """Write, read and delete a file of the artifact store."""
    probe, content = f"{artifacts_url}/.podium-doctor-{uuid4().hex}", b"podium"
    try:
        filesystem, path = fsspec.core.url_to_fs(probe)
        filesystem.makedirs(path.rpartition("/")[0], exist_ok=True)
        filesystem.pipe_file(path, content)
        found = filesystem.cat_file(path)
        filesystem.rm_file(path)
    except Exception as error:  # noqa: BLE001 - each storage has errors of its own, and all of them are the answer
        return Finding(
            name="artifacts",
            verdict=Verdict.FAILED,
            found=f"a file of {artifacts_url} cannot be written, read and deleted: {type(error).__name__}: {error}",
            remedy="see that PODIUM_ARTIFACTS_URL names the store, and that its credentials or volume allow it",
        )
    if found != content:
        remedy = "see whether another process or a cache stands between"
        return Finding(name="artifacts", verdict=Verdict.FAILED, found="what was written is not read", remedy=remedy)
    return Finding(name="artifacts", verdict=Verdict.OK, found=f"{artifacts_url} can be written, read and deleted from")


def tell(findings: Iterable[Finding]) -> bool:
    """Print findings as they come, each with its remedy; say whether none has failed."""
    is_well = True
    for finding in findings:
        is_well = is_well and finding.verdict is not Verdict.FAILED
        typer.echo(f"{finding.verdict:8} {finding.name:10} {finding.found}")
        if finding.remedy:
            typer.echo(f"{'':19} {finding.remedy}")
    return is_well
