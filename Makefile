# Everything here works on a machine that has only Python 3.11+ and make.
PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
EXTRAS ?= dev

.PHONY: help demo test test-slow test-all bench check setup arm64 chroot lock clean

help: ## what can be typed here
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: ## six simulated runners, a broker and the coach's page
	@$(MAKE) --no-print-directory setup EXTRAS=demo
	$(BIN)/backbeat demo $(ARGS)

test: setup ## the default tests
	$(BIN)/pytest $(ARGS)

test-slow: setup ## the slow tests alone
	$(BIN)/pytest -m slow $(ARGS)

test-all: setup ## the default tests and the slow ones
	$(BIN)/pytest -m "slow or not slow" $(ARGS)

bench: EXTRAS = bench
bench: ## the figures of the docs; ARGS=tests/benchmarks/bench_NAME.py is one, all of them take long
	@$(MAKE) --no-print-directory setup EXTRAS=$(EXTRAS)
	$(BIN)/pytest $(or $(ARGS),tests/benchmarks) -o python_files='bench_*.py' -o python_functions='bench_*' --timeout=3600

check: setup ## style, types, and which room may know which
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

setup: $(VENV)/.ready-$(EXTRAS) ## the virtual environment, made once

$(VENV)/.ready-$(EXTRAS): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Backbeat needs Python 3.11 or newer; choose one with: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "This Python cannot make virtual environments; install the Debian package python3-venv and try again." >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[$(EXTRAS)]'
	@touch $@

arm64: ## the core of the tests and a live run on arm64 under QEMU (root, Debian packages mmdebstrap qemu-user-static binfmt-support arch-test)
	PYTHON=$(PYTHON) tests/install/arm64.sh

chroot: ## install, run and remove on a fresh Debian (root, mmdebstrap); SUITE=bookworm or trixie
	tests/install/chroot.sh $(or $(SUITE),bookworm)

lock: setup ## after a dependency has changed: the installation's packages with hashes, and the list of them (SBOM)
	$(BIN)/pip install --quiet --disable-pip-version-check uv
	PATH="$(BIN):$$PATH" $(BIN)/python config/lock.py

clean: ## remove the virtual environment and what tests leave behind
	rm -rf $(VENV) .coverage htmlcov .pytest_cache .mypy_cache .ruff_cache .hypothesis
