"""Every shape of a Pod that the trial section allows, and requests for such Pods."""

from hypothesis import strategies as st

from controller.jobs import AttemptKey, JobRequest, Placement
from podium.pod import DEFAULT_SHARED_MEMORY, PodShape

NAMES = st.sampled_from(["a", "cars", "team-a.example.com"])
LABELS = st.sampled_from(["a", "cars", "x" * 63])
KEYS = st.sampled_from(["zone", "topology.kubernetes.io/zone", "nvidia.com/gpu.product"])
VALUES = st.sampled_from(["", "a", "NVIDIA-A100-SXM4-40GB", "v1.2_3"])
TEXTS = st.sampled_from(["", "plain", "$(HOME) $$ $x", "ä 中\n\t", "a" * 5000])
QUANTITIES = st.sampled_from(["1", "500m", "1.5", "4Gi", "64Mi", "2G"])


def _some(**keys: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    """Return documents with any of the keys."""
    return st.fixed_dictionaries({}, optional=keys)


def _resources() -> st.SearchStrategy[dict[str, object]]:
    amounts = st.dictionaries(st.sampled_from(["cpu", "memory", "ephemeral-storage"]), QUANTITIES, max_size=3)
    names = st.sampled_from(["nvidia.com/gpu", "nvidia.com/mig-1g.5gb", "amd.com/gpu"])
    devices = st.dictionaries(names, st.integers(0, 16).map(str), max_size=2)
    return st.one_of(
        st.builds(lambda limits, held: {"limits": limits | held}, amounts, devices),
        st.builds(lambda asked, held: {"requests": asked | held, "limits": held}, amounts, devices),
    )


def _requirements() -> st.SearchStrategy[list[dict[str, object]]]:
    chosen = st.fixed_dictionaries(
        {"key": KEYS, "operator": st.sampled_from(["In", "NotIn"]), "values": st.lists(VALUES, min_size=1, max_size=2)}
    )
    there = st.fixed_dictionaries({"key": KEYS, "operator": st.sampled_from(["Exists", "DoesNotExist"])})
    return st.lists(st.one_of(chosen, there), max_size=2)


def _node_terms() -> st.SearchStrategy[dict[str, object]]:
    return _some(
        matchExpressions=_requirements(),
        matchFields=st.just([{"key": "metadata.name", "operator": "In", "values": ["node-a"]}]),
    )


def _affinity() -> st.SearchStrategy[dict[str, object]]:
    selector = _some(matchLabels=st.dictionaries(KEYS, VALUES, max_size=2), matchExpressions=_requirements())
    pods = st.fixed_dictionaries(
        {"topologyKey": KEYS},
        optional={"labelSelector": selector, "namespaceSelector": selector, "namespaces": st.just(["a"])},
    )
    required = st.fixed_dictionaries({"nodeSelectorTerms": st.lists(_node_terms(), min_size=1, max_size=2)})
    preferred = st.fixed_dictionaries({"weight": st.integers(1, 100), "preference": _node_terms()})
    preferred_pods = st.fixed_dictionaries({"weight": st.integers(1, 100), "podAffinityTerm": pods})
    among_pods = _some(
        requiredDuringSchedulingIgnoredDuringExecution=st.lists(pods, max_size=2),
        preferredDuringSchedulingIgnoredDuringExecution=st.lists(preferred_pods, max_size=2),
    )
    return _some(
        nodeAffinity=_some(
            requiredDuringSchedulingIgnoredDuringExecution=required,
            preferredDuringSchedulingIgnoredDuringExecution=st.lists(preferred, max_size=2),
        ),
        podAffinity=among_pods,
        podAntiAffinity=among_pods,
    )


def _volumes() -> st.SearchStrategy[list[dict[str, object]]]:
    sources = st.sampled_from(
        [
            {"persistentVolumeClaim": {"claimName": "cars"}},
            {"configMap": {"name": "labels"}},
            {"configMap": {"name": "labels", "optional": True}},
            {"secret": {"secretName": "s3"}},
            {"emptyDir": {}},
            {"emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}},
        ]
    )
    paths = st.sampled_from(["/data", "/tmp", "/dev/shm", "/tmp/", "/weights/a", "/var/run/secrets"])
    placed = st.fixed_dictionaries(
        {"name": st.sampled_from(["data", "weights", "x" * 63]), "mountPath": paths},
        optional={"readOnly": st.booleans(), "subPath": NAMES},
    )
    made = st.builds(lambda source, where: {**source, **where}, sources, placed)
    return st.lists(made, max_size=3, unique_by=(lambda v: v["name"], lambda v: v["mountPath"]))


def _tolerations() -> st.SearchStrategy[list[dict[str, object]]]:
    return st.lists(
        st.sampled_from(
            [
                {"operator": "Exists"},
                {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"},
                {"key": "spot", "value": "true"},
                {
                    "key": "node.kubernetes.io/unreachable",
                    "operator": "Exists",
                    "effect": "NoExecute",
                    "tolerationSeconds": 30,
                },
            ]
        ),
        max_size=2,
    )


def shapes() -> st.SearchStrategy[PodShape]:
    """Return any shape that `podium.pod` accepts."""
    sources = st.sampled_from(
        [{"configMapRef": {"name": "a"}}, {"prefix": "A_", "secretRef": {"name": "a", "optional": True}}]
    )
    document = _some(
        imagePullPolicy=st.sampled_from(["Always", "IfNotPresent", "Never"]),
        imagePullSecrets=st.lists(NAMES.map(lambda name: {"name": name}), max_size=2),
        env=st.dictionaries(st.sampled_from(["A", "HOME", "OMP_NUM_THREADS"]), TEXTS, max_size=3),
        envFrom=st.lists(sources, max_size=2),
        resources=_resources(),
        volumes=_volumes(),
        nodeSelector=st.dictionaries(KEYS, VALUES, max_size=2),
        tolerations=_tolerations(),
        affinity=_affinity(),
        priorityClassName=NAMES,
        runtimeClassName=NAMES,
        serviceAccountName=NAMES,
        queue=LABELS,
        runAsUser=st.sampled_from([1, 1000, 2**31 - 1]),
        readOnlyRootFilesystem=st.booleans(),
        terminationGracePeriodSeconds=st.sampled_from([1, 86_400]),
        sharedMemory=st.sampled_from(["1Mi", DEFAULT_SHARED_MEMORY]),
    )
    return document.map(
        lambda given: PodShape.model_validate(_fitting(given) | {"image": "registry.example.com/train:1"})
    )


def _fitting(document: dict[str, object]) -> dict[str, object]:
    """Drop the size of /dev/shm where a limit stands beside it: it has to lie within."""
    return {key: document[key] for key in document if key != "sharedMemory" or "resources" not in document}


def requests() -> st.SearchStrategy[JobRequest]:
    nodes = st.lists(st.sampled_from(["node-a", "node-b.example.com"]), max_size=2, unique=True).map(tuple)
    placements = st.builds(
        Placement,
        avoided_nodes=nodes,
        disliked_nodes=nodes,
        deadline_seconds=st.one_of(st.none(), st.integers(1, 2**31 - 1)),
    )
    return st.builds(request_for, shapes(), placements)


def request_for(shape: PodShape, placement: Placement = Placement()) -> JobRequest:
    key = AttemptKey(experiment="cars-7f3a", trial=12, epochs=30, attempt=2)
    return JobRequest(
        name=key.job,
        key=key,
        command=("python", "-P", "-m", "worker"),
        env=shape.env | {"PODIUM_URL": "http://podium-api.podium.svc:8080"},
        token="t0ken",
        pod=shape,
        placement=placement,
    )
