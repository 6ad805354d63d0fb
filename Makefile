# Everything a developer or operator runs by hand. `make help` lists it.
# A bare machine needs git, make and Python 3.11 or newer; the rest goes into .venv.

SHELL := /bin/bash
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
# The oldest supported Python first: what runs on it runs on all. Override: make PYTHON=python3.13 …
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do \
  command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
  && { echo $$p; break; }; done)
# Tests wait for services and processes a good part of their time.
JOBS ?= 3
ARGS ?=
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# uv installs in a tenth of pip's time; where it cannot reach an index that pip is set up for, pip does.
UV := $(BIN)/uv pip install --quiet --python $(BIN)/python
# The first two stamps: the environment a user needs, and what developers need on top.
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
DOCS_STAMP := $(VENV)/.installed-docs
BENCH_STAMP := $(VENV)/.installed-bench

.PHONY: help install install-dev demo serve test coverage mutation check format bench rivals docs services lock audit sbom clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  \1\t\2/' | expand -t 16

$(VENV)/pyvenv.cfg:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; install it or run: make PYTHON=/path/to/python $(MAKECMDGOALS)" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "$(PYTHON) cannot make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 2; }

# Hashes are checked for every package; the project itself is linked, with the locked build tools.
$(STAMP): $(VENV)/pyvenv.cfg requirements.lock requirements-installer.lock pyproject.toml
	@echo "Installing into $(VENV)"
	@$(PIP) install --require-hashes -r requirements-installer.lock
	@$(UV) --require-hashes -r requirements.lock || $(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@# uv leaves packages without bytecode, which would make the first start three times as long.
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -c "import rustok.cli.demo, rustok.server.serving"
	@touch $@

$(DEV_STAMP): $(STAMP) requirements-dev.lock
	@echo "Installing developer tools into $(VENV)"
	@$(UV) --require-hashes -r requirements-dev.lock || $(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

install: $(STAMP) ## Install RusToK into .venv

install-dev: $(DEV_STAMP) ## Install it with tests and checks

demo: install ## Start a shop and a magazine with sample data (ARGS="--port 8080")
	@exec $(BIN)/rustok demo $(ARGS)

serve: install ## Start the server with your settings
	@exec $(BIN)/rustok serve $(ARGS)

test: install-dev ## Run all tests (ARGS="tests/unit -k money")
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile -q $(ARGS)

# What the table of docs/guides/testing.md is measured over.
COVERED := tests/unit tests/contract tests/property tests/integration

coverage: install-dev ## Measure which lines and branches the tests reach, by package (ARGS="tests/unit")
	@rm -rf build/coverage && mkdir -p build/coverage
	@$(BIN)/coverage run -m pytest -n $(JOBS) --dist loadfile -q $(or $(ARGS),$(COVERED)) || touch build/coverage/failed
	@$(BIN)/coverage combine --quiet && $(BIN)/coverage json --quiet --fail-under=0 -o build/coverage/report.json
	@$(BIN)/python -m tools.coverage_by_package build/coverage/report.json
	@test ! -e build/coverage/failed || { echo "Some tests failed; see above" >&2; exit 1; }

mutation: install-dev ## See whether tests notice wrong code: money, lifecycles, outbox, isolation, commits (ARGS="money")
	@$(BIN)/python -m tools.mutation $(ARGS)

check: install-dev ## Lint, format, types, architecture, own lints
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@# Illegal lifecycle steps must be errors for mypy and for pyright, each on its line.
	@$(BIN)/python -m pytest -q -p no:xdist tests/typing
	@PYTHONPATH=src $(BIN)/lint-imports --no-cache
	@$(BIN)/python -m tools.lints
	@# Every change of rows is announced, and only by the outbox.
	@$(BIN)/rustok audit events --only code
	@# The OWASP Top 10 as far as source, routes and locks tell; any finding is an error.
	@$(BIN)/rustok audit security --only code --fail-on low
	@$(BIN)/python -m tools.licences --check
	@$(BIN)/bandit --quiet --configfile pyproject.toml --recursive src tools
	@# No secret in the checkout, nor in anything that ever was committed.
	@$(BIN)/python -m tools.secrets_scan --history

format: install-dev ## Format the code and sort imports
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

bench: install-dev ## Run the benchmarks (ARGS="benchmarks/test_ids.py")
	@mkdir -p build
	@$(BIN)/python -m pytest -p no:xdist --benchmark-only --benchmark-columns=median,ops,rounds \
	  --benchmark-json=build/bench.json \
	  --override-ini=python_files='test_*.py bench_*.py' $(or $(ARGS),benchmarks)

$(BENCH_STAMP): $(DEV_STAMP) requirements-bench.lock
	@$(UV) --require-hashes -r requirements-bench.lock || $(PIP) install --require-hashes -r requirements-bench.lock
	@touch $@

rivals: $(BENCH_STAMP) ## Measure breaker, cache and retry beside other libraries
	@$(BIN)/python -m benchmarks.rivals

$(DOCS_STAMP): $(DEV_STAMP) requirements-docs.lock
	@$(UV) --require-hashes -r requirements-docs.lock || $(PIP) install --require-hashes -r requirements-docs.lock
	@touch $@

docs: $(DOCS_STAMP) ## Make the documentation site in build/site; a broken link is an error
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet && echo "build/site/index.html"

services: install-dev ## Show which services the tests can use, and how to start the others
	@$(BIN)/python -m tools.services

lock: ## Lock the dependencies anew (needs uv); the files name no package index
	@echo uv | uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --output-file requirements-installer.lock - $(ARGS)
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --extra build --output-file requirements.lock pyproject.toml $(ARGS)
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --extra build --extra dev --constraint requirements.lock \
	  --output-file requirements-dev.lock pyproject.toml $(ARGS)
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --extra docs --constraint requirements-dev.lock \
	  --output-file requirements-docs.lock pyproject.toml $(ARGS)
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --extra bench --constraint requirements-dev.lock \
	  --output-file requirements-bench.lock pyproject.toml $(ARGS)

audit: install-dev ## Look for weaknesses: own checks, bandit, advisories of the locks (asks the index)
	@$(BIN)/rustok audit security --only code --fail-on low
	@$(BIN)/bandit --quiet --configfile pyproject.toml --recursive src tools
	@# Exit 1: an advisory. Exit 2: the index did not tell of every package.
	@$(BIN)/python -m tools.advisories

sbom: install-dev ## List what is delivered, as CycloneDX, in build/sbom.json
	@mkdir -p build
	@$(BIN)/cyclonedx-py requirements --output-reproducible --of JSON -o build/sbom.json requirements.lock
	@echo "build/sbom.json"

clean: ## Remove what was built; keeps var/ (your data) and .venv
	@rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .benchmarks .coverage .coverage.* htmlcov
	@find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +
