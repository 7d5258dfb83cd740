# `make help` lists the targets. Needs a Python from 3.11 on the PATH and nothing else.

VENV   := .venv
PYTHON := $(VENV)/bin/python
STAMP  := $(VENV)/.installed
ARGS   ?=
OLDEST := .venv-oldest
OLD    := $(OLDEST)/.installed

.DEFAULT_GOAL := help
.PHONY: help install serve test test-oldest check bench fixtures clean
.SILENT:

help: ## this list
	sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name text; do \
		printf '  make %-11s %s\n' "$$name" "$$text"; done
	echo '  Options go into ARGS:  make serve ARGS="zoho-assist --port 8080"   make test ARGS="-k store -x"'

install: $(STAMP) ## make .venv and install into it (again only when pyproject.toml changed)

# A name on the PATH is not enough: it must run, be 3.11 or newer, and be able to make an environment (Debian splits
# python3-venv off). The stamp is written last, so an install that failed is tried again.
$(STAMP): pyproject.toml
	if ! $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
		for python in python3.14 python3.13 python3.12 python3.11 python3 python; do \
			if "$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
				echo "making $(VENV) with $$("$$python" --version)"; \
				rm -rf $(VENV); \
				"$$python" -m venv $(VENV) || exit 1; \
				break; \
			fi; \
		done; \
	fi
	if ! test -x $(PYTHON); then \
		echo 'error: no Python from 3.11 with its venv module on the PATH' \
			'(Debian, Ubuntu: apt-get install python3-venv)' >&2; \
		exit 1; \
	fi
	echo 'installing mockserver and its development tools into $(VENV)'
	$(PYTHON) -m pip install -qq --disable-pip-version-check --editable '.[dev]'
	touch $(STAMP)

serve: install ## serve the APIs on http://127.0.0.1:4010
	exec $(PYTHON) -m mockserver serve $(ARGS)

test: install ## all tests, on all cores
	$(PYTHON) -m pytest -n auto $(ARGS)

test-oldest: $(OLD) ## strategies and fuzz with the oldest Hypothesis that they support
	$(OLDEST)/bin/python -m pytest --quiet -n auto -p no:cacheprovider tests/strategies tests/testing/test_fuzz.py $(ARGS)

# Only what these tests need. The version is the one that pyproject.toml asks for at least.
$(OLD): pyproject.toml $(STAMP)
	rm -rf $(OLDEST)
	$(PYTHON) -m venv $(OLDEST)
	$(OLDEST)/bin/python -m pip install -qq --disable-pip-version-check --editable . 'pytest>=8.3' 'pytest-xdist>=3.6' \
		"hypothesis==$$(sed -n 's/.*"hypothesis>=\([0-9.]*\)".*/\1/p' pyproject.toml)"
	touch $(OLD)

check: install ## ruff, mypy, the import rules
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check --quiet .
	$(PYTHON) -m mypy
	$(PYTHON) -m pytest --quiet tests/test_architecture.py

bench: install ## measure against a bare Flask route and the bare server
	$(PYTHON) -m bench $(ARGS)

fixtures: install ## write the recorded exchanges of the shipped APIs again
	for folder in specs/*/; do \
		name=$$(basename "$$folder"); \
		rm -rf "fixtures/$$name/exchanges"; \
		$(PYTHON) -m mockserver fixtures export "$$name" --out "fixtures/$$name/exchanges" || exit 1; \
	done

clean: ## remove .venv, caches and build products
	rm -rf $(VENV) $(OLDEST) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
