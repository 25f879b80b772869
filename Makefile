# Two commands on a fresh machine: `make demo`, `make test`.
# Needs python3 (3.11 or newer, with venv) and make; everything else is installed into .venv.

PYTHON ?= python3
# For the tests of `spe1.torch`: without CUDA, which would be several GB. A lock file cannot name
# it, since its hashes differ by platform and its index is another one.
TORCH ?= torch==2.13.0
VENV := .venv
BIN := $(VENV)/bin
SETUP := $(VENV)/.setup

# The tests start hundreds of processes, each of which would compile the package anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: setup demo test test-faults check format docs docs-serve lock test-environments benchmark-example examples golden clean

setup: $(SETUP)

# Installed again whenever the lock file or the project's own description changes.
$(SETUP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "spe1 needs Python 3.11 or newer: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) (some three minutes the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --retries 0 \
		--extra-index-url https://download.pytorch.org/whl/cpu $(TORCH)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(SETUP)

demo: setup
	@$(BIN)/spe1 demo

test: setup
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not environments and not faults"

# The attacks at length: download schedules, mutations of a root, rebuilds under readers, kills.
test-faults: setup
	SPE1_FAULTS=10 SPE1_MUTATIONS=500 SPE1_REBUILDS=40 SPE1_KILLS=200 SPE1_INTERRUPTS=30 \
		$(BIN)/python -m pytest -n 2 --dist loadscope tests/faults tests/dataset/write/test_crash.py \
		tests/hub/test_publish_faults.py
	$(BIN)/python -m pytest -n 2 --dist loadscope -m faults

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The site, into site/; a link that leads nowhere or a reference that is missing fails. The
# variable keeps Material's advertisement out of the output.
docs: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

docs-serve: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve

# datasets 3.6, 4.0 and the newest, each in an environment of its own: minutes, needs an index.
test-environments: setup
	$(BIN)/python -m pytest -m environments

# Both committed benchmarks from their seeds: 11 semi-real cells, one after the other. SpikeSift
# comes from an environment of its own (SORTERS_PYTHON), since its wheel has a package `tests`.
SORTERS_PYTHON ?= $(BIN)/python
benchmark-example: setup
	$(BIN)/python scripts/benchmark_example.py localization
	$(BIN)/python scripts/benchmark_example.py sorting --sorters spikesift --python $(SORTERS_PYTHON)

# The pages of the notebooks, with their output: six simulated cells, 17 GB, some minutes.
examples: setup
	$(BIN)/python scripts/example_pages.py

# The hashes of a built cell, after a change of DATA_VERSION.
golden: setup
	$(BIN)/python -m tests.support.golden

lock: setup
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
		--python-version 3.11 --extra reference --extra examples --extra nwb --group dev --group lock pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) .envs demo site build
