"""`podium results`: what a full training measured beside its one number, on the screen or as files."""

from pathlib import Path
from typing import Annotated

import typer

from podium.cli.output import Answer, answers
from podium.cli.reading import Target, Url, connect
from podium.cli.results_view import results_view
from podium.cli.terminal import remarks
from podium.client import PodiumClient
from podium.results import SUMMARY, Summary

Number = Annotated[
    int | None, typer.Argument(metavar="[TRIAL]", help="The trial's number.  [default: the best trial]", min=1)
]
Download = Annotated[
    Path | None, typer.Option("--download", metavar="DIR", help="Save summary, predictions and thumbnails there.")
]


OnTest = Annotated[bool, typer.Option("--test", help="Those on the test part, which `podium evaluate` makes.")]


@answers
def results(
    experiment: Target, number: Number = None, test: OnTest = False, download: Download = None, url: Url = None
) -> Answer:
    """Show a full training in detail: accuracy by label, commonest errors, calibration; or save it as files."""
    with connect(url) as client:
        found = client.find(experiment)
        trial = number or client.best(found.id).number
        summary = client.results(found.id, trial, part="test" if test else "validation")
        if download is not None:
            _save(client, (found.id, trial), summary, download)
            remarks().print(f"saved {len(summary.files()) + 1} files in {download}")
    return Answer(document=summary, view=results_view(trial, summary), names=[trial])


def _save(client: PodiumClient, trial: tuple[str, int], summary: Summary, folder: Path) -> None:
    """Save all files; names come from the summary, which allows none that leads elsewhere."""
    for name in summary.files():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(client.result_file(*trial, name, part=summary.part))
    (folder / SUMMARY).write_text(summary.model_dump_json(indent=2) + "\n", encoding="utf-8")
