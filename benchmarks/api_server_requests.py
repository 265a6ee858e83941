"""How often the API server was asked what, from its own counters."""

import re
from collections import Counter

import httpx2

LINE = re.compile(r"apiserver_request_total\{(.*)\} (\S+)")
LABEL = re.compile(r'(\w+)="([^"]*)"')
RECONCILER = {"POST jobs", "DELETE jobs", "POST secrets"}
JOB_CONTROLLER = {"POST pods", "PUT jobs/status"}
COLLECTOR = {"GET pods", "DELETE pods", "DELETE secrets"}
KUBELET = {"POST pods/binding", "PATCH pods/status", "GET secrets"}


def counted(client: httpx2.Client) -> Counter[str]:
    """Return the requests so far by verb and resource. A watch counts when it ends."""
    requests: Counter[str] = Counter()
    for line in client.get("/metrics").text.splitlines():
        if found := LINE.match(line):
            labels = dict(LABEL.findall(found[1]))
            resource = "/".join(filter(None, (labels["resource"], labels["subresource"])))
            if resource:
                requests[f"{labels['verb']} {resource}"] += round(float(found[2]))
    return requests


def who_asks(request: str) -> str:
    """Name the client of a request, where only one of them makes it."""
    if request in RECONCILER:
        return "the reconciler"
    if request in JOB_CONTROLLER:
        return "the Job controller"
    if request in COLLECTOR:
        return "the garbage collector"
    if request in KUBELET:
        return "kubelets, here the stub"
    return ""
