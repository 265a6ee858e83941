"""How an arm was run, so that it can be run again."""

from collections.abc import Mapping, Sequence
from typing import Any

from controller.experiment import ladder_of
from controller.study.facts import ArmFacts, FullResults
from podium.documents import write_document
from podium.spec import ExperimentSpec
from podium.study import EnvironmentUse, Provenance

LEFT_OUT = "left out of the report"
Document = dict[str, Any]  # Any: a YAML document


def provenance_of(arm: ArmFacts, results: Sequence[FullResults]) -> Provenance:
    """Tell how an arm was run; `results` are those of its full trainings."""
    images, held_out = next(iter(digests_of(arm, results)), (None, None))
    return Provenance(
        spec_yaml=write_document(without_secrets(arm.spec_document)),
        seed=arm.spec.seed,
        data_digest=images,
        split_digest=held_out,
        images=_images(arm.spec),
        ran_images=sorted(arm.ran_images),
        controller_versions=sorted(arm.controller_versions),
        environments=[EnvironmentUse(environment=each, attempts=count) for each, count in arm.environments if each],
        untold_attempts=sum(count for each, count in arm.environments if each is None),
        clusters=sorted(arm.clusters),
        nodes=sorted(arm.nodes),
        model_versions=sorted(arm.model_versions),
    )


def digests_of(arm: ArmFacts, results: Sequence[FullResults]) -> list[tuple[str, str]]:
    """Return what results know of the data and of what was held out; without any, what the first run told."""
    known = [(each.summary.data_digest, each.summary.split_digest) for each in results]
    return known or ([(arm.data.images, arm.data.held_out)] if arm.data else [])


def without_secrets(spec: Mapping[str, object]) -> Document:
    """Return a spec without the values of environment variables: a report is passed on further than a spec."""
    document: Document = dict(spec)
    trial = document.get("trial")
    if isinstance(trial, dict):
        document["trial"] = _without_values(trial)
        if isinstance(rungs := trial.get("rungs"), dict):
            document["trial"]["rungs"] = {name: _without_values(shape) for name, shape in rungs.items()}
    return document


def _without_values(shape: Document) -> Document:
    return shape | {"env": dict.fromkeys(shape["env"], LEFT_OUT)} if shape.get("env") else dict(shape)


def _images(spec: ExperimentSpec) -> dict[str, str | None]:
    if spec.trial is None:
        return {rung.name: None for rung in ladder_of(spec.fidelity).rungs}
    own = {name: shape.image for name, shape in spec.trial.rungs.items()}
    return {rung.name: own.get(rung.name) or spec.trial.image for rung in ladder_of(spec.fidelity).rungs}
