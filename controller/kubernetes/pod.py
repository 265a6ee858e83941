"""The Pod of a worker, from its shape: pure. It fulfils the Pod Security Standard `restricted` whatever is asked.

What a user may shape bears Kubernetes' names (`podium.pod`) and is handed on as it is; the rest is Podium's to say.
"""

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from kubernetes.client import (
    V1Affinity,
    V1Capabilities,
    V1Container,
    V1EmptyDirVolumeSource,
    V1EnvFromSource,
    V1EnvVar,
    V1KeyToPath,
    V1LocalObjectReference,
    V1NodeAffinity,
    V1NodeSelector,
    V1NodeSelectorRequirement,
    V1NodeSelectorTerm,
    V1PodSecurityContext,
    V1PodSpec,
    V1PreferredSchedulingTerm,
    V1ResourceRequirements,
    V1SeccompProfile,
    V1SecretVolumeSource,
    V1SecurityContext,
    V1Toleration,
    V1Volume,
    V1VolumeMount,
)
from pydantic import BaseModel

from controller.jobs import Placement
from podium.contract import Contract
from podium.pod import (
    DEFAULT_GRACE_SECONDS,
    DEFAULT_SHARED_MEMORY,
    DEFAULT_USER,
    TOKEN_FOLDER,
    Part,
    PodShape,
    Volume,
)
from podium.quantity import amount
from podium.wire import RUN_TOKEN_FILE_VARIABLE

Model = TypeVar("Model", bound=BaseModel)

CONTAINER = "worker"
TOKEN_KEY = "token"  # the name of a key in a Secret, no secret
HOME = "/tmp"
SHARED_MEMORY = "/dev/shm"
DISLIKE_WEIGHT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class PodRequest:
    """What a Pod is to run, and in what."""

    command: tuple[str, ...]
    env: Mapping[str, str]
    pod: PodShape
    placement: Placement = Placement()
    secret: str | None = None
    """Name of the Secret with its run token; None for a Pod that reports to nobody."""


def pod_of(request: PodRequest) -> V1PodSpec:
    """Return what a Pod is to be."""
    shape = request.pod
    user = shape.runAsUser or DEFAULT_USER
    return V1PodSpec(
        restart_policy="Never",
        containers=[_container(request)],
        volumes=[*_own_volumes(request), *(_volume(volume) for volume in shape.volumes)],
        security_context=V1PodSecurityContext(
            run_as_non_root=True,
            run_as_user=user,
            run_as_group=user,
            fs_group=DEFAULT_USER,  # whatever the user: all of Podium shares the volume with the checkpoints
            fs_group_change_policy="OnRootMismatch",  # else each mount of a large data set is a walk through all of it
            seccomp_profile=V1SeccompProfile(type="RuntimeDefault"),
        ),
        automount_service_account_token=False,
        enable_service_links=False,  # a variable for each Service of the namespace, and PODIUM_* among them
        termination_grace_period_seconds=shape.terminationGracePeriodSeconds or DEFAULT_GRACE_SECONDS,
        affinity=_affinity(shape, request.placement),
        node_selector=shape.nodeSelector,
        tolerations=_all(V1Toleration, shape.tolerations),
        image_pull_secrets=_all(V1LocalObjectReference, shape.imagePullSecrets),
        priority_class_name=shape.priorityClassName,
        runtime_class_name=shape.runtimeClassName,
        service_account_name=shape.serviceAccountName,
    )


def _container(request: PodRequest) -> V1Container:
    shape = request.pod
    # a line that Python buffers is not in the log yet, for whoever follows it
    env = {"HOME": HOME, "PYTHONUNBUFFERED": "1", **request.env}
    if request.secret is not None:
        env[RUN_TOKEN_FILE_VARIABLE] = f"{TOKEN_FOLDER}/{TOKEN_KEY}"
    return V1Container(
        name=CONTAINER,
        image=shape.image,
        image_pull_policy=shape.imagePullPolicy,
        command=[literally(word) for word in request.command],
        env=[V1EnvVar(name=name, value=literally(value)) for name, value in env.items()],
        env_from=_all(V1EnvFromSource, shape.envFrom),
        resources=_one(V1ResourceRequirements, shape.resources),
        volume_mounts=[*_own_mounts(request), *(_mount(volume) for volume in shape.volumes)],
        termination_message_policy="FallbackToLogsOnError",  # the log's end outlives the Pod in its last status
        security_context=V1SecurityContext(
            allow_privilege_escalation=False,
            capabilities=V1Capabilities(drop=["ALL"]),
            read_only_root_filesystem=shape.readOnlyRootFilesystem is not False,
            run_as_non_root=True,
        ),
    )


def literally(text: str) -> str:
    """Return a text that means itself: in commands and variables, Kubernetes would replace $(NAME) and $$."""
    return re.sub(r"\$(?=[$(])", "$$", text)


