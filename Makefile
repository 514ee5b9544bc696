# What developers and CI run, from a fresh clone on. `make help` lists the targets.

BIN := .venv/bin
UV := .tools/uv
LEFT := .coverage/left
PYTEST := $(BIN)/coverage run -m pytest -n 2 --basetemp=$(LEFT)
# What tests leave behind holds no card data and no keys, logs and databases included.
SCAN := $(BIN)/python tests/card_data_scanner.py $(LEFT)
CODE := agent drivers firmware_profiles simulator
TYPED := $(CODE) tests .ci $(sort $(dir $(wildcard benchmarks/*.py examples/*.py)))
NODE_MODULES := tests/node/node_modules/.package-lock.json
OLDER_SDK := .tools/stripe-older-sdk

.PHONY: help setup check test test-full soak support-matrix fuzz demo bench wheel check-wheel deb check-deb clean

help:  ## show this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

setup: .venv/.ready $(NODE_MODULES) $(OLDER_SDK)/.ready  ## install everything the other targets need

check: setup  ## formatting, lint, types and the layers' contracts
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy $(TYPED)
	$(BIN)/lint-imports --no-logo

test: setup  ## all suites with branch coverage; a seeded sample of the long ones
	@$(BIN)/coverage erase
	@mkdir -p $(LEFT)
	$(PYTEST)
	$(SCAN)
	@$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

test-full: setup  ## the long suites as a whole, and more examples per property
	@mkdir -p $(LEFT)
	$(BIN)/python -m pytest -n 2 --dist worksteal --basetemp=$(LEFT) --full -o faulthandler_timeout=2700
	$(SCAN)

soak: setup  ## ten thousand payments in one process, and what they leave in memory
	$(BIN)/python -m pytest --full -o faulthandler_timeout=1800 tests/flow/test_soak.py

support-matrix: setup  ## docs/readers.md, from the profiles and a whole run of the suite
	@$(BIN)/python tests/support_matrix.py

fuzz: setup  ## every decoder under a coverage-guided fuzzer, half a minute each
	@$(BIN)/python tests/fuzz_decoders.py

demo: setup  ## one payment on a simulated reader, start to finish
	@$(BIN)/python examples/demo.py

bench: setup  ## every benchmark, against its goal
	@$(BIN)/python .ci/bench.py

wheel: setup  ## build dist/: the wheel, and its locked requirements
	@rm -rf dist
	$(UV) build --quiet --wheel
	$(UV) export --quiet --frozen --no-dev --no-emit-project --no-header \
		--output-file dist/requirements.txt

check-wheel: wheel  ## install the wheel in an empty environment and start it
	.ci/check-wheel

deb: wheel  ## build dist/*.deb for the Debian of this machine
	.ci/build-deb

check-deb: deb  ## install, upgrade and remove it in a fresh Debian tree (root, debootstrap)
	.ci/check-deb

clean:  ## remove what was built and measured; keep .venv and .tools
	rm -rf .bench .coverage .demo .hypothesis .import_linter_cache \
		.mypy_cache .ruff_cache build dist
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

.venv/.ready: .ci/setup pyproject.toml uv.lock
	@.ci/setup

$(NODE_MODULES): tests/node/package-lock.json | .venv/.ready
	@echo "setup: Stripe's Node SDK and CLI -> tests/node/node_modules"
	@cd tests/node && ../../$(BIN)/npm ci --loglevel=error >/dev/null
	@touch $@

$(OLDER_SDK)/.ready: tests/clients/older-sdk.txt | .venv/.ready
	@echo "setup: an older release of Stripe's Python SDK -> $(OLDER_SDK)"
	@rm -rf $(OLDER_SDK)
	@$(UV) pip install --quiet --no-deps --require-hashes --target $(OLDER_SDK) \
		--requirement $<
	@touch $@
