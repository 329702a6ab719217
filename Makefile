# Every target sets up what it needs. Python 3.11+ and make are enough; uv, when present, is faster.
.DEFAULT_GOAL := help
.PHONY: help env serve test check fix docs bench lock packages system

VENV    := .venv
BIN     := $(VENV)/bin
UV      := $(shell command -v uv 2>/dev/null)
# The first interpreter that is new enough; a name on PATH may be a shim for nothing, so it is run.
PYTHON  ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
# Stamps: newer than their lock file means that the environment holds what it says.
DEV     := $(VENV)/dev.stamp
RUNTIME := $(VENV)/runtime.stamp
# Folders with packages for node; npm writes the target file itself, at the end of an installation.
NODE    := $(patsubst %/package-lock.json,%/node_modules/.package-lock.json,$(wildcard $(addsuffix /package-lock.json,tests/clients/* examples/* examples/*/*)))

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

env: $(DEV) ## .venv with everything to run, test and change Vestibule

serve: $(if $(wildcard $(DEV)),$(DEV),$(RUNTIME)) ## a development server on port 8000 (ARGS="--port 8001")
	@$(BIN)/vestibule dev $(ARGS)

test: check packages system ## all checks and all tests, as CI runs them (ARGS="-k sessions")
	@$(BIN)/pytest $(ARGS)

check: $(DEV) ## lint, format, types, import contracts
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

fix: $(DEV) ## mend what the linter can mend, and format
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

docs: $(DEV) ## write the generated pages of docs/ again
	@$(BIN)/python -m tools.docs

bench: $(DEV) ## measure (figures are printed, nothing is judged)
	@$(BIN)/python -m bench $(ARGS)

LOCK := pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header --no-annotate pyproject.toml
lock: ## write requirements/ again from pyproject.toml (ARGS=--upgrade for newer versions); needs uv
	$(if $(UV),,$(error make lock needs uv: see docs.astral.sh/uv, or pip install uv))
	@$(UV) $(LOCK) --group build -o requirements/runtime.txt $(ARGS)
	@$(UV) $(LOCK) --group build --group dev -c requirements/runtime.txt -o requirements/dev.txt $(ARGS)

# --- What the targets above stand on -----------------------------------------------------------

$(DEV): requirements/dev.txt pyproject.toml
	$(install)
	@touch $(RUNTIME) $@

$(RUNTIME): requirements/runtime.txt pyproject.toml
	$(install)
	@touch $@

# Packages come from the lock file with their hashes; Vestibule itself is linked, not copied.
ifneq ($(UV),)
define install
	@test -x $(BIN)/python || $(UV) venv --quiet --clear $(VENV)
	@$(UV) pip sync --quiet --python $(BIN)/python --require-hashes $<
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
endef
else
define install
	$(if $(PYTHON),,$(error Vestibule needs Python 3.11 or newer on PATH, or uv))
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
endef
endif

# Real clients run in node; without it their tests say so and are skipped.
packages: $(if $(shell command -v npm 2>/dev/null),$(NODE))

%/node_modules/.package-lock.json: %/package-lock.json
	@cd $* && npm ci --silent --no-audit --no-fund
	@touch $@

# Browsers are the system's, never a tool's own download.
TOOLS := $(strip $(foreach tool,chromium faketime strace,$(if $(shell command -v $(tool) 2>/dev/null),,$(tool))))
system:
ifneq ($(TOOLS),)
	@{ test "$$(id -u)" = 0 && apt-get update -qq && apt-get install -qq --yes --no-install-recommends $(TOOLS); } \
	|| echo "Missing: $(TOOLS). The tests that need them are skipped. On Debian: apt-get install $(TOOLS)"
endif
