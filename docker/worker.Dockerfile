# The worker: the built-in trainer and the `podium` SDK, with torch and torchvision. A trial with a script of its own
# needs an image with the SDK only (`pip install podium`), this one or any other.
#
#   docker build --file docker/worker.Dockerfile --tag podium-worker:0.1.0 \
#       --label org.opencontainers.image.version=0.1.0 --label org.opencontainers.image.revision="$(git rev-parse HEAD)" .
#
# torch is the CUDA build, some gigabytes. TORCH_INDEX_URL names an index of torch's own with builds for the CPU alone or
# for AMD's accelerators; they are preferred, since their versions end in +cpu or +rocm.
ARG PYTHON_IMAGE=python:3.13-slim

FROM ${PYTHON_IMAGE} AS requirements
COPY docker/requirements.py pyproject.toml /
# Of no time: copied as it is, what it brings stays in the cache wherever and whenever the repository was cloned.
RUN python /requirements.py worker tune s3 gcs > /requirements.txt && touch --date=@0 /requirements.txt

FROM ${PYTHON_IMAGE} AS wheel
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY podium podium
COPY controller controller
COPY worker worker
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheel .

FROM ${PYTHON_IMAGE}
ARG TORCH_INDEX_URL=
ENV PATH=/opt/podium/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp
RUN python -m venv --without-pip /opt/podium
COPY --from=requirements /requirements.txt /tmp/
# Installed in place: copied from a stage of its own, the gigabytes would be written and kept twice while building. What
# is left behind is the environment alone, since pip is the base image's and keeps no cache.
RUN pip --python /opt/podium/bin/python install --no-cache-dir --requirement /tmp/requirements.txt \
    ${TORCH_INDEX_URL:+--extra-index-url "$TORCH_INDEX_URL"} && rm /tmp/requirements.txt
COPY --from=wheel /wheel /tmp/wheel
RUN pip --python /opt/podium/bin/python install --no-cache-dir --no-deps --no-index /tmp/wheel/*.whl && rm -r /tmp/wheel
USER 65532:65532
WORKDIR /tmp
# -P: no `worker.py` of the working directory gets in its place.
CMD ["python", "-P", "-m", "worker"]
LABEL org.opencontainers.image.title="podium-worker" \
    org.opencontainers.image.description="Podium's trainer, with PyTorch" \
    org.opencontainers.image.licenses="Apache-2.0"
