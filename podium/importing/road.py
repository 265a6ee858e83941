"""From a file of another tool's to a spec of Podium's: which tool it is, and whether what comes out is whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from podium.documents import write_document
from podium.fault import Fault
from podium.faults import SpecRejected, parse_spec
from podium.importing import katib, optuna, orchestrate, sigopt
from podium.importing.remark import Remark
from podium.importing.source import Found, NotImportable, Source, read_source
from podium.importing.space import Written

SEPARATOR = "\n---"


class Road(StrEnum):
    KATIB = "katib"
    ORCHESTRATE = "orchestrate"
    SIGOPT = "sigopt"
    OPTUNA = "optuna"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A spec as it is to be written, and all that is to be said of it."""

    road: Road
    document: Written
    remarks: Sequence[Remark]
    faults: Sequence[Fault]
    """What keeps Podium from taking the spec as it is."""

    @property
    def text(self) -> str:
        """The spec as YAML, with every remark above it."""
        head = [f"# Imported from {self.road}. What is not as it was:", *(f"#   {each}" for each in self.remarks)]
        return "\n".join([*head, "", write_document(self.document)])


def imported(
    text: str, *, road: Road | None = None, run_text: str | None = None, full_epochs: int | None = None
) -> list[Imported]:
    """Return the experiments that a file holds. `run_text` is the `run.yml` beside a `sigopt` experiment file.

    Raises UnreadableDocument and NotImportable.
    """
    parts = [part for part in _parts(text) if part.strip()]
    if not parts:
        raise NotImportable("the file is empty")
    sources = [read_source(part) for part in parts]
    if road is None and len(sources) > 1:  # beside its Experiment a Katib file may hold ConfigMaps, and more
        sources = [source for source in sources if katib.is_katib(source.document)]
        if not sources:
            raise NotImportable(
                "of the documents in this file none is a Katib Experiment; other tools write one a file"
            )
    beside = None if run_text is None else read_source(run_text).document
    return [_one(source, road or road_of(source.document), beside, full_epochs) for source in sources]


def road_of(document: Found) -> Road:
    """Say which tool wrote a document. Raises NotImportable where it looks like none of them."""
    if katib.is_katib(document):
        return Road.KATIB
    if orchestrate.is_orchestrate(document):
        return Road.ORCHESTRATE
    if isinstance(document.get("parameters"), list):
        return Road.SIGOPT
    raise NotImportable(
        "this is no Katib Experiment (apiVersion, kind), no Orchestrate file (`optimization`) and no SigOpt experiment "
        "(a list of `parameters`); say what it is with --from"
    )


def imported_study(url: str, study: str | None) -> Imported:
    """Return an Optuna study as an experiment. Raises NotImportable."""
    with optuna.opened(url, study) as found:
        source, document = optuna.experiment(found)
    return _whole(Road.OPTUNA, source, document)


def _one(source: Source, road: Road, beside: Found | None, full_epochs: int | None) -> Imported:
    match road:
        case Road.KATIB:
            document = katib.experiment(source)
        case Road.ORCHESTRATE:
            document = orchestrate.orchestrated(source, full_epochs=full_epochs)
        case Road.SIGOPT if beside is not None:
            document = orchestrate.orchestrated(source, full_epochs=full_epochs, beside=beside)
        case Road.SIGOPT:
            document = sigopt.experiment(source, source.document, full_epochs=full_epochs)
            document["trial"] = {"external": True}
            source.assumed("trial", "it does not say how: Podium gives its runs to who asks (`podium.ask`)")
        case Road.OPTUNA:
            raise NotImportable("a study is read from its storage: podium import optuna:sqlite:///study.db")
    return _whole(road, source, document)


def _whole(road: Road, source: Source, document: Written) -> Imported:
    try:
        parse_spec(document)
        faults: list[Fault] = []
    except SpecRejected as rejected:
        faults = rejected.faults
    return Imported(road=road, document=document, remarks=source.remarks, faults=faults)


def _parts(text: str) -> list[str]:
    """Split a file of several documents, each with as many empty lines before it as keep its line numbers."""
    parts, lines = [], 0
    for part in (text if text.startswith("---") else f"---{text}").split(SEPARATOR):
        body = part.removeprefix("---")
        parts.append("\n" * lines + body)
        lines += part.count("\n") + 1
    return parts
