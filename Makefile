# make demo   the main job, from an empty repository to a rollback, in under two minutes
# make check  lint, types, contracts, fast tests: under a minute, needs no engine
# make test   everything, on real Docker and Podman; installs and starts them where it may (root on Debian)
# make fuzz   what only reads, on files nobody would write: SECONDS=120, TARGETS="projects parser"
# make corpus 200 container configurations on Docker and Podman: after an apply, a restart and an upgrade of the engine
#             the plan is empty, and what somebody changed by hand has its name
# make bench-compile  the compiler on 10,000 instances, beside its peers; BENCH="--whole kustomize" for one peer on all
# make bench-plan  a plan beside the engine calls that it needs, and of 10,000 replicas; BENCH="--docker 100 --podman 0"
# make crash  kill it at every call, let every call fail, and see that the same command mends it: a table
# make soak   SECONDS=120 SEED=1: random commits, kills and applies on real processes
# make lock   pin the dependencies again

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := check
unexport PYTHONDONTWRITEBYTECODE # a command of an installed agentgit is not compiled at each start either
SECONDS ?= 120
TARGETS ?= parser projects schemas patterns
CRASH_SECOND ?= 2
SEED ?= 1
.PHONY: demo check test lint unit fuzz crash soak corpus bench-compile bench-plan engines-down lock clean

# A bare Debian has pip but no ensurepip: the venv is made without it, and the system's pip fills it.
$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv --without-pip --clear $(VENV)
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY)
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh example-repo/demo.sh

check: lint unit

lint: $(READY)
	$(BIN)/ruff format --check --quiet
	$(BIN)/ruff check --quiet
	$(BIN)/mypy
	$(BIN)/lint-imports --verbose > $(VENV)/imports.log || { cat $(VENV)/imports.log; exit 1; }

unit: $(READY)
	$(BIN)/python -m pytest -q -n 2 --dist worksteal -m "not docker and not podman and not slow" --ignore=tests/scenarios --ignore=tests/engines

# Three workers for two cores: tests of an engine wait a lot, and most of one engine share a worker.
test: lint
	$(BIN)/python -m pytest -q -n 3 --dist loadgroup

fuzz: $(READY)
	@set -e; for target in $(TARGETS); do \
		PYTHONHASHSEED=0 $(BIN)/python -m tests.fuzz.run $$target --corpus .cache/fuzz/$$target \
			--findings .cache/fuzz -max_total_time=$$(($(SECONDS) / $(words $(TARGETS)))) -print_final_stats=1; \
	done

crash: $(READY)
	$(BIN)/python -m tests.crash.matrix --second $(CRASH_SECOND) --seed $(SEED)
	$(BIN)/python -m tests.crash.faults --every 3
	CRASH_POINTS=20 $(BIN)/python -m pytest -q tests/crash/test_model.py tests/crash/test_sigkill.py

soak: $(READY)
	$(BIN)/python -m tests.crash.soak --seconds $(SECONDS) --seed $(SEED)

corpus: $(READY)
	CORPUS=200 $(BIN)/python -m pytest -q -n 2 --dist loadgroup tests/corpus

bench-compile: $(READY)
	$(BIN)/python tests/bench/compile.py $(BENCH)

bench-plan: $(READY)
	$(BIN)/python tests/bench/plan.py $(BENCH)

engines-down:
	tests/engines/engines.sh down --purge

lock:
	$(PYTHON) -m pip install --quiet uv
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
		--no-header --no-emit-index-url --quiet --upgrade -o requirements.lock

clean:
	rm -rf $(VENV) build dist
