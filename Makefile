# `make run` serves an example without a cluster, `make test` runs everything. Go, make, git and gcc are all they need:
# the linters and the control plane are built from Go modules too, the first time.

SHELL             := /bin/bash
.SHELLFLAGS       := -euo pipefail -c
export TIMEFORMAT := ==> done in %0R s

MODULES   := . cmd/coredns examples/ownstep test/bench test/e2e tools
LINTER    := go tool -modfile=$(CURDIR)/tools/go.mod golangci-lint
BENCHSTAT := go tool -modfile=$(CURDIR)/tools/go.mod benchstat
FUZZTIME  ?= 30s
BENCH     ?= .
BASE      ?= HEAD^
COUNT     ?= 6
PACKAGE   ?= ./...
PARTS     ?= queries,changes,memory
IMAGE     ?= headless-dns:dev
ARCH      ?= $(shell go env GOARCH)

# $(call step,WHAT) COMMAND says what it does and how long that took.
step = @echo "==> $(1)"; time

.PHONY: help build image run test unit e2e test-versions lint vulnerabilities fuzz bench bench-micro bench-beside bench-compare

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build the ready-made CoreDNS: bin/coredns
	$(call step,build bin/coredns (minutes the first time)) go build -C cmd/coredns -o "$(CURDIR)/bin/coredns" .

image: ## an image for containers called IMAGE (headless-dns:dev), for ARCH (this machine's): bin/image.tar
	$(call step,build a static CoreDNS for linux/$(ARCH) (minutes the first time)) \
	  env CGO_ENABLED=0 GOOS=linux GOARCH='$(ARCH)' go build -C cmd/coredns -trimpath -ldflags '-s -w' -o "$(CURDIR)/bin/static/coredns" .
	$(call step,bin/image.tar) go run -C tools ./image -binary "$(CURDIR)/bin/static/coredns" -tag '$(IMAGE)' -output "$(CURDIR)/bin/image.tar"

run: build ## serve examples/quickstart on 127.0.0.1:1053, no cluster needed
	@printf '\n    Try: dig @127.0.0.1 -p 1053 mariadb.default.svc.test.com\n\n'
	@exec bin/coredns -conf examples/quickstart/Corefile

test: lint vulnerabilities unit e2e ## everything: linters, unit tests, scenarios, a real control plane

# Without go test's own vet: it is among the linters.
unit: ## unit tests and in-process scenarios, with the race detector; laws and models also at length without it
	$(call step,test the plugin: laws and models at length) go test -vet=off . ./policy ./clients ./internal/...
	$(call step,test the plugin with the race detector: units and scenarios) go test -vet=off -race -short ./...
	$(call step,test the ready-made CoreDNS and the README's examples) go test -C cmd/coredns -vet=off -race ./...
	$(call step,test a CoreDNS with a step of one's own) go test -C examples/ownstep -vet=off ./...
	$(call step,test what makes the image) go test -C tools -vet=off ./image

e2e: ## scenarios against a real control plane, which is built first, and a CoreDNS with the race detector
	$(call step,test against a real control plane) go test -C test/e2e -vet=off -count=1 -timeout 30m

test-versions: ## the releases of CoreDNS and the old Kubernetes that the README names (long)
	@test/versions/run.sh

lint: ## gofmt, vet and the other linters over all modules
	$(call step,gofmt) gofmt -d .
	$(call step,build the linters (minutes the first time)) $(LINTER) version
	@for module in $(MODULES); do echo "==> lint $$module"; time (cd $$module; $(LINTER) run ./...); done

vulnerabilities: ## known vulnerabilities that the ready-made CoreDNS can reach, if a database can be had
	$(call step,govulncheck) tools/vulnerabilities.sh cmd/coredns

fuzz: ## every fuzz target of the plugin, each for FUZZTIME (30s)
	@go list -f '{{.Dir}}' ./... | while read -r dir; do \
	  for target in $$(cat $$dir/*_test.go 2>/dev/null | sed -n 's/^func \(Fuzz[A-Za-z0-9]*\).*/\1/p'); do \
	    echo "==> $$target in $$dir for $(FUZZTIME)"; \
	    go test -C $$dir -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x .; \
	  done; \
	done

bench: bench-micro bench-beside ## all that is measured

bench-micro: ## microbenchmarks, headless beside kubernetes, a large cluster: those that match BENCH (all)
	$(call step,benchmarks of the plugin) go test -run '^$$' -bench '$(BENCH)' -benchmem ./...
	$(call step,headless beside kubernetes) go test -C test/bench -run '^$$' -bench '$(BENCH)' -benchmem -timeout 1h

bench-beside: build ## beside kubernetes, file and whoami on a real API server: PARTS (all), QUICK=1 for less. Needs dnsperf
	$(call step,plugins side by side (results in test/bench/results)) \
	  go run -C test/bench ./beside -coredns "$(CURDIR)/bin/coredns" -parts $(PARTS) $(if $(QUICK),-quick)

bench-compare: ## microbenchmarks now beside those of BASE (HEAD^): those that match BENCH in PACKAGE, COUNT times
	@test/compare.sh '$(BASE)' '$(BENCH)' '$(PACKAGE)' '$(COUNT)' $(BENCHSTAT)
