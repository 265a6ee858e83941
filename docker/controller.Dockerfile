# The controller: API, reconciler, migrations, and the `podium` command. No torch in it.
#
#   docker build --file docker/controller.Dockerfile --tag podium-controller:0.1.0 \
#       --label org.opencontainers.image.version=0.1.0 --label org.opencontainers.image.revision="$(git rev-parse HEAD)" .
ARG PYTHON_IMAGE=python:3.13-slim

FROM ${PYTHON_IMAGE} AS requirements
COPY docker/requirements.py pyproject.toml /
# Of no time: copied as it is, what it brings stays in the cache wherever and whenever the repository was cloned.
RUN python /requirements.py controller s3 gcs > /requirements.txt && touch --date=@0 /requirements.txt

FROM ${PYTHON_IMAGE} AS wheel
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY podium podium
COPY controller controller
COPY worker worker
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheel .

FROM ${PYTHON_IMAGE} AS environment
RUN python -m venv --without-pip /opt/podium
COPY --from=requirements /requirements.txt /
# Nothing is built: a package without a wheel for this Python fails here at once, for want of a compiler.
RUN pip --python /opt/podium/bin/python install --no-cache-dir --no-compile --requirement /requirements.txt
COPY docker/trim.py docker/strip.py /
RUN python /trim.py /opt/podium/lib/python3*/site-packages && python /strip.py /opt/podium/lib/python3*/site-packages

FROM ${PYTHON_IMAGE}
ENV PATH=/opt/podium/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp
COPY --from=environment /opt/podium /opt/podium
# Compiled is what each start imports; all of it would be twice as much. A read-only Pod cannot keep what it compiles
# itself: its start would take 20 seconds instead of 2. Of plotly that is what a figure of every kind takes.
RUN env -u PYTHONDONTWRITEBYTECODE python -c "import alembic.command, authlib.integrations.httpx_client, authlib.oidc.core, \
fastapi, httpx2, jinja2, joserfc.jwt, kubernetes.config, kubernetes.watch, \
plotly.io, prometheus_client, psycopg, pydantic_settings, jwt, rich.live, rich.table, rich.traceback, scipy.stats, skopt, \
sklearn.gaussian_process, sqlalchemy.dialects.postgresql.psycopg, structlog, tenacity, threadpoolctl, typer, uvicorn, \
uvicorn.lifespan.on, uvicorn.loops.auto, uvicorn.protocols.http.httptools_impl; \
from plotly.graph_objects import Bar, Contour, Figure, Heatmap, Scatter; \
Figure([Bar(marker_color='red'), Contour(), Heatmap(), Scatter(line_color='red')], {'title': {'text': ''}}).to_json(); \
from kubernetes.client import AppsV1Api, BatchV1Api, CoreV1Api, V1Job, V1Pod"
# After the dependencies, so that a change of the code costs a layer of one megabyte.
COPY --from=wheel /wheel /tmp/wheel
RUN pip --python /opt/podium/bin/python install --no-cache-dir --no-deps --no-index /tmp/wheel/*.whl && rm -r /tmp/wheel
USER 65532:65532
WORKDIR /tmp
EXPOSE 8080
# Exec form: Python is the first process and hears SIGTERM itself. Kubernetes asks after its health; no HEALTHCHECK.
ENTRYPOINT ["podium-controller"]
CMD ["serve"]
LABEL org.opencontainers.image.title="podium-controller" \
    org.opencontainers.image.description="Podium's API, reconciler and command line" \
    org.opencontainers.image.licenses="Apache-2.0"
