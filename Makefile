# Everything a newcomer needs: `make run` and `make test`. Each target sets up what it needs by itself.
SHELL := /bin/bash
PYTHON ?= python3
# The order in which the tests run: the same everywhere, so that what failed fails again. Another: make test SEED=7
SEED ?= 12348
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
export npm_config_omit_lockfile_registry_resolved = true
export npm_config_fund = false
export npm_config_audit = false
export npm_config_update_notifier = false

.PHONY: run test check browser chaos fmt bench screenshots lock clean
.DELETE_ON_ERROR:

run: $(VENV)/.run node_modules/.installed ## set up and start the whole hotline
	@$(BIN)/anxin up

test: $(VENV)/.dev node_modules/.installed ## set up and pass every check
	@.ci/system-packages
	@$(MAKE) --no-print-directory check
	@$(BIN)/pytest --randomly-seed=$(SEED)

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

fmt: $(VENV)/.dev ## format the code and mend what ruff can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev node_modules/.installed ## measure; prints a table and writes var/bench.json
	@$(BIN)/python -m tests.benchmarks

screenshots: $(VENV)/.dev node_modules/.installed ## every page as a picture, in var/screenshots
	@.ci/system-packages
	@$(BIN)/python -m tests.screenshots

lock: ## pin every dependency again (hashes, no hosts)
	test -x $(UV) || { $(PYTHON) -m venv $(VENV) && $(BIN)/pip install -q uv; }
	$(UV) pip compile -q requirements/uv.in --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements/uv.txt
	$(UV) pip compile -q requirements/node.in --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements/node.txt
	$(UV) pip compile -q pyproject.toml requirements/build.in --extra whisper --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements/run.txt
	$(UV) pip compile -q pyproject.toml requirements/build.in -c requirements/run.txt --extra whisper --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements/dev.txt
	npm install --package-lock-only --ignore-scripts

$(VENV)/.uv: requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Anxin needs Python 3.11 or newer; say PYTHON=python3.x make ...")'
	@echo "[1/4] Python environment"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --disable-pip-version-check -q --require-hashes -r requirements/uv.txt
	@touch $@

$(VENV)/.run: $(VENV)/.uv requirements/run.txt pyproject.toml
	@echo "[2/4] Packages (about 400 MB on the first run)"
	@test -e $(VENV)/.dev || $(UV) pip sync --python $(BIN)/python --require-hashes requirements/run.txt requirements/uv.txt
	@$(UV) pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.uv requirements/dev.txt pyproject.toml
	@echo "[2/4] Packages, with those of the checks (about 600 MB on the first run)"
	@$(UV) pip sync --python $(BIN)/python --require-hashes requirements/dev.txt requirements/uv.txt
	@$(UV) pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.run

node_modules/.installed: package.json package-lock.json requirements/node.txt | $(VENV)/.uv
	@echo "[3/4] Browser packages"
	@command -v npm >/dev/null || { $(UV) pip install -q --python $(BIN)/python --require-hashes -r requirements/node.txt; }
	@PATH="$$PATH:$(CURDIR)/$(BIN)" npm ci --ignore-scripts --silent
	@touch $@

chaos: $(VENV)/.dev node_modules/.installed ## kill every process at every stage of a call, and 1,000 times under load
	@ANXIN_CHAOS_KILLS=1000 $(BIN)/pytest tests/chaos -p no:randomly -s

browser: $(VENV)/.dev node_modules/.installed ## the main job in real Chromium
	@$(BIN)/pytest tests/browser

clean: ## remove what can be made again (var/ stays)
	rm -rf $(VENV) node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
