.PHONY: help run worker check fix test bench schema messages clean
PYTHON := .venv/bin/python

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Start everything: servers, web, workers; with demonstration data the first time.
	@bin/setup
	@exec $(PYTHON) manage.py up

worker: ## Run one more cluster of workers beside `make run` or against your own servers.
	@bin/setup
	@exec $(PYTHON) manage.py work

check: ## Format, lint, types, imports, migrations, schema, messages. Silent when fine.
	@bin/setup dev
	@bin/check

fix: ## Repair what the linters can repair by themselves.
	@bin/setup dev
	@.venv/bin/ruff check --fix . ; .venv/bin/ruff format . ; git ls-files -z -- '*.html' | xargs -0 .venv/bin/djade --target-version 6.1

test: ## Run the whole test suite against real servers and a real browser.
	@bin/setup dev && bin/chromium
	@$(PYTHON) -m pytest -n 3 --cov

bench: ## Measure against the floors.
	@bin/setup dev
	@$(PYTHON) -m bench

schema: ## Write graphql_api/schema.graphql anew.
	@bin/setup dev
	@$(PYTHON) manage.py schema

messages: ## Collect and compile the texts of the interface in every language.
	@bin/setup dev
	@$(PYTHON) manage.py messages

clean: ## Remove what was installed or generated here; data in .data stay.
	@rm -rf .venv .tools staticfiles .coverage* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
