"""The files of SigOpt Orchestrate: one `orchestrate.yml`, or later a `run.yml` beside an `experiment.yml`."""

import re
from collections.abc import Mapping
from typing import Any

from podium.importing import sigopt
from podium.importing.naming import named
from podium.importing.source import Found, Source, section
from podium.importing.space import Written

OF_A_RUN = (
    "name",
    "run",
    "image",
    "resources",
    "resources_per_model",
    "install",
    "language",
    "framework",
    "optimization",
)
EPOCHS = re.compile(r"--(?:num[-_])?epochs[= ](\d+)")
REPORTS = (
    "the command must report to Podium: `with podium.trial() as trial:` instead of `orchestrate.io.assignment` and "
    "`log_metric`, or run it through `python -m podium.wrapped`, which reads metrics from what it prints"
)


def orchestrated(source: Source, *, full_epochs: int | None = None, beside: Found | None = None) -> Written:
    """Return the spec of an `orchestrate.yml`; of an `experiment.yml`, where `beside` is its `run.yml`."""
    run = source.document if beside is None else beside
    optimization = section(source.document, "optimization", "") if beside is None else source.document
    path = "optimization" if beside is None else ""
    command = _command(run)
    if full_epochs is None and command and (said := EPOCHS.search(command[-1])) and optimization.get("tasks"):
        full_epochs = int(said.group(1))
        source.assumed("run", f"a full training is {full_epochs} epochs, as the command says")
    written = sigopt.experiment(source, optimization, path, full_epochs=full_epochs)
    if run.get("name"):
        written["name"] = named(source, "name", run["name"])
    source.unlisted("", run if beside is None else {}, OF_A_RUN, "it is about the cluster, or how an image was built")
    written["trial"] = _trial(source, run, command)
    return written


def _trial(source: Source, run: Found, command: list[str] | None) -> Written:
    trial: Written = {"command": command} if command else {"external": True}
    if command:
        source.assumed("run", REPORTS)
    else:
        source.assumed("run", "it is missing: Podium starts nothing, and gives its runs to who asks (`podium.ask`)")
    if run.get("image"):
        trial["image"] = str(run["image"])
    elif command:
        source.assumed("image", "it names none that exists: give `trial.image`, or the chart's own is used")
    if install := run.get("install"):
        source.lost("install", f"build it into the image: {'; '.join(map(str, _lines(install)))}")
    for key in ("language", "framework"):
        if run.get(key):
            source.changed(key, f"{run[key]}: the image has what the command needs")
    if resources := _resources(source, run):
        trial["resources"] = resources
    return trial


def _command(run: Found) -> list[str] | None:
    lines = [str(line) for line in _lines(run.get("run")) if line]
    return ["sh", "-c", " && ".join(lines)] if lines else None


def _lines(found: Any) -> list[Any]:  # Any: one line or several
    return found if isinstance(found, list) else [found] if found else []


def _resources(source: Source, run: Found) -> Written:
    key = "resources" if run.get("resources") else "resources_per_model"
    found = section(run, key, "")
    written: Written = {}
    for kind in ("requests", "limits"):
        amounts = {name: str(value) for name, value in section(found, kind, key).items() if value is not None}
        if amounts:
            written[kind] = amounts
    if gpus := found.get("gpus"):
        written.setdefault("limits", {})["nvidia.com/gpu"] = str(gpus)
        source.changed(f"{key}.gpus", f"{gpus} of nvidia.com/gpu; name another accelerator where yours is another")
    source.unlisted(key, found, ("requests", "limits", "gpus"))
    return written


def is_orchestrate(document: Mapping[str, Any]) -> bool:
    return isinstance(document.get("optimization"), Mapping)
