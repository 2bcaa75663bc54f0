# Everything a person or CI does here. Needs Python 3.11 or newer; `make` alone lists the targets.

PYTHON := .venv/bin/python
MKDOCS := NO_MKDOCS_2_WARNING=1 $(PYTHON) -m mkdocs
MINUTES ?= 3
PROCESSES ?= 4
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo run test check lint docs bench chaos compat libraries containers lock

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/installed ## set up .venv from the lock file (other targets do it, too)

.venv/installed: requirements-dev.lock pyproject.toml tools/setup.sh
	@sh tools/setup.sh
	@touch $@

demo: setup ## the whole story on your terminal; stops what it starts
	@$(PYTHON) -m tools.demo

run: setup ## keep the component running; tells where to publish
	@$(PYTHON) -m tools.run

test: setup ## every test (or ARGS="-k some"), PROCESSES (4) at a time
	@$(PYTHON) -m coverage erase
	@$(PYTHON) -m coverage run -m pytest --numprocesses $(PROCESSES) --dist worksteal $(or $(ARGS),--ignore tests/chaos)
	@$(if $(ARGS),true,$(PYTHON) -m coverage run -m pytest tests/chaos)
	@$(PYTHON) -m coverage combine --quiet
	@$(PYTHON) -m coverage report $(if $(ARGS),--fail-under=0)

check: lint ## lint, and each test that needs no server and no seconds: a minute
	@$(PYTHON) -m pytest -m "not server and not slow" --numprocesses auto --maxprocesses $(PROCESSES) --dist worksteal -q

lint: setup ## formatting, lint, types, who may import whom, whom a change of messages breaks, the docs
	@$(PYTHON) -m ruff format --check
	@$(PYTHON) -m ruff check
	@$(PYTHON) -m mypy
	@$(PYTHON) .venv/bin/lint-imports --no-logo
	@env -u COMPONENT_NAME -u COMMAND_QUEUE -u EVENT_EXCHANGE $(PYTHON) -m worker catalog check
	@$(MKDOCS) build --strict # --quiet would silence the warnings that it counts, too

docs: setup ## the docs as a site, on http://127.0.0.1:8000 until Ctrl-C
	@$(MKDOCS) serve $(ARGS)

bench: setup ## ours next to other consumers (FULL=1: latency and more)
	@$(PYTHON) -m benchmarks $(ARGS)

chaos: setup ## kill, cut off and fill up things for MINUTES (3), then count
	@$(PYTHON) -m tests.chaos --minutes $(MINUTES) $(ARGS)

compat: setup ## tests on RabbitMQ VERSIONS="4.0 4.3" (as root)
	@$(PYTHON) -m tools.compat $(ARGS)

libraries: setup ## each program of docs/from-your-library.md, VERSIONS="3.10 4.3" (as root)
	@VERSIONS="$(or $(VERSIONS),3.10 4.3)" $(PYTHON) -m tools.compat tests/integration/every_library.py $(ARGS)

containers: setup ## Dockerfile and Compose file, run (Docker, or as root)
	@$(PYTHON) -m tools.containers

lock: setup ## write both lock files anew, with the newest that fits
	@sh tools/lock.sh
