# Thin: every target calls the tools below it. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

CARGO ?= cargo
NPM_CI := npm ci --no-audit --no-fund --loglevel=error
SDK := npm/dist/fh.js
# One set of packages for lints, tests and the binary they run, so that nothing is compiled twice.
NATIVE := --workspace --exclude firsthand-web --exclude firsthand-sdk-tool
CLIENTS_VENV := target/clients-venv
SDK_SOURCES := $(shell find sdk npm/src -type f 2>/dev/null) npm/package.json npm/build.mjs Cargo.lock

.PHONY: help demo test check bench faults sdk collector setup setup-browsers setup-faults test-rust test-wasm test-npm test-shop test-clients test-e2e screenshots fuzz clean

help: ## Lists the targets
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 24

demo: setup sdk ## Starts shop, collector and platform sandbox; open the page it names
	$(CARGO) build -p firsthand-collector
	node examples/demo/demo.mjs

test: setup setup-browsers check sdk test-rust test-wasm test-npm test-shop test-clients test-e2e ## Passes all tests (installs what they need)

check: setup ## Format, lints and unit tests: the inner loop
	$(CARGO) fmt --all --check
	$(CARGO) clippy $(NATIVE) --all-targets -- -D warnings
	$(CARGO) clippy -p firsthand-web -p firsthand-person -p firsthand-signals --target wasm32-unknown-unknown --all-targets -- -D warnings
	$(CARGO) test $(NATIVE) --lib --quiet
	cd npm && npx --no-install tsc --noEmit

bench: setup setup-browsers sdk tests/e2e/node_modules/.installed ## Measures every budget and writes target/bench/summary.json
	$(CARGO) build --release -p firsthand-collector -p firsthand-load
	target/release/load run --collector target/release/firsthand --out target/bench

faults: setup setup-faults sdk ## Kills, outages, full disks, torn files: the long fault suite; SEED=n runs a schedule again
	$(CARGO) build $(NATIVE)
	target/debug/faults run --long $(if $(SEED),--seed $(SEED))

sdk: $(SDK) ## Builds the SDK into npm/dist

$(SDK): $(SDK_SOURCES) npm/node_modules/.installed
	cd npm && npm run --silent build

collector: sdk ## Builds the collector with the SDK inside: target/release/firsthand
	$(CARGO) build --release -p firsthand-collector

test-rust: setup-faults sdk ## Rust tests, the collector as a process and the short fault suite among them
	$(CARGO) test $(NATIVE)

test-wasm: npm/node_modules/.installed ## The SDK's Rust tests in headless Chromium
	cd npm && npm run --silent test:wasm

test-npm: sdk ## The npm package in headless Chromium
	cd npm && npm test --silent

test-shop: sdk ## The example shop's backend
	node --test examples/storefront/test/

test-clients: sdk tests/clients/node_modules/.installed $(CLIENTS_VENV)/.installed ## SDKs of Segment and RudderStack, signatures of Shopify and Stripe
	$(CARGO) test $(NATIVE) --no-run --quiet
	cd tests/clients && npm test --silent

test-e2e: sdk tests/e2e/node_modules/.installed ## A page click to the platform's request, in real browsers
	$(CARGO) test $(NATIVE) --no-run --quiet
	cd tests/e2e && npm test --silent

screenshots: setup setup-browsers sdk tests/e2e/node_modules/.installed ## Pictures of every page and state of the banner, to be looked at: target/screenshots
	$(CARGO) build -p firsthand-collector
	node tests/e2e/screenshots.mjs
	node tests/e2e/banner-screenshots.mjs

fuzz: ## Fuzzes all that reads text from outside, FUZZ_SECS seconds a target (30)
	@tests/fuzz/run

setup: npm/node_modules/.installed ## Installs what building needs (wasm target, npm packages)
	@.ci/install-tools build

setup-browsers:
	@.ci/install-tools browsers

setup-faults:
	@.ci/install-tools faults

npm/node_modules/.installed: npm/package-lock.json
	@.ci/install-tools build
	cd npm && $(NPM_CI)
	@touch $@

tests/e2e/node_modules/.installed: tests/e2e/package-lock.json
	cd tests/e2e && $(NPM_CI)
	@touch $@

tests/clients/node_modules/.installed: tests/clients/package-lock.json
	cd tests/clients && $(NPM_CI) --ignore-scripts
	@touch $@

$(CLIENTS_VENV)/.installed: tests/clients/requirements.txt
	@.ci/install-tools python
	python3 -m venv $(CLIENTS_VENV)
	$(CLIENTS_VENV)/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

clean: ## Removes everything that was built
	rm -rf target npm/dist npm/build npm/node_modules tests/e2e/node_modules tests/clients/node_modules
