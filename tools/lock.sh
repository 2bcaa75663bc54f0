#!/bin/sh
# Writes both lock files anew. Called by `make lock`; needs a package index.
set -eu
cd "$(dirname "$0")/.."

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
.venv/bin/python -m venv "$folder"
"$folder/bin/python" -m pip -qq --disable-pip-version-check install uv

compile() {
    "$folder/bin/uv" --quiet pip compile pyproject.toml "$@" --upgrade --universal --python-version 3.11 \
        --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" >/dev/null
}
compile --extra console --output-file requirements.lock # the image serves the console, too
compile --all-extras --output-file requirements-dev.lock
