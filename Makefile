# Every intent is one command. CI runs the same ones: see .ci/run.

PYTHON  ?= python3
BIN     := .venv/bin
# Made anew when pyproject.toml changes; whatever needs the environment depends on this file.
READY   := .venv/.ready
DEMO    := .podium/demo
MINUTES ?= 60
# What `make e2e` runs: all but the tests that break things, which `make e2echaos` runs. CI runs of both what is not long.
E2E     ?= tests/e2e/test_*.py
E2E_MARKS ?= e2e
# Tests wait for processes and pages a third of their time: one more at once than there are processors.
TESTERS := $(shell n=$$(( $$(getconf _NPROCESSORS_ONLN) + 1 )); echo $$(( n < 8 ? n : 8 )))
# For example SCALE=--quick.
SCALE   ?=
# For example BENCHMARK=--quick.
BENCHMARK ?=
# For example TRAINER=--quick.
TRAINER ?=
# checkov pins what it stands on, older than what Podium stands on: it has an environment of its own.
SCANNER := .venv-security
# So do the tools that exports are read with: MLflow's server, TensorBoard, Weights & Biases. They pin a score of packages.
TOOLS   := .venv-exports
# And schemathesis, which brings a testing stack of its own.
FUZZER  := .venv-fuzz
# For example EXAMPLES=200.
EXAMPLES ?= 20

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install check format chart reference sdk screenshots test exports e2e e2echaos security demo bench benchmark latency trainer scale chaos clean site tutorial openapi fuzz

help: ## List the targets
	@sed -n 's/^\([a-z0-9]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

install: $(READY) ## Create .venv with everything in it; the other targets do so by themselves

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Podium needs Python 3.11 or newer, found " + sys.version.split()[0] + "; name another: make PYTHON=python3.11")'
	@$(PYTHON) -m venv .venv || { echo 'no environment without venv; on Debian and Ubuntu: apt-get install $(notdir $(PYTHON))-venv' >&2; exit 1; }
	$(BIN)/pip install --disable-pip-version-check --editable ".[dev]"
	@touch $@

check: $(READY) ## Lint, format, types, layers and what is generated; fails on any finding
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m hack.blocking_client --check
	$(BIN)/python -m hack.cli_reference --check
	$(BIN)/python -m hack.chart_docs --check
	$(BIN)/python -m hack.chart_schema --check
	$(BIN)/python -m hack.manifests --check
	$(BIN)/python -m hack.spec_reference --check
	$(BIN)/python -m hack.openapi --check

openapi: $(READY) ## Make docs/openapi.json anew; refuses what would break callers of /api/v1
	$(BIN)/python -m hack.openapi

format: $(READY) ## Format the code and mend what can be mended without thought
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

chart: $(READY) ## Make anew what is made from the chart: its README and schema, and manifests/
	$(BIN)/python -m hack.chart_docs
	$(BIN)/python -m hack.chart_schema
	$(BIN)/python -m hack.manifests

reference: $(READY) ## Make the references anew: docs/cli.md from the commands, docs/spec.md from the models
	$(BIN)/python -m hack.cli_reference
	$(BIN)/python -m hack.spec_reference

sdk: $(READY) ## Make podium/blocking anew from podium/aio: the same client without async and await
	$(BIN)/python -m hack.blocking_client

site: $(READY) ## Build the documentation site into build/site; fails on a link that leads nowhere
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

tutorial: $(READY) ## Do what docs/tutorial.md says, with real training, and compare what is printed
	$(BIN)/pytest tests/docs/test_tutorial.py -m tutorial

screenshots: $(READY) ## Take the pictures of the dashboard in docs/images anew, with Debian's chromium
	$(BIN)/pytest tests/dashboard/test_kept.py --pictures docs/images

test: $(READY) ## Run every test
	$(BIN)/pytest --numprocesses $(TESTERS) --dist loadfile --no-loadscope-reorder

exports: $(READY) $(TOOLS)/.ready ## Export to a real MLflow server, TensorBoard and Weights & Biases (offline), and read it back
	PODIUM_TOOLS=$(TOOLS) $(BIN)/pytest tests/exporting -m tools

