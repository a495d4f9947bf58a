# Two commands do all set-up on a fresh machine: `make chat` and `make test`.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	  command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
QUESTION := In one short paragraph: why is the sky blue?

.PHONY: help chat test coverage check docs format screenshots lock clean
.DEFAULT_GOAL := help

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

chat: $(VENV)/.chat ## set up what is missing and open the chat (asks one question when stdin is no terminal)
	@if [ -t 0 ]; then $(BIN)/ollama-chat --fetch; else $(BIN)/ollama-chat ask --fetch '$(QUESTION)'; fi

test: check ## every check there is, then the tests
	@$(BIN)/python -m pytest -q -n 2

coverage: $(VENV)/.dev ## run the tests and show which branches they miss
	@rm -f .coverage .coverage.*
	@$(BIN)/coverage run -m pytest -q -n 2 && $(BIN)/coverage combine -q
	@$(BIN)/coverage report --skip-covered

check: $(VENV)/.dev ## formatting, lint, types and layers, without the tests
	@$(BIN)/ruff format --check --quiet || { echo 'make format mends this'; exit 1; }
	@$(BIN)/ruff check --quiet
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo >$(VENV)/layers.log || { cat $(VENV)/layers.log; exit 1; }

docs: $(VENV)/.dev ## renew the pages that are made from tables
	@$(BIN)/python -c 'from ollama_chat_tui.commands.table import make_registry; \
	  from ollama_chat_tui.commands.page import commands_page; \
	  open("docs/commands.md", "w").write(commands_page(make_registry()))'
	@$(BIN)/python -c 'from ollama_chat_tui.config_docs import page; open("docs/configuration.md", "w").write(page())'

format: $(VENV)/.dev ## rewrite the sources in the house format
	@$(BIN)/ruff format --quiet
	@$(BIN)/ruff check --fix --quiet

screenshots: $(VENV)/.dev ## take the pictures of the README anew
	@$(BIN)/python -m tests.pictures

lock: ## renew constraints.txt from the newest releases
	@rm -rf $(VENV)/lock && $(PYTHON) -m venv $(VENV)/lock
	@$(VENV)/lock/bin/python -m pip install --quiet '.[embedded,images,dev]'
	@{ echo '# What `make` installs, exactly; written by `make lock`.'; \
	  $(VENV)/lock/bin/python -m pip freeze --exclude ollama-chat-tui; } >constraints.txt
	@rm -rf $(VENV)/lock

clean: ## remove all that make made (not your chats, nor the model)
	@rm -rf $(VENV) dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.made:
	@[ -n '$(PYTHON)' ] || { echo 'Python 3.11 or newer is needed: set PYTHON=/path/to/python3'; exit 1; }
	@$(PYTHON) -m venv $(VENV) && touch $@

$(VENV)/.chat: $(VENV)/.made pyproject.toml constraints.txt
	@echo 'Installing ollama-chat into $(VENV) …'
	@$(PIP) install -c constraints.txt -e '.[embedded,images]' && touch $@

$(VENV)/.dev: $(VENV)/.made pyproject.toml constraints.txt
	@echo 'Installing ollama-chat and its tools into $(VENV) …'
	@$(PIP) install -c constraints.txt -e '.[embedded,images,dev]' && touch $@ $(VENV)/.chat