def _own_mounts(request: PodRequest) -> list[V1VolumeMount]:
    taken = {posixpath.normpath(volume.mountPath) for volume in request.pod.volumes}
    own = {HOME: "podium-tmp", SHARED_MEMORY: "podium-shm"}
    scratch = [V1VolumeMount(name=name, mount_path=path) for path, name in own.items() if path not in taken]
    if request.secret is None:
        return scratch
    return [V1VolumeMount(name="podium-run-token", mount_path=TOKEN_FOLDER, read_only=True), *scratch]


def _own_volumes(request: PodRequest) -> list[V1Volume]:
    token = V1SecretVolumeSource(
        secret_name=request.secret,
        default_mode=0o440,
        items=[V1KeyToPath(key=TOKEN_KEY, path=TOKEN_KEY)],
    )
    volumes = {
        "podium-run-token": V1Volume(name="podium-run-token", secret=token),
        "podium-tmp": V1Volume(name="podium-tmp", empty_dir=V1EmptyDirVolumeSource()),
        "podium-shm": V1Volume(name="podium-shm", empty_dir=_shared_memory(request.pod)),
    }
    return [volumes[mount.name] for mount in _own_mounts(request)]


def _shared_memory(shape: PodShape) -> V1EmptyDirVolumeSource:
    """Return /dev/shm: what data loaders put there counts as the container's memory, so its limit is one here too."""
    size = shape.sharedMemory or DEFAULT_SHARED_MEMORY
    limit = shape.resources.limits.get("memory") if shape.resources else None
    return V1EmptyDirVolumeSource(medium="Memory", size_limit=min(size, limit, key=amount) if limit else size)


def _volume(volume: Volume) -> V1Volume:
    return V1Volume.model_validate(volume.model_dump(exclude_none=True, exclude={"mountPath", "subPath", "readOnly"}))


def _mount(volume: Volume) -> V1VolumeMount:
    return V1VolumeMount(
        name=volume.name, mount_path=volume.mountPath, sub_path=volume.subPath, read_only=volume.readOnly
    )


def _affinity(shape: PodShape, placement: Placement) -> V1Affinity | None:
    """Return the user's affinity with Podium's own ANDed into each of its terms; None where there is neither."""
    affinity = _one(V1Affinity, shape.affinity)
    if not placement.avoided_nodes and not placement.disliked_nodes:
        return affinity
    affinity = affinity or V1Affinity()
    affinity.node_affinity = _node_affinity(affinity.node_affinity or V1NodeAffinity(), placement)
    return affinity


def _node_affinity(nodes: V1NodeAffinity, placement: Placement) -> V1NodeAffinity:
    if placement.avoided_nodes:
        required = nodes.required_during_scheduling_ignored_during_execution
        terms = required.node_selector_terms if required else [V1NodeSelectorTerm()]
        avoiding = [_avoiding(term, placement.avoided_nodes, is_users=required is not None) for term in terms]
        nodes.required_during_scheduling_ignored_during_execution = V1NodeSelector(node_selector_terms=avoiding)
    if placement.disliked_nodes:
        preferred = nodes.preferred_during_scheduling_ignored_during_execution or []
        term = V1NodeSelectorTerm(match_fields=_other_than(placement.disliked_nodes))
        dislike = V1PreferredSchedulingTerm(weight=DISLIKE_WEIGHT, preference=term)
        nodes.preferred_during_scheduling_ignored_during_execution = [*preferred, dislike]
    return nodes


def _avoiding(term: V1NodeSelectorTerm, nodes: Sequence[str], *, is_users: bool) -> V1NodeSelectorTerm:
    if is_users and not term.match_expressions and not term.match_fields:
        return term  # an empty term matches no node; with ours in it, it would match nearly all
    fields = [*(term.match_fields or []), *_other_than(nodes)]
    return V1NodeSelectorTerm(match_expressions=term.match_expressions, match_fields=fields)


def _other_than(nodes: Sequence[str]) -> list[V1NodeSelectorRequirement]:
    """Exclude nodes by their names; the label kubernetes.io/hostname is another name on some machines.

    One requirement each: a field takes no more than one value.
    """
    return [V1NodeSelectorRequirement(key="metadata.name", operator="NotIn", values=[node]) for node in nodes]


def _one(model: type[Model], part: Contract | None) -> Model | None:
    """Return a part of a shape as the client's model, which knows every key that Kubernetes has and no other."""
    return None if part is None else model.model_validate(part.model_dump(exclude_none=True))


def _all(model: type[Model], parts: Sequence[Part] | None) -> list[Model] | None:
    return None if parts is None else [model.model_validate(part.model_dump(exclude_none=True)) for part in parts]
