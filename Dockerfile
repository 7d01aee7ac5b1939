# One image for every part: `docker run counterfoil api`, `... relay`, `... worker`, `... beat`, `... migrate`.

FROM python:3.13-slim-trixie@sha256:9d2e5553305c7c7b0097999bb17187c69b921ccd6bc9d40e4bb5ebe652c00285 AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /source
RUN python -m venv --without-pip /opt/counterfoil
COPY requirements.lock requirements-dev.lock ./
# Wheels only: a source distribution would fetch and run build tools that no lock file names.
RUN pip --python /opt/counterfoil/bin/python install --no-deps --require-hashes --only-binary :all: \
        -r requirements.lock
# The package itself is built by the setuptools of the development lock, and by nothing else.
RUN sed -n '/^setuptools==/,/[^\\]$/p' requirements-dev.lock > /build.lock \
    && pip install --no-deps --require-hashes --only-binary :all: -r /build.lock
COPY . .
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && pip --python /opt/counterfoil/bin/python install --no-deps /wheels/*.whl \
    && python -m compileall -q /opt/counterfoil

FROM python:3.13-slim-trixie@sha256:9d2e5553305c7c7b0097999bb17187c69b921ccd6bc9d40e4bb5ebe652c00285
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin counterfoil
COPY --from=build /opt/counterfoil /opt/counterfoil
# Nothing is written outside /tmp, so the root file system can be mounted read-only.
ENV PATH=/opt/counterfoil/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONSAFEPATH=1
WORKDIR /
USER 10001:10001
# Each part is healthy in its own way: docker-compose.yml says how.
HEALTHCHECK NONE
ENTRYPOINT ["counterfoil"]
CMD ["--help"]
