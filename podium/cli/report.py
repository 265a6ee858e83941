"""`podium report`: what one or several experiments found and took, on the screen or as a file."""

import os
from pathlib import Path
from typing import Annotated

import typer

from podium import whole_file
from podium.cli.output import quietly
from podium.cli.reading import Url, connect
from podium.cli.terminal import BadInput, remarks
from podium.study import MOST_ARMS, ReportFormat
from podium.study_markdown import markdown_of

FORMATS: dict[str, ReportFormat] = {
    ".html": "html",
    ".htm": "html",
    ".json": "json",
    ".md": "markdown",
    ".markdown": "markdown",
}

Targets = Annotated[
    list[str], typer.Argument(metavar="EXPERIMENT...", help="Ids of experiments, or names that no other has.")
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", help="Write to this file: .html, .md or .json.  [default: a short one on the screen]"
    ),
]
ReferenceArm = Annotated[
    str | None,
    typer.Option("--reference", metavar="EXPERIMENT", help="Count points from its baseline.  [default: the first's]"),
]
Price = Annotated[
    float | None,
    typer.Option("--price-per-hour", min=0, help="Of a Pod or process that had no `pricePerHour` of its own."),
]


@quietly
def report(
    experiments: Targets, output: Output = None, reference: ReferenceArm = None, price: Price = None, url: Url = None
) -> None:
    """Report a study: what each experiment gained over its baseline, what that took, and what is still wrong."""
    file_format = None if output is None else _format_of(output)
    if len(experiments) > MOST_ARMS:
        raise BadInput(f"a report has {MOST_ARMS} experiments at most, found {len(experiments)}")
    with connect(url) as client:
        ids = [client.find(each).id for each in experiments]
        counted_from = None if reference is None else client.find(reference).id
        if output is None or file_format is None:
            told = client.report(ids, reference=counted_from, price_per_hour=price)
            typer.echo(markdown_of(told, is_brief=True), nl=False)
            return
        content = client.report_file(ids, file_format, reference=counted_from, price_per_hour=price)
    whole_file.write(os.path.abspath(output), content)
    remarks().print(f"wrote {output}")


def _format_of(output: Path) -> ReportFormat:
    """Return what to write by the file's suffix. Raises BadInput for one that says nothing."""
    found = FORMATS.get(output.suffix.lower())
    if found is None:
        raise BadInput(f"{output}: the suffix says what to write, and must be {', '.join(FORMATS)}")
    return found
