# The first sentence of a recipe is its help; `make help` lists them.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
DATA   ?= genesisfunc-data
EXTRAS ?=
# BFCL's package is read as data: what it depends on (150 packages, numpy 1.26 among them) must not come along.
BFCL   := bfcl-eval==2026.3.23
CODE   := agents cli consumers schemas sinks streams trainer tests benchmarks

ifeq ($(EXTRAS),all)
WANTED := dev
else
WANTED := $(EXTRAS)
endif

.PHONY: help install demo test check lock clean

help: ## List the recipes.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

install: $(VENV)/installed-$(or $(WANTED),base) ## Set up .venv; EXTRAS=all brings what tests and checks need.

$(VENV)/installed-%: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v <= (3, 13) else f"Python 3.11 to 3.13 is needed, this is {v[0]}.{v[1]}: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".$(if $(filter-out base,$*),[$*])"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps $(BFCL)
	@touch $@

demo: $(VENV)/installed-base ## Make 200 checked dialogues from BFCL's tools, offline, with a report.
	$(BIN)/genesisfunc run --tools bfcl --dialogues 200 --data-dir $(DATA)

test: $(VENV)/installed-dev ## Run the tests.
	$(BIN)/python -m pytest

check: $(VENV)/installed-dev ## Check format, lint and types.
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy

lock: ## Write constraints.txt anew from the newest versions the ranges allow.
	rm -rf $(VENV)/lock && $(PYTHON) -m venv $(VENV)/lock
	$(VENV)/lock/bin/python -m pip install --quiet --disable-pip-version-check ".[dev]"
	( echo "# Exact versions that the tests ran with. Ranges stand in pyproject.toml; \`make lock\` writes this file anew."; \
	  $(VENV)/lock/bin/python -m pip freeze | grep -v '^genesisfunc' ) > constraints.txt

clean: ## Remove .venv and caches; data folders stay.
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache build *.egg-info
