# All the commands there are. A bare machine needs Python 3.11 with venv, make, git and a package registry.
PYTHON ?= python3
BIN := .venv/bin
PLUGINS := plugins/csv_import plugins/json_import plugins/sdgs_keyword plugins/social_links \
	plugins/locations
KELOMPOK := $(BIN)/kelompok

.PHONY: setup demo up test lint check guards bench docs lock clean

setup: .venv/ready   ## create the environment and install everything

.venv/ready: requirements.lock pyproject.toml $(PLUGINS:%=%/pyproject.toml)
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e . $(PLUGINS:%=-e %)
	@# Without bytecode every command would compile half a million lines first.
	$(BIN)/python -m compileall -q kelompok_core kelompok_pipelines plugins
	@touch .venv/ready

demo: setup   ## database, plugin, ten organizations, and what to try next
	$(KELOMPOK) db migrate
	$(KELOMPOK) plugin enable csv-import
	$(KELOMPOK) plugin enable json-import
	@# 3 means done, with rows to look at: the example has some on purpose.
	$(KELOMPOK) plugin run csv-import --job import-organizations --file examples/organizations.csv || [ $$? -eq 3 ]
	@echo
	@echo "Next:  $(KELOMPOK) org list                                   what is there now"
	@echo "       $(KELOMPOK) org show yayasan-rumah-baca-bahari         one of them: who said what, evidence, history"
	@echo "       $(KELOMPOK) import list                                imports so far; «import show ID» for a report"
	@echo "       $(KELOMPOK) audit                                      who changed what"
	@echo "       make up                                               the Dagster UI: runs, lineage, checks"
	@echo "       make demo                                             again: nothing changes"

up: setup   ## database, Dagster UI on http://127.0.0.1:3000, HTTP API on :4621, workers
	$(KELOMPOK) up

test: setup   ## all tests, on a PostgreSQL of their own
	$(BIN)/python -m pytest -n 2 --dist loadgroup

lint: setup   ## style, types, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test   ## all of these: what a change has to pass

guards: setup   ## take each guard away in a copy: some test must fail
	$(BIN)/python -m tests.guards.guards

bench: setup   ## speed and memory beside the floor; see benchmarks/README.md
	$(BIN)/python benchmarks/run.py

docs: setup   ## write anew what the documentation takes from the code
	$(BIN)/python docs/make.py

lock:   ## pin all dependencies anew, with hashes
	uv pip compile pyproject.toml $(PLUGINS:%=%/pyproject.toml) --extra embedded --group pyproject.toml:dev \
	  --universal --python-version 3.11 --generate-hashes --no-strip-extras \
	  --no-emit-index-url --no-emit-package kelompok-pipelines --custom-compile-command "make lock" --quiet -o requirements.lock

clean:   ## stop the database and remove environment and data
	-$(KELOMPOK) db remove --yes
	rm -rf .venv .kelompok kelompok.toml
