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
    "sklearn/datasets",
    "sklearn/cluster",
    "sklearn/manifold",
    "scipy/io",  # files of MATLAB and others
    "scipy/signal",
    "scipy/odr",
    "scipy/cluster",
    "joblib/test",
    "numpy/_core/include",
    "numpy/**/lib*.a",
    "sqlalchemy/testing",
    # authlib for providers, and for other frameworks than ours
    "authlib/jose",
    *(f"authlib/integrations/{name}" for name in ("django_*", "flask_*", "requests_*", "sqla_*", "starlette_*")),
    # plotly in notebooks, of which the controller has none; the labextension stands in share/ once more
    "plotly/labextension",
    "plotly/package_data/widgetbundle.js",
    "plotly/express",
    "plotly/figure_factory",
    "plotly/matplotlylib",
    *(f"plotly/graph_objs/layout/{part}" for part in ("geo", "map", "mapbox", "polar", "scene", "smith", "ternary")),
    "../../../share/jupyter",
)
TRACES = ("scatter", "bar", "contour", "heatmap")
FILES = tuple(f"_{name}.py" for name in TRACES)
KEPT = (
    # how to speak to 400 services of Amazon's: the object store, and what hands out credentials for it
    ("botocore/data/*/", ("s3", "sts", "sso", "sso-oidc", "signin")),
    # the properties of 50 kinds of traces: those that figures have
    ("plotly/graph_objs/*/", ("layout", *TRACES)),
    ("plotly/graph_objs/_*.py", ("__init__.py", "_deprecations.py", "_figure.py", "_frame.py", "_layout.py", *FILES)),
    # how to colour 500 languages: that of a traceback
    ("pygments/lexers/*.py", ("__init__.py", "_mapping.py", "python.py", "special.py")),
    ("sqlalchemy/dialects/*/", ("postgresql",)),
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
