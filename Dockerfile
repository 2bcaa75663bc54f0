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
# What is not compiled here would be compiled at each start: nothing can be written there then.
RUN python -m compileall -q -x '/(test|idlelib|ensurepip|site-packages|dist-packages)/' \
    "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HTTP_PORT=8080
WORKDIR /app
USER component
# Healthy is who does its work, so that a forgotten setting shows. Docker restarts nobody for it; where
# something does (Swarm), let it ask /livez: alive is what a restart can mend.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["python", "-c", "\
import os, urllib.request as r; \
r.build_opener(r.ProxyHandler({})).open(f'http://127.0.0.1:{os.environ[\"HTTP_PORT\"]}/readyz', timeout=4)"]
ENTRYPOINT ["python", "-m", "worker"]
CMD ["run"]
