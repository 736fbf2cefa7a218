# `make run` opens the app, `make test` proves it. Both set up what they need.
PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3; do "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$name"; break; }; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input

.PHONY: run test check format lock bench screenshots clean

run: .venv/run.stamp
	$(BIN)/python -m maestro

test: check
	$(BIN)/python -m e2e.browser
	$(BIN)/python -m pytest -n 2 --maxschedchunk=1 e2e
	$(BIN)/python -m pytest -n 2 --dist loadfile tests

check: .venv/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/dev.stamp
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# What is locked is what is installed; only this target may change it.
lock:
	$(PYTHON) -m venv .venv/lock
	.venv/lock/bin/pip --disable-pip-version-check install --quiet uv
	.venv/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements.lock pyproject.toml
	.venv/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --group dev -c requirements.lock -o requirements-dev.lock pyproject.toml

bench: .venv/dev.stamp
	$(BIN)/python -m tests.benchmarks

screenshots: .venv/dev.stamp
	$(BIN)/python -m e2e.browser
	MAESTRO_SCREENSHOTS=e2e/screenshots $(BIN)/python -m pytest e2e
	mkdir -p docs/screenshots
	cp $(addprefix e2e/screenshots/,home-dark.png shots-dark.png gallery-light.png) docs/screenshots/

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

# A venv that was only half made would be taken for whole the next time.
.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Maestro needs Python 3.11 or newer; install it, then run make again."; exit 1; }
	$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }

.venv/run.stamp: requirements.lock | .venv/bin/python
	$(PIP) install --quiet --require-hashes -r requirements.lock
	touch $@

.venv/dev.stamp: requirements-dev.lock | .venv/bin/python
	$(PIP) install --quiet --require-hashes -r requirements-dev.lock
	touch $@
