# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# Every process keeps what it compiled: a hub that is started compiles everything anew otherwise, half a second each time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test nightly chaos fuzz life check format bench docs proto clean

# Rebuilt only when the dependencies change, so that a second `make demo` starts in seconds.
$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable . --group dev
	touch $(READY)

demo: $(READY)  ## the main job: sandbox + hub + console, seeded
	@$(BIN)/crosswalk demo

# A file's tests stay together, since they share processes, and come in the order in which they are written: what this
# finds, it finds on every machine. Plain `pytest` shuffles them.
test: $(READY)  ## every test, in parallel
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder -p no:randomly

NIGHTLY_ROUNDS ?= 10
LONG_AT_NIGHT := tests/properties/test_two_sides.py tests/properties/test_deals.py

nightly: $(READY)  ## the property tests with new examples: ten rounds of all, 10,000 sequences of people, vendors and network
	for round in $$(seq $(NIGHTLY_ROUNDS)); do \
		CROSSWALK_NIGHTLY=1 $(BIN)/pytest -m hypothesis $(LONG_AT_NIGHT:%=--ignore %) -n 2 --dist load || exit; \
	done
	CROSSWALK_NIGHTLY=1 $(BIN)/pytest $(LONG_AT_NIGHT) --timeout=7200

CHAOS_RUNS ?= 5
CHAOS_SEED ?= 1
CHAOS_AT_ONCE ?= 1

chaos: $(READY)  ## people and trouble from a seed: kill -9, frozen processes, full disk, cut lines, failing vendors
	$(BIN)/python -m tests.chaos --runs $(CHAOS_RUNS) --seed $(CHAOS_SEED) --at-once $(CHAOS_AT_ONCE) --keep .chaos

fuzz: $(READY)  ## 100,000 webhook bodies and every operation of the admin API, made up by their descriptions
	CROSSWALK_NIGHTLY=1 CROSSWALK_FUZZ=100000 $(BIN)/pytest tests/e2e/hub/test_fuzzed.py --timeout=7200

life: $(READY)  ## a day of a busy tenant in minutes: 1,000,000 logins, 50,000 profile changes, 100,000 calls
	$(BIN)/python -m bench life

check: $(READY)  ## format, lint, types, import contracts, dependencies
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry src

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(READY)  ## the measured figures, as ratios in one run; JSON in bench/results.json
	$(BIN)/python -m pip install --quiet --no-deps --group bench
	$(BIN)/python -m bench

docs: $(READY)  ## regenerate what is generated: the configuration reference, what clients exercise in tests
	$(BIN)/python -m crosswalk.config.reference docs/configuration.md
	$(BIN)/python -m tests.contract.exercised docs/sandbox-clients.md

proto: $(READY)  ## regenerate what is generated from the vendor's proto of the Pub/Sub API
	cd src && ../$(BIN)/python -m grpc_tools.protoc -I . --python_out=. --pyi_out=. --grpc_python_out=. \
		crosswalk_pubsub/pubsub_api.proto

clean:
	rm -rf $(VENV) .crosswalk
