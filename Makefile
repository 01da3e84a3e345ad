PYTHON ?= python3
PYTHON38 ?= python3.8
TESTS38 := assets cli datasets hands migration motions objects physics policies presets runs synthesis tracking training
BIN := .venv/bin
CONSTRAINTS := $(if $(shell command -v nvidia-smi),,--constraint .ci/constraints-cpu.txt)
.PHONY: setup format check test test-slow test-py38 demo bench

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
	$(BIN)/vermin --quiet --no-tips --target=3.8- --violations --eval-annotations --exclude long hot hotcli tests

# One process a core, one thread each: most tests are too small for more. Those of test-slow use all cores by themselves.
test: setup
	OMP_NUM_THREADS=1 $(BIN)/pytest -m "not slow" --numprocesses auto --maxprocesses 8 --dist worksteal \
	  --cov=hot --cov-fail-under=85

test-slow: setup
	$(BIN)/pytest -m slow -rP --durations=10

test-py38: .venv38/.installed
	.venv38/bin/pytest -m "not slow" $(addprefix tests/,$(TESTS38))

.venv38/.installed: pyproject.toml
	$(PYTHON38) -m venv --system-site-packages .venv38
	.venv38/bin/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

demo: setup
	$(BIN)/hot eval --hand allegro --object Bottle --skill grasp,move,place --clips 60 --out demo --video demo/allegro_bottle.mp4

bench: setup
	$(BIN)/hot bench --engine mujoco
