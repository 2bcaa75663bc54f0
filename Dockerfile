# The component without anything it does not need to run: no pip of its own, no compiler, no tests.
FROM python:3.13-slim-bookworm AS build
WORKDIR /app
COPY requirements.lock .
RUN python -m venv --without-pip /venv \
    && pip --python /venv/bin/python install --no-cache-dir --disable-pip-version-check \
        --require-hashes --only-binary :all: --requirement requirements.lock
COPY domain domain
COPY schemas schemas
COPY persistence persistence
COPY worker worker
RUN rm requirements.lock && /venv/bin/python -m compileall -q .

FROM python:3.13-slim-bookworm
RUN groupadd --system --gid 10001 component \
    && useradd --system --uid 10001 --gid component --no-create-home --shell /usr/sbin/nologin component
COPY --from=build /venv /venv
COPY --from=build /app /app
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
USER component
# Alive is what a restart can mend. Whether it is ready, /readyz tells whoever sends it work.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["python", "-c", "\
import os, urllib.request as r; port = os.environ.get('HTTP_PORT'); \
port and r.build_opener(r.ProxyHandler({})).open(f'http://127.0.0.1:{port}/livez', timeout=4)"]
ENTRYPOINT ["python", "-m", "worker"]
CMD ["run"]
