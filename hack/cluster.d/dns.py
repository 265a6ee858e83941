"""Cluster DNS for one machine: dnsmasq with a hosts file of the cluster's Services, renewed every second.

A Service resolves to its ClusterIP, a headless one to its Pods, a Pod with a host name to its address. Asking again is
cheaper than it sounds, over one open connection, and cannot miss what a watch might.
"""

import argparse
import base64
import json
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

DOMAIN = "svc.cluster.local"
SECONDS = 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--listen", required=True)
    parser.add_argument("--hosts", type=Path, required=True)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    arguments.hosts.touch()
    server = start_dnsmasq(arguments.listen, arguments.hosts)
    try:
        keep_up_to_date(connection_to(arguments.kubeconfig), arguments.hosts, server)
    finally:
        server.kill()


def start_dnsmasq(address: str, hosts: Path) -> "subprocess.Popen[bytes]":
    command = ["dnsmasq", "--keep-in-foreground", "--user=root", "--pid-file=", f"--listen-address={address}"]
    command += ["--bind-interfaces", "--no-resolv", "--no-hosts", "--local=/cluster.local/", f"--addn-hosts={hosts}"]
    # Should this process be killed, so is dnsmasq; else its successor would find the port taken.
    return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command])


def connection_to(kubeconfig: Path) -> HTTPSConnection:
    # kubectl, since the standard library reads no YAML
    command = ["kubectl", "--kubeconfig", str(kubeconfig), "config", "view", "--raw", "--output", "json"]
    config = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    context = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
    with tempfile.NamedTemporaryFile() as certificate:
        for part in ("client-certificate-data", "client-key-data"):
            certificate.write(base64.b64decode(user[part]))
        certificate.flush()
        context.load_cert_chain(certificate.name)
    server = urlsplit(cluster["server"])
    return HTTPSConnection(server.hostname or "", server.port, context=context, timeout=10)


def keep_up_to_date(api: HTTPSConnection, hosts: Path, server: "subprocess.Popen[bytes]") -> None:
    """Return when dnsmasq has ended. An API server that does not answer changes nothing."""
    known = ""
    while server.poll() is None:
        try:
            found = hosts_file(items(api, "services"), items(api, "endpoints"))
        except (OSError, HTTPException, ValueError, KeyError):
            api.close()  # the next request connects anew
            found = known
        if found != known:
            hosts.write_text(found)
            server.send_signal(signal.SIGHUP)  # read it again, and forget what was answered before
            known = found
        time.sleep(SECONDS)


def items(api: HTTPSConnection, kind: str) -> list[dict[str, Any]]:
    api.request("GET", f"/api/v1/{kind}?resourceVersion=0")  # 0: from the API server's memory, not from etcd
    found: list[dict[str, Any]] = json.loads(api.getresponse().read())["items"] or []
    return found


def hosts_file(services: list[dict[str, Any]], endpoints: list[dict[str, Any]]) -> str:
    lines, headless = [], set()
    for service in services:
        address, name = service["spec"].get("clusterIP"), full_name(service)
        if address == "None":
            headless.add(name)
        elif address:
            lines.append(f"{address} {name}")
    for endpoint in endpoints:
        name = full_name(endpoint)
        if name in headless:
            for address in (each for subset in endpoint.get("subsets") or [] for each in subset.get("addresses") or []):
                host = address.get("hostname")
                lines.append(f"{address['ip']} {name}" + (f" {host}.{name}" if host else ""))
    return "".join(f"{line}\n" for line in sorted(lines))


def full_name(found: dict[str, Any]) -> str:
    return f"{found['metadata']['name']}.{found['metadata']['namespace']}.{DOMAIN}"


if __name__ == "__main__":
    main()
