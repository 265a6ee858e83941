"""The part of a Pod that an experiment may shape.

Keys that Kubernetes has bear Kubernetes' names, so that a block can be pasted from a Pod's manifest; what the Pod
Security Standard `restricted` forbids has no key here. All is checked when the experiment is created: a wrong key must
not wait for a Pod to fail on it.
"""

import posixpath
import re
from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from podium import quantity
from podium.contract import Contract
from podium.resources import QualifiedName, Quantity, Resources

Text = Annotated[str, Field(pattern=r"^[^\x00]*$")]
"""What a process can be given: no NUL in it."""
DnsLabel = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
DnsName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$")]
LabelValue = Annotated[str, Field(pattern=r"^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$")]
Weight = Annotated[int, Field(ge=1, le=100)]
EnvName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
AbsolutePath = Annotated[str, Field(pattern=r"^/[^\x00:]*$")]


class Part(Contract):
    model_config = ConfigDict(strict=True)


class Toleration(Part):
    key: QualifiedName | None = None
    operator: Literal["Equal", "Exists"] = "Equal"
    value: LabelValue | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    tolerationSeconds: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _operator_fits(self) -> Self:
        if self.operator == "Exists" and self.value:
            raise ValueError("`operator: Exists` takes no `value`")
        if self.operator == "Equal" and self.key is None:
            raise ValueError("`operator: Equal` needs a `key`")
        return self


class NodeRequirement(Part):
    key: QualifiedName
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]
    values: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _values_fit(self) -> Self:
        match self.operator:
            case "In" | "NotIn" if not self.values:
                raise ValueError(f"`operator: {self.operator}` needs `values`")
            case "Exists" | "DoesNotExist" if self.values:
                raise ValueError(f"`operator: {self.operator}` takes no `values`")
            case "Gt" | "Lt" if len(self.values) != 1 or not re.fullmatch(r"-?\d+", self.values[0]):
                raise ValueError(f"`operator: {self.operator}` takes one integer")
        return self


class NodeTerm(Part):
    matchExpressions: list[NodeRequirement] = Field(default_factory=list)
    matchFields: list[NodeRequirement] = Field(default_factory=list)


class NodeTerms(Part):
    nodeSelectorTerms: Annotated[list[NodeTerm], Field(min_length=1)]


class PreferredNodes(Part):
    weight: Weight
    preference: NodeTerm


class NodeAffinity(Part):
    requiredDuringSchedulingIgnoredDuringExecution: NodeTerms | None = None
    preferredDuringSchedulingIgnoredDuringExecution: list[PreferredNodes] = Field(default_factory=list)


class LabelRequirement(Part):
    key: QualifiedName
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    values: list[LabelValue] = Field(default_factory=list)


class LabelSelector(Part):
    matchLabels: dict[QualifiedName, LabelValue] = Field(default_factory=dict)
    matchExpressions: list[LabelRequirement] = Field(default_factory=list)


class PodTerm(Part):
    labelSelector: LabelSelector | None = None
    topologyKey: QualifiedName
    namespaces: list[DnsLabel] = Field(default_factory=list)
    namespaceSelector: LabelSelector | None = None


class PreferredPods(Part):
    weight: Weight
    podAffinityTerm: PodTerm


class PodAffinity(Part):
    requiredDuringSchedulingIgnoredDuringExecution: list[PodTerm] = Field(default_factory=list)
    preferredDuringSchedulingIgnoredDuringExecution: list[PreferredPods] = Field(default_factory=list)


class Affinity(Part):
    nodeAffinity: NodeAffinity | None = None
    podAffinity: PodAffinity | None = None
    podAntiAffinity: PodAffinity | None = None


class Reference(Part):
    name: DnsName
    optional: bool = False


class EnvironmentSource(Part):
    prefix: EnvName | None = None
    configMapRef: Reference | None = None
    secretRef: Reference | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.configMapRef is None) == (self.secretRef is None):
            raise ValueError("give `configMapRef` or `secretRef`, one of the two")
        return self


class ImagePullSecret(Part):
    name: DnsName


class ClaimSource(Part):
    claimName: DnsName


class ConfigMapSource(Part):
    name: DnsName
    optional: bool = False


class SecretSource(Part):
    secretName: DnsName
    optional: bool = False


class EmptyDirSource(Part):
    medium: Literal["", "Memory"] = ""
    sizeLimit: Quantity | None = None


class Volume(Part):
    """A volume and where it is mounted, in one: a worker has one container."""

    name: DnsLabel
    mountPath: AbsolutePath
    subPath: Text | None = None
    readOnly: bool = False
    persistentVolumeClaim: ClaimSource | None = None
    configMap: ConfigMapSource | None = None
    secret: SecretSource | None = None
    emptyDir: EmptyDirSource | None = None

    @field_validator("subPath")
    @classmethod
    def _stays_within(cls, path: str | None) -> str | None:
        if path is not None and (path.startswith("/") or ".." in path.split("/")):
            raise ValueError("a relative path without `..`")
        return path

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.name in TAKEN_VOLUMES:
            raise ValueError(f"the volume names {', '.join(TAKEN_VOLUMES)} are Podium's own")
        if f"{posixpath.normpath(self.mountPath)}/".startswith(f"{TOKEN_FOLDER}/"):
            raise ValueError(f"{TOKEN_FOLDER} is Podium's own")
        given = [
            one for one in (self.persistentVolumeClaim, self.configMap, self.secret, self.emptyDir) if one is not None
        ]
        if len(given) != 1:
            raise ValueError("give one of `persistentVolumeClaim`, `configMap`, `secret`, `emptyDir`")
        return self


