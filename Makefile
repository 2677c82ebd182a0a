# Targets for people; `make` alone lists them. Everything also works without make: see README.md.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
LAB_SETTINGS := $(VENV)/etc/jupyter/labconfig/default_setting_overrides.json
# Another build of PyTorch: make book TORCH_INDEX=<the index that PyTorch's install page gives>
TORCH_INDEX ?=
PIP_INSTALL := $(BIN)/python -m pip install --quiet --constraint constraints.txt \
	$(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))

.PHONY: help install peers book lint check test serve lab bench pin clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(VENV)/.installed ## Make .venv with the pinned dependencies

$(VENV)/.installed: pyproject.toml constraints.txt package-lock.json
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and "the book needs Python 3.11 or newer, got %d.%d; name another: make PYTHON=python3.12" % v[:2])'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL) --editable '.[book,test]'
	$(BIN)/python -m brainbook assets
	@touch $@

peers: $(VENV)/peers/.installed ## Make the separate environment of independent tools to compare with

$(VENV)/peers/.installed: tests/peers.txt $(VENV)/.installed
	$(BIN)/python tests/peers.py $(VENV)/peers
	@touch $@

book: $(VENV)/.installed ## Execute every chapter and build the HTML
	$(BIN)/python -m brainbook build

lint: $(VENV)/.installed ## Check format, style, and types where they are declared
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy

check: lint ## What to run before each commit: lint, and the fast tests
	$(BIN)/python -m pytest -m "not slow and not browser and not peers"

test: $(VENV)/.installed $(VENV)/peers/.installed ## Run the whole test suite
	BRAINBOOK_PEERS=$(abspath $(VENV)/peers/bin/python) $(BIN)/python -m pytest

serve: $(VENV)/.installed ## Show the built book at http://127.0.0.1:8000 (PORT=…)
	$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

lab: $(VENV)/.installed ## Open the chapters as notebooks in JupyterLab
	$(BIN)/jupytext-config --settings-file $(LAB_SETTINGS) set-default-viewer markdown myst
	$(BIN)/jupyter lab --notebook-dir chapters

bench: $(VENV)/.installed $(VENV)/peers/.installed ## Measure speed and error against others (PART=…)
	BRAINBOOK_PEERS=$(abspath $(VENV)/peers/bin/python) $(BIN)/python -m benches $(PART)

pin: ## Resolve the dependencies anew; write constraints.txt and environment.yml
	rm -rf _build/pin && $(PYTHON) -m venv _build/pin
	_build/pin/bin/python -m pip install --quiet --upgrade pip
	_build/pin/bin/python -m pip install --quiet '.[book,test]'
	_build/pin/bin/python -m pip list --format freeze --exclude brainbook --exclude pip \
		| sed -E 's/\+[a-z0-9.]+$$//' > constraints.txt.new
	mv constraints.txt.new constraints.txt
	PYTHONPATH=code _build/pin/bin/python -m brainbook.press.environment
	rm -rf _build/pin build

clean: ## Remove what was built; .venv stays, so that the next build needs no network
	rm -rf _build
