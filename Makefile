PYTHON ?= python3
BIN := .venv/bin
CONSTRAINTS := $(if $(shell command -v nvidia-smi),,--constraint .ci/constraints-cpu.txt)
.PHONY: setup format check test test-slow demo bench

setup: .venv/.installed

.venv/.installed: pyproject.toml .ci/constraints-cpu.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check $(CONSTRAINTS) --editable '.[dev]'
	touch $@

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

check: setup
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/pyright && $(BIN)/lint-imports

test: setup
	$(BIN)/pytest -m "not slow" --cov=hot --cov-fail-under=85

test-slow: setup
	$(BIN)/pytest -m slow -rP

demo: setup
	$(BIN)/hot eval --hand allegro --object Bottle --skill grasp,move,place --clips 60 --out demo --video demo/allegro_bottle.mp4

bench: setup
	$(BIN)/hot bench --engine mujoco
