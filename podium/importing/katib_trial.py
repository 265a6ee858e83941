"""Katib's trial template as Podium's `trial` section: the main container's command, and the Pod around it."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from podium.importing.naming import parameter_name
from podium.importing.source import Found, NotImportable, Source, section, sections, values
from podium.importing.space import Written

PLACEHOLDER = re.compile(r"\$\{trialParameters\.([^}]+)\}|\$\{trialSpec\.[^}]*\}")
OF_A_SHELL = re.compile(r"\$\{\w+\}")
METADATA = "${trialSpec."
OF_A_POD = ("nodeSelector", "tolerations", "affinity", "priorityClassName", "runtimeClassName", "serviceAccountName")
KEPT = (*OF_A_POD, "containers", "volumes", "restartPolicy", "imagePullSecrets", "terminationGracePeriodSeconds")
OF_A_CONTAINER = ("name", "image", "command", "args", "env", "envFrom", "resources", "volumeMounts", "imagePullPolicy")
OF_A_TEMPLATE = ("trialSpec", "trialParameters", "primaryContainerName", "configMap")
OF_A_JOB = (
    "backoffLimit",
    "activeDeadlineSeconds",
    "ttlSecondsAfterFinished",
    "completions",
    "parallelism",
    "runPolicy",
)
SOURCES = ("persistentVolumeClaim", "configMap", "secret", "emptyDir")


def trial(source: Source, template: Found, *, metrics: Sequence[str], stands_for: Mapping[str, str]) -> Written:
    """Return the `trial` section of a template, whose command is read for metrics, the objective the first of them.

    `stands_for` has what is written in place of parameters that are none for Podium: constants, and the epochs.
    Raises NotImportable where it has no container to run.
    """
    path = "spec.trialTemplate"
    words = "a trial ends with its process, and well with exit code 0; Podium keeps results and removes Jobs"
    source.unlisted(path, template, OF_A_TEMPLATE, words)
    if template.get("configMap"):
        source.lost(f"{path}.configMap", "the template lies in a ConfigMap: write its command into `trial`")
        return {"external": True}
    spec, at = section(template, "trialSpec", path), f"{path}.trialSpec"
    pod, pod_path = _pod(source, spec, at)
    container, container_path = _container(pod, pod_path, template.get("primaryContainerName"))
    filled = _Filling(source, _references(template), stands_for, container_path)
    env, varying = _env(source, container, container_path)
    command = [*(["env", *varying] if varying else []), *_words(container, container_path)]
    named = [word for metric in metrics for word in ("--metric", metric)]
    shape = _shape(source, (pod, pod_path), (container, container_path)) | ({"env": env} if env else {})
    source.assumed(
        container_path,
        "the image needs Python with `podium` in it: the command runs in `podium.wrapped`, which fills in parameters "
        f"and reads `{metrics[0]}=...` from what it prints",
    )
    for key, value in shape.items():
        if found := PLACEHOLDER.search(json.dumps(value)):
            source.lost(container_path, f"{found.group(0)} in `{key}`: only a command and its `env` may vary by trial")
    return {"command": ["python", "-m", "podium.wrapped", *named, "--", *map(filled, command)], **shape}


def _shape(source: Source, in_pod: tuple[Found, str], in_container: tuple[Found, str]) -> Written:
    """Return what the Pod around the command is to be like, without its variables."""
    (pod, pod_path), (container, path) = in_pod, in_container
    source.unlisted(path, container, OF_A_CONTAINER)
    source.unlisted(pod_path, pod, KEPT)
    written: Written = {key: container[key] for key in ("image", "imagePullPolicy", "envFrom") if container.get(key)}
    written |= {
        key: pod[key] for key in (*OF_A_POD, "terminationGracePeriodSeconds", "imagePullSecrets") if pod.get(key)
    }
    if resources := section(container, "resources", path):
        written["resources"] = {
            kind: {name: str(value) for name, value in section(resources, kind, f"{path}.resources").items()}
            for kind in resources
        }
    if volumes := _volumes(source, pod, container, pod_path):
        written["volumes"] = volumes
    return written


def _pod(source: Source, spec: Found, path: str) -> tuple[Found, str]:
    """Return the Pod of a Job, or of the first replica of a distributed one."""
    kind, inner = spec.get("kind"), section(spec, "spec", path)
    words = "the controller decides when a Job is started again, given up and removed"
    source.unlisted(f"{path}.spec", {key: inner[key] for key in OF_A_JOB if key in inner}, (), words)
    for key, value in inner.items():
        if key.endswith("ReplicaSpecs") and isinstance(value, dict) and value:
            order = ("Master", "Chief", "Launcher", "Worker")
            name = next((each for each in order if each in value), next(iter(value)))
            others = sum(int((each or {}).get("replicas") or 1) for each in value.values()) - 1
            if others:
                source.lost(f"{path}.spec.{key}", f"one Pod trains a trial: of this {kind} its {name} alone is kept")
            at = f"{path}.spec.{key}.{name}.template.spec"
            return section(section(value[name], "template", at), "spec", at), at
    at = f"{path}.spec.template.spec"
    template = section(inner, "template", at)
    pod = section(template, "spec", at)
    metadata = section(template, "metadata", f"{path}.spec.template")
    source.unlisted(f"{path}.spec.template.metadata", metadata, ())
    if not pod:
        raise NotImportable(f"{path}: a {kind} has no Pod template that Podium can read; a Job or a PyTorchJob has")
    return pod, at


def _container(pod: Found, path: str, wanted: object) -> tuple[Found, str]:
    containers = sections(pod, "containers", path)
    for position, each in enumerate(containers):
        if each.get("name") == wanted or len(containers) == 1:
            return each, f"{path}.containers[{position}]"
    raise NotImportable(f"{path}.containers holds no container called {wanted!r}, the template's primaryContainerName")


def _references(template: Found) -> dict[str, str]:
    """Return what each of the template's parameters stands for: a parameter's name, or something of the trial's."""
    given = sections(template, "trialParameters", "spec.trialTemplate")
    return {str(each.get("name")): str(each.get("reference")) for each in given}


