#!/bin/sh
# Sets up .venv from the lock file. Called by `make setup`.
set -eu
cd "$(dirname "$0")/.."

fail() {
    echo "make setup: $1" >&2
    exit 1
}

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    for name in ${PYTHON3:-} python3.13 python3.12 python3.11 python3; do
        if new_enough "$name"; then
            command -v "$name"
            return
        fi
    done
    fail "Python 3.11 or newer is needed; install it, or name it: make setup PYTHON3=/path/to/python3"
}

# Debian and Ubuntu keep a part of the venv module in a package of its own.
ensure_venv() {
    "$1" -c 'import ensurepip' >/dev/null 2>&1 && return
    package="$(basename "$1")-venv"
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        fail "$1 cannot make virtual environments; install its venv module (on Debian: $package)"
    fi
    echo "Installing $package with apt-get ..."
    log="$(mktemp)"
    if ! { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes \
        --no-install-recommends "$package"; } >"$log" 2>&1; then
        tail -n 3 "$log" >&2
        rm -f "$log"
        fail "$package could not be installed"
    fi
    rm -f "$log"
}

if ! new_enough .venv/bin/python; then
    python="$(find_python)"
    ensure_venv "$python"
    echo "Setting up .venv with $("$python" --version) ..."
    "$python" -m venv --clear .venv
fi
# As a module: the pip script breaks when the clone moves, or when its path is too long or has spaces.
pip=".venv/bin/python -m pip -qq --disable-pip-version-check --no-input"
echo "Installing what requirements-dev.lock lists ..."
$pip install --require-hashes --requirement requirements-dev.lock || fail "pip could not install the dependencies"
$pip install --no-deps --no-build-isolation --editable . || fail "pip could not install the project"
