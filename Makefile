# Mirra. `make build` makes bin/mirra with its plugins inside; `make check` is
# what CI runs. Nothing here rewrites source files but format and generate.

GO        ?= go
# Digests of plugins depend on the toolchain, so they are built by exactly this one.
TOOLCHAIN := $(shell sed -n 's/^toolchain //p' go.mod)
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.7.0

# Vendors' descriptions and recordings, which are not part of the project.
# Tests and generators that need them say so when they are absent.
SHARED ?= $(abspath ../shared)
export MIRRA_SHARED := $(wildcard $(SHARED))

PLUGINS  := $(patsubst plugins/%/main.go,%,$(wildcard plugins/*/main.go))
# Further lines of the plugins, as PLUGIN.TAG: the same source with a build tag.
LINES    := stripe.line_2026_08
EMBEDDED := cmd/mirra/embedded
MODULE   := github.com/mirrahq/mirra
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS  := -s -w -X main.version=$(VERSION)

.PHONY: all build image plugins npm quickstart test test-unit test-plugins e2e scenarios check lint vet staticcheck format format-check generate generate-check coverage coverage-check cross bench fidelity documented fidelity-gate baseline fuzz deps clean

all: build

## build: bin/mirra with the plugins embedded, static
build: plugins
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags="$(LDFLAGS)" -o bin/mirra ./cmd/mirra

plugins: $(PLUGINS:%=build/plugins/%.wasm) $(LINES:%=build/plugins/%.wasm)
	$(GO) run ./cmd/mirra plugin pack --compile build/plugins $(EMBEDDED) $(addprefix --fidelity ,$(wildcard plugins/*/fidelity.json))

# What a plugin is built from: its own folder and what all of them share, so
# that a change of one does not build the others anew.
sources = $(shell find abi sdk plugins/$(1) -path sdk/mirratest -prune -o -name '*.go' -not -name '*_test.go' -print)

.SECONDEXPANSION:
build/plugins/%.wasm: $$(call sources,$$(word 1,$$(subst ., ,$$*))) go.mod
	@mkdir -p $(@D)
	GOTOOLCHAIN=$(TOOLCHAIN) $(GO) run ./cmd/mirra plugin build ./plugins/$(word 1,$(subst ., ,$*)) --tags '$(word 2,$(subst ., ,$*))' -o $@

## quickstart: what the README says under "Try it", in an empty folder, with the packages as packed
quickstart: npm
	cd conformance/e2e && $(GO) build -o $(abspath build)/quickstart ./quickstart
	./build/quickstart

## image: build/image.tar, for docker load and podman load; IMAGE is its name
IMAGE ?= mirra:latest
image: build
	$(GO) run ./cmd/mirra-image -o build/image.tar -name $(IMAGE) -version $(VERSION) bin/mirra

# The system as Node names it.
PLATFORM = $(shell node -p 'process.platform + "-" + process.arch')

## npm: the packages of sdk/npm in build/npm, with the program for this system
npm: build sdk/npm/node_modules/.package-lock.json
	cp cmd/mirra/dropin/mirra.cjs sdk/npm/node/mirra.cjs
	cd sdk/npm && npm run --silent build
	node sdk/npm/pack.mjs build/npm $(PLATFORM)=bin/mirra

# What compiles them.
sdk/npm/node_modules/.package-lock.json: sdk/npm/package-lock.json
	cd sdk/npm && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