$(TOOLS)/.ready: Makefile pyproject.toml
	$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/pip install --disable-pip-version-check --quiet --editable ".[wandb]" 'mlflow>=3.10' 'tensorboard>=2.20'
	@touch $@

fuzz: $(READY) $(FUZZER)/.ready ## Ask a real controller whatever its OpenAPI document allows, and forbids; EXAMPLES=20 of each
	$(BIN)/python -m tests.fuzz.run $(FUZZER)/bin/schemathesis $(EXAMPLES)

$(FUZZER)/.ready: Makefile
	$(PYTHON) -m venv $(FUZZER)
	$(FUZZER)/bin/pip install --disable-pip-version-check --quiet 'schemathesis>=4.32'
	@touch $@

security: $(READY) $(SCANNER)/.ready ## Look for weak spots in the chart and in manifests/ with checkov; fails on any
	@rm -rf build/chart && mkdir -p build/chart
	@helm=$$($(BIN)/python -c 'from tests import tools; print(tools.helm())') && export PATH="$$(dirname "$$helm"):$$PATH" && \
	for values in charts/podium/ci/*.yaml; do \
		helm template podium charts/podium --namespace podium --values "$$values" > "build/chart/$$(basename "$$values")" || exit 1; \
	done && $(SCANNER)/bin/checkov --config-file .checkov.yaml --directory build/chart --directory manifests --directory charts/podium

$(SCANNER)/.ready: Makefile
	$(PYTHON) -m venv $(SCANNER)
	$(SCANNER)/bin/pip install --disable-pip-version-check --quiet 'checkov>=3.2'
	@touch $@

e2e: $(READY) ## Build the images and run them on a real Kubernetes: KUBECONFIG's, kind's, or hack/cluster's on Debian
	$(BIN)/pytest $(E2E) -m "$(E2E_MARKS)" --timeout 2400 -rP --durations 0

e2echaos: $(READY) ## Kill, cut, drain and starve everything on that Kubernetes, twenty times and more
	$(BIN)/pytest tests/e2e/chaos -m e2e --timeout 2400 -rP --durations 0

demo: $(READY) ## Run examples/digits.yaml from nothing to its best model, on this machine
	@$(BIN)/podium-controller down --state-dir $(DEMO) > /dev/null
	@rm -rf $(DEMO)
	PODIUM_STATE_DIR=$(DEMO) $(BIN)/podium run examples/digits.yaml --local

bench: $(READY) ## Measure the time from a last report to the next worker, with 20 stub workers, at two rates
	$(BIN)/python -m benchmarks.reconcile_latency

benchmark: $(READY) ## Compare the optimizer with others; hours, or BENCHMARK=--quick for minutes
	@$(BIN)/python -c 'import optuna, matplotlib' 2> /dev/null || $(BIN)/pip install --disable-pip-version-check --editable ".[benchmarks]"
	$(BIN)/python -m benchmarks.optimizer $(BENCHMARK)

latency: $(READY) ## Measure what a suggestion costs, at 50 to 5,000 observations
	$(BIN)/python -m benchmarks.suggest_latency

trainer: $(READY) ## Measure the trainer beside torchvision's reference; TRAINER=--quick for minutes
	$(BIN)/python -m benchmarks.worker $(TRAINER)

scale: $(READY) ## Measure 1,000 Jobs in flight and 10,000 finished trials on a control plane without nodes
	$(BIN)/python -m benchmarks.scale $(SCALE)

chaos: $(READY) ## Repeat the tests that kill things, for MINUTES=60, until one fails
	@end=$$(( $$(date +%s) + $(MINUTES) * 60 )); round=0; \
	while [ "$$(date +%s)" -lt "$$end" ]; do \
		round=$$(( round + 1 )); seed=$$(od -An -N2 -tu2 /dev/urandom | tr -d ' '); \
		echo "chaos: round $$round, again with: CHAOS_SEED=$$seed $(BIN)/pytest tests/chaos"; \
		CHAOS_SEED=$$seed $(BIN)/pytest tests/chaos || exit 1; \
	done; echo "chaos: $$round rounds lost nothing"

clean: ## Remove the environment and the caches; experiments under .podium stay
	rm -rf .venv $(SCANNER) $(TOOLS) $(FUZZER) build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
