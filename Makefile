# Every verb of the project; `make` alone explains them. CI runs only these.
PY := .venv/bin/python
SOURCES := services tests docs

.DEFAULT_GOAL := help
.PHONY: help demo demo-down stack test test-fast bench check format generate lock cluster-up cluster-down clean

##@ See it work
demo: .venv/.ready ## Break three workloads on a real Kubernetes, click Approve, watch them heal (APPROVE=1 KEEP=1 CONTEXT=name YES=1)
	@$(PY) -m tests.demo

demo-down: .venv/.ready ## End what `make demo KEEP=1` left running
	@$(PY) -m tests.demo down

stack: .venv/.ready ## Run the three services and Redis from source against the current kubeconfig
	@$(PY) -m tests.stack

##@ Prove it
test: .venv/.ready ## Unit, scenario, chart and integration tests, the last on a real API server and node
	@$(PY) -m tests.cluster.prerequisites
	@$(PY) -m pytest -n 2 -q tests/unit tests/scenario $(ARGS)
	@$(PY) -m pytest tests/integration $(ARGS)

test-fast: .venv/.ready ## Unit and scenario tests only: seconds
	@$(PY) -m pytest -n 2 -q tests/unit tests/scenario $(ARGS)

bench: .venv/.ready ## Measure the click against its floor; writes bench.json (COUNT=20)
	@$(PY) -m tests.bench

check: .venv/.ready ## Format, lint, types, import contracts, generated files up to date
	@$(PY) -m ruff format --check --quiet $(SOURCES) && $(PY) -m ruff check --quiet $(SOURCES)
	@$(PY) -m mypy --no-error-summary services/*/src tests/cluster tests/demo tests/stack tests/localslack tests/bench && .venv/bin/lint-imports --no-logo
	@$(PY) -m logjedi_contracts.schemas --check && $(PY) docs/generate_configuration.py --check

##@ Work on it
format: .venv/.ready ## Format the code and mend what the linter can mend
	@$(PY) -m ruff format $(SOURCES) && $(PY) -m ruff check --fix $(SOURCES)

generate: .venv/.ready ## Write the generated files anew: message schemas, golden messages, docs/configuration.md
	@$(PY) -m logjedi_contracts.schemas && $(PY) -m tests.unit.contracts.golden && $(PY) docs/generate_configuration.py

lock: ## Resolve the dependencies anew (needs uv) and export them, hashed, without naming an index
	@uv lock --upgrade && uv export --quiet --frozen --all-packages --all-groups --no-emit-workspace --no-header --no-annotate > requirements.lock

cluster-up: .venv/.ready ## Start the test cluster and leave it up
	@$(PY) -m tests.cluster up

cluster-down: .venv/.ready ## End it
	@$(PY) -m tests.cluster down

clean: ## Remove the virtual environment and all caches in the checkout
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist

.venv/.ready: requirements.lock services/*/pyproject.toml tests/bootstrap
	@tests/bootstrap

help: ## Explain the verbs
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile
