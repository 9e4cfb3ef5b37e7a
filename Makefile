# Everything that a person does with this repository. The build itself is CMakeLists.txt.
#   make run     install, build, start a server with the demo of examples/hello
#   make test    install, build with sanitizers, all tests
#   make build   build/release/tenon
#   make bench, make lint, make format, make fuzz, make tsan, make clean: see CONTRIBUTING.md

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

LISTEN ?= 127.0.0.1:8080
DATA ?= data
FUZZ_SECONDS ?= 30
# One file or pattern of the end-to-end and attack tests: make e2e TESTS=tests/e2e/run.test.mjs
TESTS ?= tests/e2e/*.test.mjs tests/attack/*.test.mjs tests/conformance/*.test.mjs tests/packages/*.test.mjs

esbuild_platform := linux-$(if $(filter aarch64 arm64,$(shell uname -m)),arm64,x64)
esbuild := node_modules/@esbuild/$(esbuild_platform)/bin/esbuild

.PHONY: help
help:
	@sed -n '2,5s/^# \?//p' Makefile

# --- what the build needs ---

.PHONY: packages
packages:
	@scripts/install-packages build

node_modules/.package-lock.json: package.json package-lock.json | packages
	npm ci --no-progress
	@touch $@

# $(1) folder, $(2) further arguments of cmake
configure = @test -f $(1)/build.ninja || cmake -S . -B $(1) -G Ninja $(2) >$(1).log 2>&1 || { cat $(1).log; exit 1; }
install_esbuild = @cmp -s $(esbuild) $(1)/esbuild || install -m 755 $(esbuild) $(1)/esbuild

# --- builds ---

.PHONY: build
build: packages node_modules/.package-lock.json
	@mkdir -p build
	$(call configure,build/release,-DCMAKE_BUILD_TYPE=Release)
	@ninja -C build/release tenon bench-echo
	$(call install_esbuild,build/release)

.PHONY: debug
debug: packages node_modules/.package-lock.json
	@mkdir -p build
	$(call configure,build/debug,-DCMAKE_BUILD_TYPE=Debug -DTENON_SANITIZE=ON)
	@ninja -C build/debug
	$(call install_esbuild,build/debug)

# --- running ---

.PHONY: run
run: build
	@exec build/release/tenon serve --data $(DATA) --listen $(LISTEN) --deploy examples/hello

# --- tests ---

.PHONY: test
test:
	@scripts/install-packages build test
	@$(MAKE) unit
	@$(MAKE) e2e

.PHONY: unit
unit: debug
	ctest --test-dir build/debug --output-on-failure --no-tests=error

# A place of its own for the pointer to the last server, which is else the user's.
sanitizer_env = TENON_SANITIZED=1 XDG_RUNTIME_DIR=$(CURDIR)/build/debug/run LSAN_OPTIONS=suppressions=$(CURDIR)/cmake/lsan.supp:print_suppressions=0

.PHONY: e2e
e2e: debug
	$(sanitizer_env) TENON=$(CURDIR)/build/debug/tenon node --test --test-concurrency=2 $(TESTS)

# docs/runtime-api.md, which e2e compares with what the build has.
.PHONY: runtime-api
runtime-api: debug
	$(sanitizer_env) TENON=$(CURDIR)/build/debug/tenon node tests/runtime-api/generate.mjs

.PHONY: bench
bench: build
	@scripts/install-packages bench
	node bench/run.mjs

.PHONY: fuzz
fuzz:
	@scripts/install-packages build fuzz
	@mkdir -p build
	@test -f build/fuzz/build.ninja || CC=clang cmake -S . -B build/fuzz -G Ninja -DCMAKE_BUILD_TYPE=Debug -DTENON_SANITIZE=ON -DTENON_FUZZ=ON >/dev/null
	@scripts/fuzz build/fuzz $(FUZZ_SECONDS)

.PHONY: tsan
tsan: packages node_modules/.package-lock.json
	@mkdir -p build
	$(call configure,build/tsan,-DCMAKE_BUILD_TYPE=Debug -DTENON_THREAD_SANITIZE=ON)
	@ninja -C build/tsan
	TSAN_OPTIONS=halt_on_error=1 ctest --test-dir build/tsan --output-on-failure -R '^(base|store|dispatch|http)\.'

# --- form ---

c_files = $(shell git ls-files --cached --others --exclude-standard 'src/*.c' 'src/*.h' 'bench/*.c')

.PHONY: format
format:
	@scripts/install-packages lint
	@clang-format -i $(c_files)

.PHONY: lint
lint: debug
	@scripts/install-packages lint
	@scripts/lint build/debug

.PHONY: clean
clean:
	rm -rf build node_modules
