# Every task of the project. `make` alone lists them.

export CGO_ENABLED ?= 0
GO       ?= go
ARGS     ?=
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT   ?= $(shell git rev-parse --short HEAD 2>/dev/null || echo unknown)
LDFLAGS  := -s -w -X hogpen/app.buildVersion=$(VERSION) -X hogpen/app.buildCommit=$(COMMIT)
FUZZTIME ?= 20s
ROUNDS   ?= 200
ROWS     ?= 50000000
# Modules of their own, so that what is compared is no part of Hogpen.
BENCHES  := hog/vm/bench/peer hog/vm/bench/json app/bench/pipeline/reference app/bench/api/peer

.DEFAULT_GOAL := help
.PHONY: help run build test go-test race soak fuzz bench bench-vm bench-json bench-growth bench-pipeline bench-api oracle lint generate update verify browser node clean

help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build bin/hogpen
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/hogpen ./cmd/hogpen

run: build ## build and start on 127.0.0.1:8000 with demo data; ARGS='--addr :9000' passes flags
	./bin/hogpen serve --demo $(ARGS)

test: browser node verify lint go-test ## everything CI asks for: generated files, linters, all tests, browser and SDK tests

go-test: ## all Go tests, the browser and SDK ones included
	HOGPEN_ARTIFACTS=$(CURDIR)/artifacts $(GO) test -count=1 -timeout 12m ./...

race: ## the tests of concurrent rooms under the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race -count=1 ./queue/... ./engine/... ./db/... ./hog/vm/...

soak: ## the tests of reliability in their long form: ROUNDS=200 kills, and an hour under load
	HOGPEN_SOAK=$(ROUNDS) $(GO) test -count=1 -timeout 4h -v ./cmd/hogpen \
	  -run 'Kill|Terminate|FullDisk|ReadOnly|NoFiles|ClockJumps|MemoryStaysFlat|StoppedHouse|BadPrograms|Loops|Prints|NeverAnswers|PrivateAddresses|LockedDatabase|BacklogStaysOnDisk'
	HOGPEN_SOAK=$(ROUNDS) $(GO) test -count=1 -timeout 2h -v ./db ./engine ./engine/people ./app -run 'Kill|BadDestinations|EndlessAnswers|Stop|Queue|Upgrade'

fuzz: ## every fuzz test for FUZZTIME
	@for pkg in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
	    echo "$$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1x $$pkg || exit 1; \
	  done; done

oracle: ## hold the language against PostHog's parser and machine from npm, and record their answers
	$(GO) run ./hog/hogtest/oracle/ask $(if $(SEED),-seed $(SEED)) $(if $(TIMES),-times $(TIMES))

bench: bench-vm bench-json bench-pipeline bench-api ## the machine, the road of an event, pages and API

bench-vm: ## the machine beside PostHog's on Node and other interpreters in Go, as ratios of one run
	$(GO) run -C hog/vm/bench/peer . -dir $(CURDIR)/artifacts/peer

bench-growth: ## what is recorded in a database of ROWS rows beside an empty one
	HOGPEN_ROWS=$(ROWS) $(GO) test ./db -run '^$$' -bench BenchmarkRecordGrown -benchtime 400x -timeout 2h

bench-json: ## an event read and written beside encoding/json, goccy and sonic, in one run
	$(GO) test -C hog/vm/bench/json -run '^$$' -bench . -count 3 .

bench-pipeline: build ## the pipeline beside a bare Go reference and PostHog's machine in Node; PEER=/path/to/benthos adds that
	$(GO) build -C app/bench/pipeline/reference -trimpath -o $(CURDIR)/bin/bench-reference .
	$(GO) build -trimpath -o bin/bench-profiled ./app/bench/pipeline/profiled
	$(GO) run ./app/bench/pipeline -artifacts artifacts/pipeline $(ARGS)

bench-api: build ## the API beside PocketBase, 10,000 rows in each; then pages and API in one process
	$(GO) build -C app/bench/api/peer -trimpath -o $(CURDIR)/bin/bench-pocketbase .
	$(GO) run ./app/bench/api $(ARGS)
	$(GO) test -run '^$$' -bench BenchmarkTenThousand ./app

lint: ## gofmt, go vet, staticcheck, templ fmt
	@out=$$(gofmt -l $$(git ls-files '*.go' | grep -v _templ.go)); test -z "$$out" || { echo "not gofmt-ed: $$out"; exit 1; }
	$(GO) tool templ fmt -fail views
	$(GO) vet ./...
	@for m in $(BENCHES); do $(GO) vet -C $$m ./... || exit 1; done
	$(GO) tool -modfile=tools/go.mod staticcheck ./...

generate: node ## make generated files again: templ code, browser assets, docs
	$(GO) generate ./...
	$(GO) tool templ generate
	$(GO) run ./cmd/assets

verify: generate ## fail when a committed generated file is not current
	@git diff --exit-code --stat -- '*_templ.go' static docs hog views/assets || { echo "generated files are not current: commit what 'make generate' made"; exit 1; }

update: ## rewrite the golden sections of test scripts
	HOGPEN_UPDATE=1 $(GO) test ./hog/... ./templates/...

browser: ## install Chromium when it is not there (Debian)
	@command -v chromium >/dev/null || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core; }

node: node_modules/.stamp ## install the packages that assets and SDK tests need
node_modules/.stamp: package.json package-lock.json
	npm ci --no-audit --no-fund
	@touch $@

clean: ## remove what can be made again
	rm -rf bin artifacts
