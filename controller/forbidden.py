"""What a trial may not have of its namespace: Podium's own Secrets and claims, which Kubernetes mounts for anyone."""

from collections.abc import Collection, Iterator

from controller.jobs import key_of_job
from podium.fault import Fault
from podium.pod import PodShape
from podium.spec import ExperimentSpec

ALLOWED = "a Secret or a claim of your own; this one is Podium's"


def forbidden_references(spec: ExperimentSpec, reserved: Collection[str]) -> list[Fault]:
    """Return a fault for each reference to a run token's Secret or to one of the `reserved` names."""
    if spec.trial is None:
        return []
    shapes = {"trial": spec.trial} | {f"trial.rungs.{name}": shape for name, shape in spec.trial.rungs.items()}
    return [
        Fault(path=f"{where}.{path}", found=name, allowed=ALLOWED)
        for where, shape in shapes.items()
        for path, name, is_secret in _references(shape)
        if name in reserved or (is_secret and key_of_job(name) is not None)
    ]


def _references(shape: PodShape) -> Iterator[tuple[str, str, bool]]:
    """Yield the path and the name of what the Pod reads, and whether it is a Secret."""
    for position, source in enumerate(shape.envFrom or ()):
        if source.secretRef is not None:
            yield f"envFrom[{position}].secretRef.name", source.secretRef.name, True
    for position, volume in enumerate(shape.volumes):
        if volume.secret is not None:
            yield f"volumes[{position}].secret.secretName", volume.secret.secretName, True
        if volume.persistentVolumeClaim is not None:
            claim = volume.persistentVolumeClaim.claimName
            yield f"volumes[{position}].persistentVolumeClaim.claimName", claim, False
