"""The Pod Security Standard `restricted`, as kubernetes.io/docs/concepts/security/pod-security-standards has it."""

from collections.abc import Iterator

from tests.chart.rendering import Object, containers

VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}


def restricted_faults(pod: Object) -> list[str]:
    """Return what an API server that enforces `restricted` would refuse about a Pod."""
    return [
        *_pod_faults(pod["spec"]),
        *(fault for one in containers(pod) for fault in _container_faults(one, pod["spec"])),
    ]


def _pod_faults(spec: Object) -> Iterator[str]:
    yield from (name for name in ("hostNetwork", "hostPID", "hostIPC") if spec.get(name))
    for volume in spec.get("volumes", []):
        (kind,) = set(volume) - {"name"}
        if kind not in VOLUMES:
            yield f"volume {volume['name']} is a {kind}"
    if spec.get("securityContext", {}).get("seccompProfile", {}).get("type") not in {"RuntimeDefault", "Localhost"}:
        yield "no seccomp profile"
    if "sysctls" in spec.get("securityContext", {}):
        yield "sysctls"


def _container_faults(container: Object, spec: Object) -> Iterator[str]:
    name, given = container["name"], container.get("securityContext", {})
    effective = {**spec.get("securityContext", {}), **given}
    if effective.get("runAsNonRoot") is not True or effective.get("runAsUser", 1) == 0:
        yield f"{name} may run as root"
    if given.get("privileged"):
        yield f"{name} is privileged"
    if given.get("allowPrivilegeEscalation") is not False:
        yield f"{name} may escalate privileges"
    capabilities = given.get("capabilities", {})
    if capabilities.get("drop") != ["ALL"] or set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}:
        yield f"{name} keeps capabilities"
    if given.get("seccompProfile", {}).get("type") == "Unconfined":
        yield f"{name} is unconfined"
    if any("hostPort" in port for port in container.get("ports", [])):
        yield f"{name} takes a port of the host"
