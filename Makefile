# make run    install, build the index, open the chat page
# make test   install, then format, lint, types and every test
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: run index test check install lock train screenshots bench quality fuzz

# A build that is published in part (exit code 4) can be asked.
run: install
	@$(BIN)/genlens status > /dev/null 2>&1 || $(BIN)/genlens refresh || [ $$? -eq 4 ]
	@$(BIN)/genlens chat

index: install
	@$(BIN)/genlens refresh

test: check
	$(BIN)/pytest -n 2

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

install: $(INSTALLED)

# torch is pinned to a release of which a CPU build may lie on the machine; pip takes that one by itself.
$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "genlens needs Python 3.11 or newer; set PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# Resolve the newest releases that pyproject.toml allows and pin them; a local build's mark is no release.
lock: install
	$(BIN)/pip-compile --quiet --upgrade --extra dev --extra anthropic --extra bedrock --extra ollama \
		--extra openai --extra openai-like --extra tracing \
		--strip-extras --no-emit-index-url --no-emit-find-links \
		--no-header --output-file requirements.lock pyproject.toml
	sed -i.bak 's/+cpu$$//' requirements.lock && rm requirements.lock.bak

# Learn the adapter of the encoder and the weights of the ranker; HOMES are homes whose served builds are
# trained on. Adapters are kept in build/adapters: the same lessons are not learned twice.
HOMES ?= build/home
train: install
	GENLENS_HOME=$(CURDIR)/build/home $(BIN)/genlens refresh --offline
	$(BIN)/python -m kb.training $(HOMES)

# Take the README's pictures from a page with a build of the catalogue; needs Chromium.
screenshots: install
	GENLENS_HOME=$(CURDIR)/build/home $(BIN)/genlens refresh --offline > /dev/null
	GENLENS_HOME=$(CURDIR)/build/home $(BIN)/genlens chat --port 8599 > /dev/null & \
		sleep 6; $(BIN)/python docs/screenshots.py http://127.0.0.1:8599; kill $$!

# Measure speed as ratios and write docs/speed.md.
bench: install
	GENLENS_HOME=$(CURDIR)/build/home $(BIN)/genlens refresh --offline > /dev/null
	GENLENS_HOME=$(CURDIR)/build/home PYTHONPATH=$(CURDIR) $(BIN)/python tests/bench/speed.py

# Measure the ranking beside simpler systems and without each of its parts, and write docs/quality.md.
# SITES is a home with a build of the sites; QUESTIONS are files of labelled questions.
SITES ?= build/home
QUESTIONS ?=
quality: install
	PYTHONPATH=$(CURDIR) $(BIN)/python tests/bench/quality.py $(SITES) --also $(QUESTIONS) \
		--trained-with $(filter-out $(SITES),$(HOMES)) --out docs/quality.md

# Fuzz the id parser and the readers, guided by coverage; needs atheris, which says itself how to install it.
RUNS ?= 100000
fuzz: install
	for target in ids lens risks bytes; do \
		$(BIN)/python tests/fuzz/guided.py $$target -runs=$(RUNS) || exit 1; done
