# Everything a fresh machine needs: git, make and Python 3.11-3.13.
.DEFAULT_GOAL := help
SHELL := /bin/sh
VENV := .venv
PY := $(VENV)/bin/python
OSTEO := $(VENV)/bin/osteobiome
DEMO_OUT ?= demo-results
RUNTIME := $(VENV)/.runtime-installed
DEV := $(VENV)/.dev-installed
FUZZ := $(VENV)/.fuzz-installed
FUZZ_SECONDS ?= 60
# processes that share the tests; 0 runs them in one, as a debugger needs
WORKERS ?= auto
FAST := -m "not slow and not browser and not calibration" tests/unit tests/contract tests/reference tests/architecture
# An interpreter counts only if it runs and can make virtual environments: a name on the path may be a broken shim.
PROBE := import sys, venv, ensurepip; sys.exit(not ((3, 11) <= sys.version_info[:2] <= (3, 13)))

.PHONY: help demo test check fast browser bench clean lock docs format fuzz

help:  ## list the commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -e 's/:.*##/\t/' | sort

$(PY):
	@set -e; found=""; \
	for p in $${PYTHON:-} python3.13 python3.12 python3.11 python3 python; do \
	  if command -v "$$p" >/dev/null 2>&1 && "$$p" -c '$(PROBE)' >/dev/null 2>&1; then found="$$p"; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "make: no working Python 3.11, 3.12 or 3.13 with the venv module was found (on Debian: apt-get install python3 python3-venv); or name one: make PYTHON=/path/to/python" >&2; exit 2; \
	fi; \
	echo "setting up $(VENV) with $$("$$found" --version)"; \
	"$$found" -m venv $(VENV)

$(RUNTIME): requirements.lock pyproject.toml | $(PY)
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(DEV): requirements-dev.lock $(RUNTIME)
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	@touch $@

demo: $(RUNTIME)  ## set up and run both bundled studies on real data; prints tables and report paths
	@$(OSTEO) run examples/adiposity-bone/study.toml --out $(DEMO_OUT)/adiposity-bone
	@$(OSTEO) demo --out $(DEMO_OUT)/sclerostin-bone

test: $(DEV)  ## set up and pass every test
	$(PY) -m pytest -q -n $(WORKERS) --dist loadfile

fast: $(DEV)  ## the fast set: unit, contract, reference and architecture tests that take no second
	$(PY) -m pytest -q -n $(WORKERS) $(FAST)

check: $(DEV)  ## format, lint, layers, types, and the fast set
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/lint-imports
	$(VENV)/bin/mypy
	$(PY) -m pytest -q -n $(WORKERS) $(FAST)

format: $(DEV)  ## format and fix what can be fixed
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

bench: $(DEV)  ## timed cases, as ratios in one run
	$(PY) -m benchmarks.run

$(FUZZ): $(DEV)
	$(PY) -m pip install --quiet --disable-pip-version-check "atheris>=3,<4"
	@touch $@

fuzz: $(FUZZ)  ## random bytes against sniffing, cells, VCF and the whole check, FUZZ_SECONDS each
	@mkdir -p .fuzz
	@set -e; for t in sniffing cells vcf checking; do \
	  POLARS_MAX_THREADS=1 $(PY) -m fuzz.$$t -max_total_time=$(FUZZ_SECONDS) -rss_limit_mb=4096 \
	    -max_len=2000 -timeout=20 -print_final_stats=1 -artifact_prefix=.fuzz/; \
	done

docs: $(DEV)  ## regenerate the reference pages made from the registries
	$(PY) -m docs.build
	COLUMNS=10000 $(PY) -m docs.samples

lock:  ## renew the pinned requirements (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --group build pyproject.toml -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --group build --group test --group lint -c requirements.lock pyproject.toml -o requirements-dev.lock

clean:  ## remove the environment and every build output
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis demo-results
