# All the commands there are. A bare machine needs Python 3.11 with venv, make, git and a package registry.
PYTHON ?= python3
BIN := .venv/bin
PLUGINS := $(patsubst %/pyproject.toml,%,$(sort $(wildcard plugins/*/pyproject.toml)))
KELOMPOK := $(BIN)/kelompok

UV ?= $(BIN)/uv

.PHONY: setup demo up test test-fast proof lint check guards bench docs golden pictures lock clean

setup: .venv/ready   ## create the environment and install what running needs

.venv/ready: requirements.lock pyproject.toml $(PLUGINS:%=%/pyproject.toml)
	@$(PYTHON) .ci/install.py
	@touch .venv/ready

.venv/ready-for-tests: .venv/ready requirements-dev.lock
	@$(PYTHON) .ci/install.py --tests
	@touch .venv/ready-for-tests

demo: setup   ## database, plugin, ten organizations, and what to try next
	$(KELOMPOK) init
	$(KELOMPOK) plugin enable csv-import --grant
	$(KELOMPOK) plugin enable json-import --grant
	@# 3 means done, with rows to look at: the example has some on purpose.
	$(KELOMPOK) plugin run csv-import --job import-organizations --file examples/organizations.csv || [ $$? -eq 3 ]
	@echo
	@echo "Next:"
	@echo "  $(KELOMPOK) org list       what is there now"
	@echo "  $(KELOMPOK) org show yayasan-rumah-baca-bahari     one of them"
	@echo "  $(KELOMPOK) import list    imports so far; «import show ID» for a report"
	@echo "  $(KELOMPOK) audit          who changed what"
	@echo "  make up                        the Dagster UI: runs, lineage, checks"
	@echo "  make demo                      again: nothing changes"

up: setup   ## database, Dagster UI on http://127.0.0.1:3000, HTTP API on :4621, workers
	$(KELOMPOK) up

test: .venv/ready-for-tests   ## the tests, on a PostgreSQL of their own, without the proofs
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not proof"

test-fast: .venv/ready-for-tests   ## tests of pure code; they need no database
	$(BIN)/python -m pytest -n 2 -m "not proof and not slow" tests/unit plugins

proof: .venv/ready-for-tests   ## kills, fuzzing, large files, and whole services as people start them
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m proof

lint: .venv/ready-for-tests   ## style and its limits, types, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.repository.style

check: lint test proof   ## all of these: what a change has to pass

guards: .venv/ready-for-tests   ## remove each guard in a copy: some test must fail
	$(BIN)/python -m tests.guards.guards

bench: .venv/ready-for-tests   ## speed and memory beside the floor; see benchmarks/README.md
	$(BIN)/python benchmarks/run.py

docs: .venv/ready-for-tests   ## write anew what the documentation takes from the code
	$(BIN)/python docs/make.py

golden: .venv/ready-for-tests   ## write the SQL of deciding anew, to review the difference
	KELOMPOK_WRITE_GOLDEN=1 $(BIN)/python -m pytest -q tests/unit/test_deciding_sql.py

LOCK = $(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url \
	  --custom-compile-command "make lock" --quiet
OURS = pyproject.toml $(PLUGINS:%=%/pyproject.toml) --extra embedded --no-emit-package kelompok-pipelines

pictures: .venv/ready-for-tests   ## make the README's pictures from today's output; needs Debian's chromium
	$(BIN)/python docs/pictures.py

lock:   ## pin all dependencies anew, with hashes: of running, of working on the project, and uv
	$(LOCK) $(OURS) -o requirements.lock
	$(LOCK) $(OURS) --group pyproject.toml:dev -c requirements.lock -o requirements-dev.lock
	echo "uv>=0.8" | $(LOCK) - -o .ci/uv.txt

clean:   ## stop the database and remove environment and data
	[ ! -x $(KELOMPOK) ] || $(KELOMPOK) db remove --yes
	rm -rf .venv .kelompok kelompok.toml
