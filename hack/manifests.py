"""Makes manifests/podium.yaml: what Helm renders with the chart's defaults, for those who use no Helm.

    python -m hack.manifests [--check]

Helm's hooks are left out, since nobody would run them: the Pods migrate as they start. So are Secrets, since what is in
a repository is no secret: manifests/README.md has the commands that create them. The label managed-by says kustomize.
"""

import subprocess

from hack import generated
from tests import tools

MANIFEST = generated.ROOT / "manifests" / "podium.yaml"
SECRETS = (
    "auth.adminToken.existingSecret=podium-auth",
    "auth.secretKey.existingSecret=podium-auth",
    "postgres.existingSecret=podium-postgres",
)
HEAD = """\
# Made by `make chart` from charts/podium; do not edit. It needs the Secrets podium-auth (admin-token, secret-key) and
# podium-postgres (password): README.md says how to create them.
"""


def made_manifest() -> str:
    """Return all objects of a release called podium, without Helm's empty lines."""
    sets = [word for value in SECRETS for word in ("--set", value)]
    command = [tools.helm(), "template", "podium", str(generated.CHART), "--namespace", "podium", "--no-hooks", *sets]
    rendered = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    rendered = rendered.replace("app.kubernetes.io/managed-by: Helm\n", "app.kubernetes.io/managed-by: kustomize\n")
    return HEAD + "".join(f"{line.rstrip()}\n" for line in rendered.splitlines() if line.strip())


if __name__ == "__main__":
    generated.main({MANIFEST: made_manifest()})
