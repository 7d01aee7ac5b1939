# Every target sets up what it needs; a second setup finds the stamp and does nothing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-header --no-annotate

.DEFAULT_GOAL := help
.PHONY: help setup demo up test lint format bench bench-bills bench-full chaos many-hosts model lock clean

help:  ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: $(READY)  ## create .venv with the locked dependencies

$(READY): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Counterfoil needs Python 3.11 or newer; set PYTHON=/path/to/python3.11" if sys.version_info < (3, 11) else 0)'
	@echo "setup: installing the locked dependencies into $(VENV) (about a minute, once)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY)  ## start the stack, issue invoices over HTTP, audit the numbers, stop
	@$(BIN)/counterfoil demo

up: $(READY)  ## run the whole stack on embedded PostgreSQL and Valkey until Ctrl-C (SAMPLE_DATA=1: with a made-up company)
	@$(BIN)/counterfoil up $(if $(SAMPLE_DATA),--sample-data)

test: $(READY)  ## prove the promises on real PostgreSQL and Valkey
	@$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

lint: $(READY)  ## ruff and mypy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(READY)  ## let ruff rewrite what it can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(READY)  ## five minutes: ratios to bare Celery, the naive design and pgbench, in one run
	@$(BIN)/python -m bench

bench-bills: $(READY)  ## how many fields of bills are read right: SAMPLES=folder with bills that somebody has read
	@$(BIN)/python -m bench.bills "$(SAMPLES)"

bench-full: $(READY)  ## hours: make bench, other queues, and all else there is; writes docs/performance.md
	@$(BIN)/python -m bench full

chaos: $(READY)  ## the long fault runs: 1,000 kills, 20 minutes of faults, 5 of random histories, 5 of bills and mails, amounts in every locale (SEED=n repeats one)
	@$(BIN)/python -m pytest -m chaos tests --timeout 3600 -s

many-hosts: $(READY)  ## half an hour, as root on Linux: three hosts with bad lines between them, cuts, promotions, wrong clocks (SEED=n repeats one)
	@$(BIN)/python -m pytest -m many_hosts tests/many_hosts --timeout 1200 -s

model:  ## check the protocol and its mutations with Spin: some minutes, 2 GB
	@$(PYTHON) -m tests.model

lock: $(READY)  ## resolve the dependencies anew, with hashes for every platform
	@$(BIN)/python -m pip install --quiet uv
	@$(COMPILE) --extra einvoices --extra fonts --extra ocr --extra oidc --extra traces pyproject.toml -o requirements.lock
	@$(COMPILE) --extra dev --constraint requirements.lock pyproject.toml -o requirements-dev.lock

clean:  ## remove the virtual environments and caches
	rm -rf $(VENV) bench/.peers build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
