"""`podium import`: an experiment of another tool's becomes a spec of Podium's, and what is lost is said line by line.

0  a spec was written    1  it needs a hand, or something was lost and --strict was given    2  it cannot be read
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from podium.cli.output import quietly
from podium.cli.terminal import BadInput, remarks
from podium.documents import UnreadableDocument
from podium.importing.optuna import PREFIX, without_password
from podium.importing.remark import Kind
from podium.importing.road import Imported, Road, imported, imported_study
from podium.importing.source import NotImportable

NEEDS_A_HAND = 1
SQLITE = b"SQLite format 3\0"
"""How such a file begins."""
From = Annotated[
    str, typer.Argument(metavar="FILE", help=f"A file, or {PREFIX}URL for the storage of an Optuna study.")
]
As = Annotated[Road | None, typer.Option("--from", help="What it is, where the file does not tell.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead of the screen.")]
Force = Annotated[bool, typer.Option("--force", help="Write over a file that is there.")]
Strict = Annotated[bool, typer.Option("--strict", help="Fail where anything is lost.")]
RunFile = Annotated[Path | None, typer.Option("--run-file", help="The run.yml beside a SigOpt experiment file.")]
FullEpochs = Annotated[int | None, typer.Option("--full-epochs", help="Epochs of a full training.", min=1, max=99_999)]
Study = Annotated[str | None, typer.Option("--study", help="The study, where the storage holds several.")]


@quietly
def import_(  # noqa: PLR0913,PLR0917  # typer reads options from parameters
    source: From,
    road: As = None,
    output: Output = None,
    force: Force = False,
    strict: Strict = False,
    run_file: RunFile = None,
    full_epochs: FullEpochs = None,
    study: Study = None,
) -> int:
    """Write a spec from a Katib Experiment, a SigOpt or Orchestrate file, or an Optuna study.

    What could not be carried over goes to stderr, and stands above the spec.
    """
    if output is not None and output.exists() and not force:
        raise BadInput(f"{output} is there already; --force writes over it")
    shown = without_password(source)
    try:
        if road is Road.OPTUNA or source.startswith(PREFIX):
            found = [imported_study(source.removeprefix(PREFIX), study)]
        else:
            run_text = None if run_file is None else _text_of(run_file)
            found = imported(_text_of(Path(source)), road=road, run_text=run_text, full_epochs=full_epochs)
    except (UnreadableDocument, NotImportable) as error:
        raise BadInput(f"{shown}: {error}") from None
    text = "---\n".join(each.text for each in found)
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")
    return _say(shown, found, strict=strict)


def _text_of(path: Path) -> str:
    """Return what a file holds. Raises BadInput."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror}") from None
    if content.startswith(SQLITE):
        raise BadInput(f"{path} is an SQLite database; of an Optuna study: podium import {PREFIX}sqlite:///{path}")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise BadInput(f"{path}: it is not UTF-8 text") from None


def _say(source: str, found: Sequence[Imported], *, strict: bool) -> int:
    for each in found:
        for remark in each.remarks:
            remarks().print(f"{source}: {remark}", soft_wrap=True)
        for fault in each.faults:
            typer.echo(f"{source}: to mend before it runs: {fault}", err=True)
    if len(found) > 1:
        several = f"{source}: {len(found)} experiments, with --- between them: `podium run` takes a file for each"
        remarks().print(several, soft_wrap=True)
    lost = any(remark.kind is Kind.LOST for each in found for remark in each.remarks)
    return NEEDS_A_HAND if any(each.faults for each in found) or (strict and lost) else 0
