# make demo · make test · make help. Needs Python 3.11 or newer, Git and make; some tests need Go as well.
.DEFAULT_GOAL := help
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
PIPTOOLS := 7.6.2

ifndef PYTHON
PYTHON := $(shell for p in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { command -v $$p; break; }; done)
endif
ifeq ($(strip $(PYTHON)),)
$(error Python 3.11 or newer is needed and not on PATH: install it, or name it with make PYTHON=/path/to/python3)
endif

# Half of the tests wait for a cluster most of the time.
WORKERS := $(shell $(PYTHON) -c 'import os; print(2 * (os.cpu_count() or 1))')

# What is installed is remembered by content: the stamps' names hold a hash of everything they depend on.
ID := $(shell { echo $(CURDIR) $(PYTHON); $(PYTHON) -VV; } | git hash-object --stdin)
hash = $(shell { echo $(ID); cat $(1) pyproject.toml src/matrix_secrets/__init__.py; } 2>/dev/null | git hash-object --stdin)
VENV_STAMP := $(VENV)/.made-$(ID)
RUN_STAMP := $(VENV)/.run-$(call hash,requirements.lock)
DEV_STAMP := $(VENV)/.dev-$(call hash,requirements-dev.lock)
FUZZ_STAMP := $(VENV)/.fuzz-$(call hash,tools/fuzzing/requirements.lock)
INSTALL := $(BIN)/python -m pip install --quiet --no-input --disable-pip-version-check

.PHONY: help demo install dev test check lint docs parts cluster bench crash fuzz lock clean

help: ## what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

demo: install ## the whole job, shown on a fresh repository made after the guide (Python, Git and make suffice)
	@$(BIN)/python tools/demo.py

install: $(RUN_STAMP) ## the command in .venv/bin/matrix-secrets

dev: $(DEV_STAMP) ## the same with everything development needs

# A wait for a real cluster can run out on a busy machine: what failed is tried once more, alone, and counts then.
test: lint docs parts ## everything: checks, real parts, all tests
	@$(BIN)/python -m pytest --numprocesses=$(WORKERS) --dist=worksteal --cov --cov-report=term $(ARGS); code=$$?; \
	if [ $$code -ne 1 ]; then exit $$code; fi; echo "!!! Tests failed. Once more, one after the other, what failed:" >&2; \
	exec $(BIN)/python -m pytest --last-failed --last-failed-no-failures=none $(ARGS)

check: lint docs ## what needs no real part, in under two minutes
	@$(BIN)/python -m pytest --numprocesses=$(WORKERS) --dist=worksteal --no-parts $(ARGS)

lint: $(DEV_STAMP) ## ruff, mypy, layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

# Not --quiet: mkdocs then counts no warnings, and --strict means nothing.
docs: $(DEV_STAMP) ## the documentation, built strictly and thrown away
	@test -f mkdocs.yml || { echo "!!! docs: there is no mkdocs.yml, nothing was built" >&2; exit 1; }
	@site=$$(mktemp -d) && trap 'rm -rf "$$site"' EXIT && \
	{ $(BIN)/mkdocs build --strict --site-dir "$$site/site" >"$$site/log" 2>&1 || { cat "$$site/log" >&2; exit 1; }; }

parts: $(DEV_STAMP) ## the real programs that tests use, into the user's cache
	@$(BIN)/python tools/parts.py build

cluster: $(DEV_STAMP) parts ## a whole cluster with Flux on this machine, to play with; until Ctrl-C (Linux, root)
	@PYTHONPATH=. $(BIN)/python tools/cluster.py

bench: $(DEV_STAMP) parts ## how long things take, beside the real sops (ARGS=--full: 1,000 files and more)
	@$(BIN)/python tools/bench.py $(ARGS)
	@$(BIN)/python tools/bench_audit.py

crash: $(DEV_STAMP) parts ## what an interruption leaves, at every call to the system, beside sops -i (10 minutes; Linux)
	@$(BIN)/python tools/crash.py $(ARGS)

fuzz: $(DEV_STAMP) $(FUZZ_STAMP) ## a coverage-guided fuzzer on all that reads (ARGS="--seconds 600"; Linux)
	@$(BIN)/python tools/fuzz.py $(ARGS)

lock: ## new lock files (UPGRADE=1: newest versions)
	@test -x .venv-lock/bin/pip-compile || $(PYTHON) -m venv .venv-lock
	@.venv-lock/bin/python -m pip install --quiet --disable-pip-version-check pip-tools==$(PIPTOOLS)
	@COMPILER=.venv-lock/bin/pip-compile UPGRADE=$(UPGRADE) sh tools/lock.sh

clean: ## everything made here (not the parts in the user's cache)
	rm -rf .venv .venv-lock build dist site .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage
	find src tests tools -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV_STAMP):
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV) || { echo "error: no virtual environment; on Debian: apt install python3-venv" >&2; exit 1; }
	@touch $@

$(RUN_STAMP): $(VENV_STAMP)
	@echo "Installing into $(VENV) …" >&2
	@$(INSTALL) --no-deps --require-hashes -r requirements.lock
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q src  # as pip does for all that is not editable: the first call is quick, too
	@rm -f $(VENV)/.run-* && touch $@

$(DEV_STAMP): $(RUN_STAMP)
	@echo "Installing what development needs into $(VENV) …" >&2
	@$(INSTALL) --no-deps --require-hashes -r requirements-dev.lock
	@rm -f $(VENV)/.dev-* && touch $@

$(FUZZ_STAMP): $(DEV_STAMP)
	@$(INSTALL) --no-deps --require-hashes -r tools/fuzzing/requirements.lock
	@rm -f $(VENV)/.fuzz-* && touch $@
