SHELL := bash -o pipefail
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
RUNTIME := .venv/.runtime
DEVELOPMENT := .venv/.development

.DEFAULT_GOAL := help
.PHONY: help run index test check install lock train screenshots bench quality fuzz journeys damage threads

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(RUNTIME) ## Install genlens, build the index and open the chat page
	@$(BIN)/genlens status > /dev/null 2>&1 || $(BIN)/genlens refresh || [ $$? -eq 4 ] # 4: published in part
	@$(BIN)/genlens chat --open

index: $(RUNTIME) ## Read the sources and publish a new build if something changed
	@$(BIN)/genlens refresh

test: check ## Check format, rules and types, then run every test
	$(BIN)/pytest -n 2

check: install ## Check format, rules and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

install: $(DEVELOPMENT) ## Install genlens with its development tools

# Prints "12 of 160 NAME" for each package pip collects from a lock file.
define install-locked
	@$(PIP) install --no-deps --require-hashes --progress-bar off --requirement $(1) \
		| awk -v all=$$(grep -c '^[a-z0-9].*==' $(1)) \
		'/^(Collecting|Requirement already)/ {printf "\r\033[K%d of %d  %s", ++n, all, $$2 == "already" ? $$4 : $$2; fflush()} \
		/^Installing/ {printf "\r\033[Kinstalling ..."; fflush()} END {print "\r\033[Kdone"}'
endef

# A CPU build of torch is taken if pip has one (a local wheel, or an index of such builds). PyPI's build for
# Linux needs the CUDA libraries of requirements-cuda.lock.
$(RUNTIME): requirements.lock requirements-cpu.lock requirements-cuda.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "genlens needs Python 3.11 or newer; set PYTHON=python3.11")'
	@echo "Installing genlens into .venv: 0.6 GB to fetch, or 3.4 GB on Linux without a CPU build of torch."
	@$(PYTHON) -m venv .venv
	@$(PIP) install --quiet --no-deps --require-hashes --requirement requirements-cpu.lock 2> /dev/null || true
	$(call install-locked,requirements.lock)
	@if $(BIN)/python -c 'from importlib.metadata import requires; exit("nvidia" not in str(requires("torch")))'; \
		then $(PIP) install --no-deps --require-hashes --requirement requirements-cuda.lock; fi
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(DEVELOPMENT): $(RUNTIME) requirements-dev.lock
	@echo "Installing the development tools: about 0.2 GB to fetch."
	$(call install-locked,requirements-dev.lock)
	@touch $@

# Pin the newest releases that pyproject.toml allows, for every platform, with the hash of every build on the
# index; the local builds in requirements-cpu.lock are pinned by hand.
COMPILE := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --upgrade --no-header --quiet
lock: install ## Pin the newest allowed releases in the lock files
	mkdir -p build
	$(COMPILE) --group build --output-file build/runtime.txt pyproject.toml
	$(COMPILE) --extra dev --extra anthropic --extra bedrock --extra ollama --extra openai \
		--extra openai-like --extra tracing --constraint build/runtime.txt \
		--output-file build/all.txt pyproject.toml
	$(MAKE) split-locks

split-locks:
	awk '/^[a-z0-9]/ {cuda = /^(nvidia-|cuda-|triton)/} !cuda' build/runtime.txt > requirements.lock
	awk '/^[a-z0-9]/ {cuda = /^(nvidia-|cuda-|triton)/} cuda' build/runtime.txt > requirements-cuda.lock
	awk -F '==' 'NR == FNR {if (/^[a-z0-9]/) runtime[$$1]; next} /^[a-z0-9]/ {extra = !($$1 in runtime)} extra' \
		build/runtime.txt build/all.txt > requirements-dev.lock

# HOMES are homes with builds to train on. Adapters are kept in build/adapters and trained again only with
# other lessons.
HOMES ?= build/home
train: install ## Train the adapter of the encoder and the rankers
	GENLENS_HOME=$(CURDIR)/build/home $(BIN)/genlens refresh --offline
	$(BIN)/python -m kb.training $(HOMES)

screenshots: install ## Take the pictures of the README (needs Chromium)
	GENLENS_HOME=$(CURDIR)/build/home $(BIN)/genlens refresh --offline > /dev/null
	GENLENS_HOME=$(CURDIR)/build/home $(BIN)/genlens chat --port 8599 > /dev/null & \
		sleep 6; $(BIN)/python docs/screenshots.py http://127.0.0.1:8599; kill $$!

bench: install ## Measure speed as ratios and write docs/speed.md
	GENLENS_HOME=$(CURDIR)/build/home $(BIN)/genlens refresh --offline > /dev/null
	GENLENS_HOME=$(CURDIR)/build/home PYTHONPATH=$(CURDIR) $(BIN)/python tests/bench/speed.py

# SITES is a home with a build of the sites; QUESTIONS are files of labelled questions.
SITES ?= build/home
QUESTIONS ?=
quality: install ## Measure the ranking and write docs/quality.md
	PYTHONPATH=$(CURDIR) $(BIN)/python tests/bench/quality.py $(SITES) --also $(QUESTIONS) \
		--trained-with $(filter-out $(SITES),$(HOMES)) --out docs/quality.md

RUNS ?= 100000
fuzz: install ## Fuzz the id parser and the readers (needs atheris)
	for target in ids lens risks bytes; do \
		$(BIN)/python tests/fuzz/guided.py $$target -runs=$(RUNS) || exit 1; done

journeys: install ## Go back and forward over the views of the page in a browser
	GENLENS_TEST_JOURNEYS=all $(BIN)/pytest -n 2 tests/assistant/pages/test_browser_journeys.py

DAMAGES ?= 50
damage: install ## Damage each file of a build at many places
	GENLENS_TEST_DAMAGES=$(DAMAGES) $(BIN)/pytest -n 2 tests/system/test_damage.py

STARTS ?= 20
threads: install ## Ask all questions of the catalogue from 32 threads of cold processes
	GENLENS_TEST_STARTS=$(STARTS) $(BIN)/pytest tests/system/test_threads.py