## deps: fetch what tests need but stripe-python (CONTRIBUTING.md); everything is pinned by lock files and runs offline afterwards
deps:
	$(GO) mod download
	cd conformance/e2e && $(GO) mod download
	cd examples/apps/go-resend && $(GO) mod download
	cd examples/bugs/go && $(GO) mod download
	@set -e; for folder in conformance/e2e/node examples/apps/express-twilio examples/bugs/node; do (cd $$folder && npm ci --no-audit --no-fund --loglevel=error); done
	@for folder in conformance/e2e/public conformance/e2e/vitest/[0-9]/ conformance/e2e/nodes/*/ conformance/e2e/playwright conformance/e2e/mcp examples/apps/nextjs-stripe; do (cd $$folder && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) || exit 1; done

## test: unit tests with the race detector, then end to end; works on a clean clone
test: deps test-unit test-plugins e2e fidelity-gate

# What cmd/mirra does concurrently is the server's, whose packages are among the raced;
# with the detector its scripts, each of which starts one, take four times as long.
# The judge's SDKs take minutes to build with it, and its own goroutines are the tests'.
UNRACED = $(MODULE)/cmd/mirra $(MODULE)/host/judge
RACED = $(filter-out $(UNRACED),$(shell $(GO) list ./...))
test-unit: plugins
	$(GO) test -race -shuffle=on $(RACED)
	$(GO) test -shuffle=on $(UNRACED)

## test-plugins: the tests of each plugin once more, on the built file under WebAssembly
test-plugins: plugins
	@set -e; for p in $(PLUGINS); do \
	  MIRRA_TEST_PLUGIN=$(abspath build/plugins)/$$p.wasm $(GO) test -count=1 -shuffle=on ./plugins/$$p; done

## e2e: the real binary driven by the vendor's own SDKs; ends with the clients that reached their session
e2e: npm
	@rm -f build/clients.md
	cd conformance/e2e && MIRRA=$(abspath bin/mirra) MIRRA_E2E_TABLE=$(abspath build)/clients.md $(GO) test -count=1 -shuffle=on ./...
	@cat build/clients.md

## scenarios: what the example applications do, into build/scenarios.xml; e2e runs them too
scenarios: build
	./bin/mirra run --junit build/scenarios.xml --parallel 2 'examples/apps/**/*.md'

## bugs: all of examples/bugs judged by drills and by scenarios
bugs: npm
	cd conformance/e2e && MIRRA=$(abspath bin/mirra) MIRRA_E2E_ALL=1 $(GO) test -count=1 -run TestBugs ./...

## check: everything that must hold before a commit
check: lint test-unit

## lint: what can be said of the code without running it
lint: format-check vet staticcheck generate-check coverage-check cross

vet:
	$(GO) vet ./...
	GOOS=wasip1 GOARCH=wasm $(GO) build -o /dev/null ./abi ./sdk ./plugins/... ./examples/...

staticcheck:
	$(GO) run $(STATICCHECK) ./...

format:
	gofmt -w $(shell git ls-files '*.go')

format-check:
	@out=$$(gofmt -l $(shell git ls-files '*.go')); if [ -n "$$out" ]; then echo "not formatted (make format):"; echo "$$out"; exit 1; fi

## generate: tables of the plugins from the vendors' descriptions
generate:
	@if [ -z "$(MIRRA_SHARED)" ]; then echo "generate: no descriptions at $(SHARED); set SHARED"; exit 1; fi
	$(GO) generate ./plugins/...

generate-check:
	@if [ -z "$(MIRRA_SHARED)" ]; then echo "generate-check: no descriptions at $(SHARED): generated tables are taken as they are"; \
	else $(GO) generate ./plugins/... && git diff --exit-code --stat -- '*_gen.go'; fi

## cross: what cannot run here is at least built and vetted
cross:
	GOOS=darwin GOARCH=arm64 $(GO) vet ./...
	GOOS=windows GOARCH=amd64 $(GO) vet ./...
	GOOS=darwin GOARCH=arm64 $(GO) build -o /dev/null ./cmd/mirra
	GOOS=windows GOARCH=amd64 $(GO) build -o /dev/null ./cmd/mirra

## bench: ratios against peers and references, measured in the same run
bench: npm
	$(GO) run ./conformance/bench -mirra bin/mirra
	node conformance/bench/vitest/bench.mjs bin/mirra

## fidelity: how exactly mirrors answer as recorded; FIDELITY=flags of `mirra fidelity run`; PEER=emulate or stripe-mock measures a peer
fidelity: build
	@if [ -z "$(wildcard $(SHARED)/recordings)" ]; then echo "fidelity: no recordings: $(SHARED)/recordings is not there; set SHARED to the folder that has it"; exit 1; fi