def _words(container: Found, path: str) -> list[str]:
    words = [str(word) for key in ("command", "args") for word in values(container, key, path)]
    if not words:
        raise NotImportable(f"{path} has neither command nor args: the image's own entry point cannot be wrapped")
    return words


@dataclass(frozen=True, slots=True)
class _Filling:
    """Katib's placeholders within a word of a command as those of `podium.wrapped`."""

    source: Source
    references: Mapping[str, str]
    stands_for: Mapping[str, str]
    path: str

    def __call__(self, word: str) -> str:
        parts, end = [], 0
        for found in PLACEHOLDER.finditer(word):
            parts += [_kept(word[end : found.start()]), self._filled(found)]
            end = found.end()
        return "".join([*parts, _kept(word[end:])])

    def _filled(self, found: re.Match[str]) -> str:
        name = found.group(1)
        if name is None or name not in self.references:
            self.source.lost(self.path, f"{found.group(0)} stands for nothing here")
            return _kept(found.group(0))
        reference = self.references[name]
        if METADATA in reference:
            words = f"{found.group(0)}: in place of a Katib trial's name stands the number of Podium's"
            self.source.changed(self.path, words)
            return "${PODIUM_TRIAL}"
        return self.stands_for.get(reference, f"${{{parameter_name(reference)}}}")


def _kept(text: str) -> str:
    """Return text in which `podium.wrapped` leaves a shell's variables to the shell."""
    return OF_A_SHELL.sub(lambda found: f"${found.group(0)}", text)


def _env(source: Source, container: Found, path: str) -> tuple[dict[str, str], list[str]]:
    """Return the variables that stand still, and those that hold parameters, as `env` takes them."""
    written, varying = {}, []
    for position, each in enumerate(sections(container, "env", path)):
        name, value = each.get("name"), each.get("value")
        if value is None:
            words = f"{name}: give its Secret or ConfigMap as a whole, with `envFrom`"
            source.lost(f"{path}.env[{position}]", words)
        elif PLACEHOLDER.search(str(value)):
            varying.append(f"{name}={value}")
        else:
            written[str(name)] = str(value)
    return written, varying


def _volumes(source: Source, pod: Found, container: Found, path: str) -> list[Written]:
    """Return the volumes that the container mounts, each with its mount in one."""
    given = {str(each.get("name")): each for each in sections(pod, "volumes", path)}
    written = []
    for mount in sections(container, "volumeMounts", path):
        volume = given.get(str(mount.get("name")), {})
        found = next((kind for kind in SOURCES if kind in volume), None)
        if found is None:
            source.lost(f"{path}.volumes", f"{mount.get('name')}: of volumes Podium takes {', '.join(SOURCES)}")
            continue
        entry: Written = {"name": mount["name"], "mountPath": mount.get("mountPath")}
        entry |= {key: mount[key] for key in ("subPath", "readOnly") if mount.get(key)}
        written.append(entry | {found: dict(section(volume, found, f"{path}.volumes"))})
    return written