TOKEN_FOLDER = "/var/run/secrets/podium"
TAKEN_VOLUMES = ("podium-run-token", "podium-tmp", "podium-shm")
OWN_VARIABLES = ("PODIUM_CACHE_DIR", "PODIUM_CACHE_GIGABYTES", "PODIUM_SHARED_GIGABYTES", "PODIUM_PROCESSES")
"""What a Pod may say to the built-in trainer: its volumes, for the cache, and its accelerators are its own."""
DEFAULT_SHARED_MEMORY = "4Gi"
DEFAULT_USER = 65532
DEFAULT_GRACE_SECONDS = 60


class PodShape(Part):
    """How an attempt's Pod looks. What is None is the chart's to say, then Podium's."""

    image: Annotated[str, Field(pattern=r"^[^\s\x00]{1,500}$")] | None = None
    imagePullPolicy: Literal["Always", "IfNotPresent", "Never"] | None = None
    imagePullSecrets: list[ImagePullSecret] | None = None
    env: dict[EnvName, Text] = Field(default_factory=dict)
    envFrom: list[EnvironmentSource] | None = None
    resources: Resources | None = None
    sharedMemory: Quantity | None = None
    """Size of /dev/shm, in memory and within the memory limit: 4Gi unless given. Data loaders share batches there."""
    volumes: list[Volume] = Field(default_factory=list)
    nodeSelector: dict[QualifiedName, LabelValue] | None = None
    tolerations: list[Toleration] | None = None
    affinity: Affinity | None = None
    priorityClassName: DnsName | None = None
    runtimeClassName: DnsName | None = None
    serviceAccountName: DnsName | None = None
    queue: DnsLabel | None = None
    """Kueue's LocalQueue: the Job is created suspended and waits there for its quota."""
    runAsUser: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    """User and group; 65532 unless given. Root is refused. Volumes belong to group 65532, which every Pod is in."""
    readOnlyRootFilesystem: bool | None = None
    """True unless given; /tmp and the volumes can be written."""
    terminationGracePeriodSeconds: Annotated[int, Field(ge=1, le=86_400)] | None = None
    """From SIGTERM, at which a worker stores its state, to SIGKILL; 60 unless given."""
    outOfMemoryFactor: Annotated[float, Field(gt=1, le=16)] | None = None
    """An attempt that was killed for want of memory is tried once more with its memory multiplied by this."""
    pricePerHour: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    """What an hour of this Pod costs, in a currency of one's own; a rung on spot nodes has its own price."""
    silenceSeconds: Annotated[int, Field(ge=1, le=30 * 86_400)] | None = None
    """An attempt that reports nothing for so long is ended. Learned from the epochs before unless given."""

    @field_validator("env")
    @classmethod
    def _podium_names_are_taken(cls, env: dict[str, str]) -> dict[str, str]:
        taken = sorted(name for name in env if name.startswith("PODIUM_") and name not in OWN_VARIABLES)
        if taken:
            raise ValueError(f"names starting with PODIUM_ are set by Podium itself, found {', '.join(taken)}")
        return env

    @field_validator("volumes")
    @classmethod
    def _volumes_differ(cls, volumes: list[Volume]) -> list[Volume]:
        for what, values in (("name", [v.name for v in volumes]), ("mountPath", [v.mountPath for v in volumes])):
            if len(set(values)) < len(values):
                raise ValueError(f"two volumes have the same `{what}`")
        return volumes

    @model_validator(mode="after")
    def _shared_memory_fits(self) -> Self:
        limit = self.resources.limits.get("memory") if self.resources else None
        if limit and self.sharedMemory and quantity.amount(self.sharedMemory) > quantity.amount(limit):
            raise ValueError(f"`sharedMemory` lies within limits.memory, found {self.sharedMemory} > {limit}")
        return self


def laid_over(under: PodShape, over: PodShape) -> PodShape:
    """Return one shape of two: a key of `over` replaces that of `under`; env and volumes are merged by name."""
    names = PodShape.model_fields
    chosen = {name: getattr(under if getattr(over, name) is None else over, name) for name in names}
    merged = {"env": under.env | over.env, "volumes": _by_name(under.volumes, over.volumes)}
    return PodShape.model_construct(**(chosen | merged))


def _by_name(under: Sequence[Volume], over: Sequence[Volume]) -> list[Volume]:
    replaced = {volume.name for volume in over} | {volume.mountPath for volume in over}
    return [volume for volume in under if not {volume.name, volume.mountPath} & replaced] + list(over)
