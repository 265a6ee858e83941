"""Remove from an environment what the controller never reads: half of the weight of what it needs is that.

    python trim.py SITE_PACKAGES

Each pattern is a tree or a file that nothing imports or opens here; the end-to-end tests run in what is left.
"""

import shutil
import sys
from pathlib import Path

REMOVED = (
    "kubernetes/aio",  # the client once more, asynchronous; 60 MB
    "**/tests",  # of numpy, scipy, scikit-learn and others
    "**/*.pyi",
    "**/*.pyx",
    "**/*.pxd",
    "sklearn/datasets/*/",
)
KEPT = (
    # how to speak to 400 services of Amazon's: the object store, and what hands out credentials for it
    ("botocore/data/*/", ("s3", "sts", "sso", "sso-oidc", "signin")),
    # one module for each group and version that Kubernetes has: those that a Job's life touches
    ("kubernetes/client/api/*_api.py", ("apps_v1_api.py", "batch_v1_api.py", "core_v1_api.py", "version_api.py")),
)


def trim(packages: Path) -> None:
    for pattern in REMOVED:
        for found in list(packages.glob(pattern)):
            remove(found)
    for pattern, names in KEPT:
        for found in packages.glob(pattern):
            if found.name not in names:
                remove(found)


def remove(found: Path) -> None:
    if found.is_dir():
        shutil.rmtree(found)
    else:
        found.unlink()


if __name__ == "__main__":
    trim(Path(sys.argv[1]))