ifdef PEER
	@set -e; command=$$($(GO) run ./conformance/bench -peer $(PEER)); \
	./bin/mirra fidelity run $(SHARED)/recordings/stripe.jsonl.gz --peer-name $(PEER) --peer-command "$$command" $(if $(filter stripe-mock,$(PEER)),--peer-keep) $(FIDELITY)
else
	@set -e; for p in $(PLUGINS); do file=$(SHARED)/recordings/$$p.jsonl.gz; \
	  if [ -f $$file ]; then ./bin/mirra fidelity run $$file --mirror $$p $$(test ! -f plugins/$$p/fidelity.json || echo --baseline plugins/$$p/fidelity.json) $(FIDELITY); \
	  else echo "fidelity: no recordings of $$p: $$file is not there"; fi; done
endif

## documented: how exactly each line answers the cases written from its vendor's documentation
documented: build
	@set -e; for p in $(PLUGINS); do cases=plugins/$$p/testdata/documented; if [ -d $$cases ]; then for m in $$($(call lines,$$p)); do \
	    ./bin/mirra fidelity run $$cases --mirror $$m --baseline plugins/$$p/fidelity.json $(FIDELITY); done; fi; done

## fidelity-gate: fail when an exact answer that a plugin's fidelity.json has is lost
fidelity-gate: build
	@$(MAKE) --no-print-directory documented FIDELITY=--quiet
	@if [ -n "$(wildcard $(SHARED)/recordings)" ]; then $(MAKE) --no-print-directory fidelity PEER= FIDELITY=--quiet; \
	else echo "fidelity-gate: no recordings at $(SHARED)/recordings: only documented answers were compared"; fi

## baseline: measure every line anew, and write what is exact now to each plugin's fidelity.json and COVERAGE.md; what was lost is named
baseline: build
	@if [ -z "$(wildcard $(SHARED)/recordings)" ]; then echo "baseline: no recordings: $(SHARED)/recordings is not there; set SHARED to the folder that has it"; exit 1; fi
	@set -e; for p in $(PLUGINS); do file=$(SHARED)/recordings/$$p.jsonl.gz; \
	  if [ -f $$file ]; then for m in $$($(call lines,$$p)); do \
	    ./bin/mirra fidelity run $$file --mirror $$m --baseline plugins/$$p/fidelity.json --update-baseline --quiet; done; fi; done
	@$(MAKE) --no-print-directory documented FIDELITY="--update-baseline --quiet"
	@$(call cover,)

# The lines of a plugin that are built in, NAME@LINE; the newest, which the gate
# runs, is the last.
lines = ./bin/mirra plugin list --available --json | awk -F'"' -v p=$(1) '$$2 == "name" { n = $$4 } $$2 == "version" && n == p { sub(/\.[0-9]+$$/, "", $$4); print p "@" $$4 }' | sort

## coverage: each plugin's COVERAGE.md, from its built lines and its fidelity.json
coverage: plugins
	@$(call cover,)

coverage-check: plugins
	@$(call cover,--check)

cover = set -e; for p in $(PLUGINS); do \
	  $(GO) run ./cmd/mirra plugin coverage $$(find build/plugins -name "$$p.wasm" -o -name "$$p.*.wasm" | sort) $$(test ! -f plugins/$$p/fidelity.json || echo --fidelity plugins/$$p/fidelity.json) -o plugins/$$p/COVERAGE.md $(1) \
	  || { echo "make coverage writes it"; exit 1; }; done

FUZZTIME ?= 20s
## fuzz: each decoder that others feed, for FUZZTIME
fuzz:
	@set -e; for pkg in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$pkg 2>/dev/null | grep '^Fuzz' || true); do \
	    echo "$$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$pkg; done; done

clean:
	rm -rf bin build
	find $(EMBEDDED) -type f -not -name .gitignore -delete
