# Every target sets up what it needs; nothing is done twice.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ARGS ?=
# Detectors by shape; the guesses by entropy and by keyword would cry over checksums and tests.
SECRETS := --disable-plugin HexHighEntropyString --disable-plugin Base64HighEntropyString --disable-plugin KeywordDetector

# One resolution: what tests run on is pinned first and binds what is shipped (tests/architecture/test_requirements.py).
LOCK = $(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
  --no-header $(ARGS)

.DEFAULT_GOAL := help
.PHONY: help demo test acceptance faults mutants bench check audit figures format lock sbom clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

# Requirements are pinned by hash; the virtual environment is made anew only when they change.
$(READY): requirements/uv.txt requirements/dev.txt pyproject.toml nongvu_client/pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements/dev.txt
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --editable . --editable ./nongvu_client
	@touch $@

demo: $(READY) ## recorded weather through real devices to messages and a page; ARGS="--once --json" ends by itself
	@$(BIN)/nongvu demo $(ARGS)

# Much of a test's time is waiting, for a line or a process: three fill two cores, and the long replays go first in one.
test: $(READY) ## style, types, contracts, every test that needs no other maker's program
	@$(MAKE) --no-print-directory check
	$(BIN)/python -m pytest -n 3 --dist loadgroup $(ARGS)

acceptance: $(READY) ## against outside peers: browser, SMSC, mbpoll, gammu, ...
	@bash tests/acceptance/peers
	$(BIN)/python -m pytest tests/acceptance $(ARGS)

faults: $(READY) ## the fault matrix: kills, cuts, corruption; writes docs/faults.md
	$(BIN)/python -m pytest tests/faults $(ARGS)

mutants: $(READY) ## whether tests notice faults put into the purest files; ARGS=<part of a path> for some of them
	$(BIN)/python deployment/mutants.py $(ARGS)

bench: $(READY) ## against peers, which it installs; ARGS=<name> for one; writes benchmarks/results.json, docs/performance.md
	@bash benchmarks/fetch_peers
	$(BIN)/python -m benchmarks $(ARGS)

check: $(READY) ## ruff, mypy --strict, import contracts, nothing undeclared or dead, no secret, no known vulnerability
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry --no-ansi .
	$(BIN)/python deployment/dead_code.py
	@git ls-files -z | grep -zv '^requirements/' | xargs -0 $(BIN)/detect-secrets-hook $(SECRETS)
	@$(MAKE) --no-print-directory audit

audit: $(READY) ## known vulnerabilities of what is pinned; says aloud where it could not ask; NONGVU_AUDIT=required fails then
	@$(BIN)/python deployment/audit.py

figures: $(READY) ## the house in figures: lengths, documentation, types, tests a line, circles
	@$(BIN)/python deployment/figures.py

format: $(READY) ## let ruff set the lines
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(READY) ## pin requirements anew, by hash, without index addresses; ARGS=--upgrade takes what is newest
	@$(LOCK) --extra dev pyproject.toml -o requirements/dev.txt
	@$(LOCK) --extra peers -c requirements/dev.txt pyproject.toml -o requirements/peers.txt
	@$(LOCK) --extra edge -c requirements/dev.txt pyproject.toml -o requirements/edge.txt
	@$(LOCK) --extra server --extra dashboards --extra export --extra cluster -c requirements/dev.txt pyproject.toml \
	  -o requirements/server.txt

sbom: $(READY) ## a CycloneDX list of what the server is made of: build/sbom.json
	@mkdir -p build
	$(BIN)/cyclonedx-py requirements --output-format JSON --output-file build/sbom.json requirements/server.txt

clean: ## forget the virtual environment and caches of this checkout
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache
