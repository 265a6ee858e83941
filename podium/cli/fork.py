"""`podium fork`: a new experiment from an old one's spec."""

from collections.abc import Sequence
from typing import Annotated

import typer

from podium.cli.output import Answer, answers
from podium.cli.reading import Target, Url, connect
from podium.cli.terminal import BadInput
from podium.documents import UnreadableDocument, read_document, write_document
from podium.faults import SpecRejected, parse_spec
from podium.forking import NoSuchPath, forked

Sets = Annotated[list[str] | None, typer.Option("--set", help="PATH=VALUE, as in budget.runs=50; several times.")]
Unsets = Annotated[list[str] | None, typer.Option("--unset", help="PATH, as in stop_when; several times.")]
Name = Annotated[str | None, typer.Option("--name", help="The new experiment's name; else the old one's.")]
WarmStart = Annotated[bool, typer.Option("--warm-start", help="Try first what the old experiment found best.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the spec, and create nothing.")]


@answers
def fork(  # noqa: PLR0913,PLR0917  # typer reads options from parameters
    experiment: Target,
    sets: Sets = None,
    unsets: Unsets = None,
    name: Name = None,
    warm_start: WarmStart = False,
    dry_run: DryRun = False,
    url: Url = None,
) -> Answer:
    """Start a new experiment from an old one's spec, as it stands now, with changes."""
    with connect(url) as client:
        old = client.find(experiment)
        document = old.spec.model_dump(mode="json", exclude_unset=True, exclude_none=True)
        changes = _changes(sets or ()) | ({} if name is None else {"name": name})
        if warm_start:
            changes["warm_start"] = [old.id]
            document.pop("guesses", None)  # the best of the old experiment are better ones, and its own were among them
        try:
            spec = parse_spec(new := forked(document, changes, unsets or ()))
        except NoSuchPath as error:
            raise BadInput(str(error)) from None
        except SpecRejected as error:
            raise BadInput("the new spec has faults", [str(fault) for fault in error.faults]) from None
        if dry_run:
            return Answer(document=new, view=write_document(new).rstrip("\n"))
        created = client.create(spec, project=old.project)
    return Answer(document=created, view=created.id, names=[created.id])


def _changes(sets: Sequence[str]) -> dict[str, object]:
    """Read PATH=VALUE, the value as YAML. Raises BadInput."""
    found: dict[str, object] = {}
    for each in sets:
        path, equals, value = each.partition("=")
        if not equals:
            raise BadInput(f"--set {each}: write PATH=VALUE, as in --set budget.runs=50")
        try:
            found[path.strip()] = read_document(value)
        except UnreadableDocument as error:
            raise BadInput(f"--set {each}: {error}") from None
    return found
