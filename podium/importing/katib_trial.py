"""Katib's trial template as Podium's `trial` section: the main container's command, and the Pod around it."""

import re

from podium.importing.naming import parameter_name
from podium.importing.source import Found, NotImportable, Source, section, sections, values
from podium.importing.space import Written

PLACEHOLDER = re.compile(r"\$\{trialParameters\.([^}]+)\}|\$\{trialSpec\.[^}]*\}")
METADATA = "${trialSpec."
OF_A_POD = ("nodeSelector", "tolerations", "affinity", "priorityClassName", "runtimeClassName", "serviceAccountName")
KEPT = (*OF_A_POD, "containers", "volumes", "restartPolicy", "imagePullSecrets", "terminationGracePeriodSeconds")
OF_A_CONTAINER = ("name", "image", "command", "args", "env", "resources", "volumeMounts", "imagePullPolicy")
SOURCES = ("persistentVolumeClaim", "configMap", "secret", "emptyDir")


def trial(source: Source, template: Found, *, objective: str, resource: str | None) -> Written:
    """Return the `trial` section of a template. Raises NotImportable where it has no container to run."""
    path = "spec.trialTemplate"
    if template.get("configMap"):
        source.lost(f"{path}.configMap", "the template lies in a ConfigMap: write its command into `trial`")
        return {"external": True}
    spec, at = section(template, "trialSpec", path), f"{path}.trialSpec"
    pod, pod_path = _pod(source, spec, at)
    container, container_path = _container(pod, pod_path, template.get("primaryContainerName"))
    written: Written = {"command": _command(source, template, container, container_path, (objective, resource))}
    written |= {key: container[key] for key in ("image", "imagePullPolicy") if container.get(key)}
    source.unlisted(container_path, container, OF_A_CONTAINER)
    source.unlisted(pod_path, pod, KEPT)
    written |= {
        key: pod[key] for key in (*OF_A_POD, "terminationGracePeriodSeconds", "imagePullSecrets") if pod.get(key)
    }
    if env := _env(source, container, container_path):
        written["env"] = env
    if resources := section(container, "resources", container_path):
        written["resources"] = {
            kind: {name: str(value) for name, value in section(resources, kind, f"{container_path}.resources").items()}
            for kind in resources
        }
    if volumes := _volumes(source, pod, container, pod_path):
        written["volumes"] = volumes
    source.assumed(
        container_path,
        "the image needs Python with `podium` in it: the command runs in `podium.wrapped`, which fills in parameters "
        f"and reads `{objective}=...` from what it prints",
    )
    return written


def _pod(source: Source, spec: Found, path: str) -> tuple[Found, str]:
    """Return the Pod of a Job, or of the first replica of a distributed one."""
    kind, inner = spec.get("kind"), section(spec, "spec", path)
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
    pod = section(section(inner, "template", at), "spec", at)
    if not pod:
        raise NotImportable(f"{path}: a {kind} has no Pod template that Podium can read; a Job or a PyTorchJob has")
    return pod, at


def _container(pod: Found, path: str, wanted: object) -> tuple[Found, str]:
    containers = sections(pod, "containers", path)
    for position, each in enumerate(containers):
        if each.get("name") == wanted or len(containers) == 1:
            return each, f"{path}.containers[{position}]"
    raise NotImportable(f"{path}.containers holds no container called {wanted!r}, the template's primaryContainerName")


def _command(source: Source, template: Found, container: Found, path: str, reads: tuple[str, str | None]) -> list[str]:
    """Return the command, wrapped so that placeholders are filled in and metrics are read from what it prints."""
    parameters = {
        str(each.get("name")): str(each.get("reference"))
        for each in sections(template, "trialParameters", "spec.trialTemplate")
    }
    objective, resource = reads
    words = [str(word) for key in ("command", "args") for word in values(container, key, path)]
    if not words:
        raise NotImportable(f"{path} has neither command nor args: the image's own entry point cannot be wrapped")

    def filled(found: re.Match[str]) -> str:
        name = found.group(1)
        if name is None or name not in parameters:
            source.lost(path, f"{found.group(0)} stands for nothing here")
            return found.group(0)
        reference = parameters[name]
        if METADATA in reference:
            source.changed(path, f"{found.group(0)}: in place of a Katib trial's name stands the number of Podium's")
            return "${PODIUM_TRIAL}"
        return "${PODIUM_EPOCHS}" if reference == resource else f"${{{parameter_name(reference)}}}"

    command = [PLACEHOLDER.sub(filled, word) for word in words]
    return ["python", "-m", "podium.wrapped", "--metric", objective, "--", *command]


def _env(source: Source, container: Found, path: str) -> dict[str, str]:
    written = {}
    for position, each in enumerate(sections(container, "env", path)):
        if each.get("value") is None:
            words = f"{each.get('name')}: give its Secret or ConfigMap as a whole, with `envFrom`"
            source.lost(f"{path}.env[{position}]", words)
        else:
            written[str(each["name"])] = str(each["value"])
    return written


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
