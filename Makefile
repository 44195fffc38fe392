# Everything runs in an environment of its own, .venv, made on first use from PYTHON (3.11 or later) and a C compiler.
# `make` lists the targets.

PYTHON ?= python3
SECONDS := 300
SEED := 0

VENV := .venv
PY := $(VENV)/bin/python
BUILT := $(VENV)/.built
SANITIZED := build/sanitize
TRACED := build/coverage

CYTHON := $(shell find src -name '*.pyx' -o -name '*.pxd' -o -name '*.h')
TREE := .ci CHANGELOG.md LICENSE Makefile README.md pyproject.toml setup.py benchmarks docs src tests tools

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help build demo test bench bench-gate fuzz lint sanitize coverage docs-check clean
.DELETE_ON_ERROR:

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: $(BUILT) ## set up .venv and compile the core in place

demo: $(BUILT) ## a million processes on pipes, then a table and a picture beside the real OS
	$(PY) benchmarks/demo.py

test: $(BUILT) ## run all tests
	$(PY) -m pytest

bench: $(BUILT) ## time every operation here and on the real OS: the table, then pytest-benchmark
	$(PY) benchmarks/table.py
	$(PY) benchmarks/compiled_crowd.py
	$(PY) benchmarks/every_call.py
	$(PY) benchmarks/names.py
	$(PY) benchmarks/memory_core.py
	$(PY) benchmarks/ensembles.py
	$(PY) -m pytest benchmarks --benchmark-only --benchmark-group-by=group

bench-gate: $(BUILT) ## count the instructions of the compiled core; a growth over 2 % fails. Needs valgrind
	$(PY) benchmarks/gate.py

fuzz: $(BUILT) ## random programs against the real kernel, SECONDS=300 SEED=0
	$(PY) -m tests.oracle.fuzz --seconds $(SECONDS) --seed $(SEED)
	$(PY) -m tests.oracle.fuzz --seconds $(SECONDS) --seed $(SEED) --files
	$(PY) -m tests.oracle.fuzz --seconds $(SECONDS) --seed $(SEED) --memory
	$(PY) -m tests.oracle.fuzz --seconds $(SECONDS) --seed $(SEED) --sysv
	$(PY) -m tests.oracle.fuzz --seconds $(SECONDS) --seed $(SEED) --signals

lint: $(BUILT) $(VENV)/.lint ## ruff, mypy, stubtest and cython-lint
	$(VENV)/bin/ruff check .
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" cython-lint src
	$(PY) tools/abi_stub.py --check
	$(PY) tools/coverage_table.py --check
	$(VENV)/bin/mypy
	$(PY) -m mypy.stubtest fastipc --ignore-disjoint-bases --mypy-config-file pyproject.toml \
	    --allowlist tools/stubtest-allowlist.txt

# Freed memory stays in ASan's quarantine, so the tests that watch the size of the process are left out.
sanitize: $(BUILT) ## run the tests on a core built with AddressSanitizer and UBSan
	FASTIPC_SANITIZE=1 $(PY) setup.py -q build --build-lib $(SANITIZED)/lib --build-temp $(SANITIZED)/temp
	FASTIPC_SANITIZE=1 PYTHONPATH=$(SANITIZED)/lib PYTHONMALLOC=malloc \
	LD_PRELOAD="$$($(CC) -print-file-name=libasan.so) $$($(CC) -print-file-name=libubsan.so)" \
	ASAN_OPTIONS=detect_leaks=0:halt_on_error=1:detect_stack_use_after_return=0:allocator_may_return_null=1 \
	UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
	$(PY) -m pytest --capture=sys -p no:cacheprovider --ignore=tests/test_packaging.py -k 'not leak_nothing and not leave_no_memory'

# A copy of the tree, because the generated C must lie beside the sources. Programs that are timed or killed on the clock,
# in processes of their own that are not counted anyway, are left out: a traced core is 50 times as slow.
coverage: $(BUILT) $(VENV)/.coverage ## count the lines of .py, .pyx and .pxd that the tests reach
	mkdir -p $(TRACED)
	rm -rf $(TRACED)/tests
	tar -cf - --exclude='*.so' --exclude=__pycache__ $(TREE) | tar -xf - -C $(TRACED)
	cd $(TRACED) && FASTIPC_TRACE=1 $(CURDIR)/$(PY) setup.py -q build_ext --inplace --build-temp build/temp
	cd $(TRACED) && { FASTIPC_TRACE=1 PYTHONPATH=src $(CURDIR)/$(PY) -m pytest -p tools.cython_lines \
	    -p no:cacheprovider --timeout=0 --ignore=tests/test_packaging.py \
	    -k 'not leak_nothing and not leave_no_memory and not (test_ctrl_c and compiled_programs)'; status=$$?; \
	    $(CURDIR)/$(PY) -m coverage report; exit $$status; }

docs-check: $(BUILT) ## run the examples of README.md and docs/, check the table of what is here
	$(PY) tools/coverage_table.py --check
	$(PY) -m pytest tests/test_docs.py

clean: ## remove what was built and .venv
	rm -rf build dist .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks src/fastipc.egg-info
	find src -name '*.so' -delete
	find . -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "fastipc needs Python 3.11 or later; \
	name one: make PYTHON=python3.x, this is " + sys.version.split()[0])'
	@command -v $(CC) >/dev/null || { echo "fastipc needs a C compiler; name one: make CC=..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

# Three stamps: what the project needs, then the project itself in place, then each later change of a Cython source.
$(VENV)/.needs: $(VENV)/.made pyproject.toml
	$(PY) -m pip install -q $$($(PY) -c 'import tomllib; \
	print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"])')
	$(PY) -m pip install -q --no-build-isolation -e '.[test,demo]'
	@touch $@

$(BUILT): $(VENV)/.needs setup.py $(CYTHON)
	$(PY) setup.py -q build_ext --inplace
	@touch $@

$(VENV)/.lint $(VENV)/.coverage: $(VENV)/.%: $(VENV)/.needs
	$(PY) -m pip install -q --no-build-isolation -e '.[$*]'
	@touch $@
