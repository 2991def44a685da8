# Set-up, checks and the demo. Every step leaves a stamp and is skipped while nothing it depends on has changed.

PYTHON ?= python3
BIN := .venv/bin
CONTRACTS := contracts

# Node.js of the machine if there is one, else the one that pip brought.
export PATH := $(PATH):$(CURDIR)/$(BIN)

FOUNDRY_VERSION := 1.7.1
FORGE_BINARY = $(firstword $(abspath $(wildcard $(CONTRACTS)/node_modules/@foundry-rs/forge-*/bin/forge)))
FOUNDRY_HOME := HOME="$(CURDIR)/build/foundry"
FORGE = $(FOUNDRY_HOME) $(FORGE_BINARY)
# The provers, slither and halmos, have dependencies of their own.
PROVE := .venv-prove/bin

PYTHON_STAMP := .venv/.installed
NODE_STAMP := $(CONTRACTS)/node_modules/.installed
VENDOR_STAMP := $(CONTRACTS)/vendor-out/.compiled
FORGE_STAMP := $(CONTRACTS)/out/.built
PROVE_STAMP := .venv-prove/.installed
SOURCES := $(shell find $(CONTRACTS)/src $(CONTRACTS)/sim -name '*.sol')

.PHONY: help setup demo test lint types test-contracts test-python coverage-python mutation prove prove-tests \
  prove-python halmos slither coverage controls gas simulate crash bench artifacts clean

help:
	@echo "make setup      install everything into this folder (.venv, contracts/node_modules) and build the contracts"
	@echo "make demo       replay a market against a vault on a local chain and write a report"
	@echo "make test       lint, types, contract tests, Python tests"
	@echo "make prove      everything of docs/proofs.md: halmos, slither, coverage, gas, controls, the full counts (hours)"
	@echo "make controls   remove one guard of the contracts at a time and see that a test notices"
	@echo "make coverage   lines and branches of contracts/src that the tests reach; all of them, or it fails"
	@echo "make gas        measure every entry point, and compare with contracts/snapshots"
	@echo "make simulate   10,000 seeds of the deterministic simulation"
	@echo "make crash      kill -9 the agent 200 times at its journal points and at random times (5 minutes)"
	@echo "make coverage-python  branch coverage of gate, journal and sender, which must be 100 %"
	@echo "make mutation   change risk gate and execution in 200 places, one at a time, and count what tests notice"
	@echo "make bench      measure"
	@echo "make artifacts  regenerate chains/artifacts and docs/contracts.md after a change of contracts/src or contracts/sim"
	@echo "make clean      remove what the build made; the installed packages stay"

setup: $(PYTHON_STAMP) $(NODE_STAMP) $(VENDOR_STAMP) $(FORGE_STAMP)

$(PYTHON_STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Ballast needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make setup PYTHON=python3.12"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(NODE_STAMP): $(CONTRACTS)/package-lock.json $(CONTRACTS)/package.json $(CONTRACTS)/.npmrc | $(PYTHON_STAMP)
	cd $(CONTRACTS) && npm ci --loglevel=error
	@# The lock holds Foundry for Linux on amd64; other platforms get the same version here.
	@cd $(CONTRACTS) && platform=$$(../$(BIN)/python -c 'from chains.local.foundry import platform_name as name; print(name())') && \
	  { test -x node_modules/@foundry-rs/anvil-$$platform/bin/anvil || npm install --no-save --loglevel=error \
	    @foundry-rs/forge-$$platform@$(FOUNDRY_VERSION) @foundry-rs/anvil-$$platform@$(FOUNDRY_VERSION); }
	@touch $@

$(VENDOR_STAMP): $(CONTRACTS)/tools/compile_vendor.js $(NODE_STAMP)
	node $(CONTRACTS)/tools/compile_vendor.js
	@touch $@

$(FORGE_STAMP): $(SOURCES) $(CONTRACTS)/foundry.toml $(NODE_STAMP)
	@mkdir -p build/foundry
	cd $(CONTRACTS) && $(FORGE) build src sim
	@touch $@

demo: setup
	$(BIN)/ballast demo

test: lint types test-contracts test-python

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: setup
	$(BIN)/mypy

test-contracts: setup
	cd $(CONTRACTS) && $(FORGE) test

test-python: setup
	$(BIN)/pytest -q -n 2

COVERED := $(patsubst %,agent/risk/%.py,gate checks change costs headroom upkeep controls events short_leg) \
  $(patsubst %,agent/execution/%.py,journal records sqlite_store stores sender delivery nonces outcome)
COVERAGE := COVERAGE_FILE=build/coverage-python.sqlite $(BIN)/coverage

# The two slow tests add no branch.
coverage-python: setup
	@mkdir -p build
	$(COVERAGE) run --branch --source=agent/risk,agent/execution -m pytest -q tests/risk tests/execution \
	  tests/faults/sending -k "not ten_thousand_random_plans and not test_fault_71"
	$(COVERAGE) report --show-missing --fail-under=100 $(COVERED)

mutation: setup
	$(BIN)/python bench/mutation.py

prove: halmos slither coverage gas controls prove-tests prove-python simulate

prove-tests: setup
	cd $(CONTRACTS) && FOUNDRY_FUZZ_SEED=0x$$(od -An -N8 -tx8 /dev/urandom | tr -d ' ') FOUNDRY_PROFILE=prove $(FORGE) test

prove-python: setup
	$(BIN)/pytest -q -m hypothesis --hypothesis-profile=fresh

halmos: setup $(PROVE_STAMP)
	cd $(CONTRACTS) && PATH="$(CURDIR)/$(PROVE):$(dir $(FORGE_BINARY)):$$PATH" $(FOUNDRY_HOME) \
	  FOUNDRY_PROFILE=halmos $(CURDIR)/$(PROVE)/halmos --forge-build-out out-halmos --no-status

slither: setup $(PROVE_STAMP)
	$(FOUNDRY_HOME) $(BIN)/python $(CONTRACTS)/tools/findings.py --slither $(PROVE)/slither --forge $(FORGE_BINARY)

coverage: setup
	$(FOUNDRY_HOME) $(BIN)/python $(CONTRACTS)/tools/coverage.py --forge $(FORGE_BINARY)

controls: setup
	$(FOUNDRY_HOME) $(BIN)/python $(CONTRACTS)/tools/controls.py --forge $(FORGE_BINARY)

gas: setup
	$(FOUNDRY_HOME) $(BIN)/python $(CONTRACTS)/tools/gas.py --forge $(FORGE_BINARY) $(if $(WRITE),--write)

$(PROVE_STAMP): requirements-prove.lock | $(PYTHON_STAMP)
	test -x $(PROVE)/python || $(PYTHON) -m venv .venv-prove
	$(PROVE)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-prove.lock
	@touch $@

simulate: setup
	$(BIN)/ballast simulate --seeds 10000 --jobs 2

crash: setup
	$(BIN)/python -m agent.chaos

bench: setup
	$(BIN)/python bench/run.py

artifacts: $(FORGE_STAMP) $(PYTHON_STAMP)
	$(BIN)/python -m chains.artifacts $(CONTRACTS)/out
	$(BIN)/python docs/generate_contracts.py

clean:
	rm -rf build $(CONTRACTS)/out $(CONTRACTS)/cache $(CONTRACTS)/out-halmos $(CONTRACTS)/cache-halmos \
	  $(CONTRACTS)/vendor-out
