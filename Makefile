# Every target works on a clean clone. Needed: the .NET SDK that global.json names, and Node.js 20 with npm.
SHELL := /bin/bash
CONFIGURATION ?= Release
SERVER := src/Runbooks.Server/bin/$(CONFIGURATION)/net10.0/Runbooks.Server.dll
BUILD := dotnet build -c $(CONFIGURATION) -v quiet --nologo

.DEFAULT_GOAL := help
.PHONY: help sdk build run test test-xen soak breakages bench bench-engine bench-planning bench-migration bench-studio pictures lint clean

help:
	@echo "make run    builds and starts the server with a simulated fleet: http://127.0.0.1:5080"
	@echo "make lab    three real hosts with six guests, and the server against them; make lab-stop ends them"
	@echo "make lab-xen  two real Xen machines and a libvirt host with guests, and the server against them; make lab-stop"
	@echo "make demo   consolidates real hosts of its own, checks the hosts, cleans up, prints one line of JSON"
	@echo "make test   installs what the tests need and runs all of them"
	@echo "make test-xen  the Xen driver on two real, emulated Xen machines; takes longer than the rest"
	@echo "make soak   plays simulations from seeds: SEEDS=10000 FROM=1, or one with its trace: SEED=123"
	@echo "make breakages  breaks the engine on purpose and expects the tests to notice"
	@echo "make bench  measures the engine against the same database's own speed; one line of JSON per case"
	@echo "make bench-planning  measures planner, simulator and forecasts; with traces: ARGS=\"--data FOLDER\""
	@echo "make bench-migration  measures migrations between real hosts of its own; needs what 'make lab' needs"
	@echo "make bench-studio  measures what the designer costs: bytes, times, requests"
	@echo "make pictures  draws the shipped runbooks in the designer, for docs/runbooks"
	@echo "make build  builds the server and the command line, bin/runbooks"
	@echo "make lint   checks formatting and analyzers"
	@echo "make clean  removes what was built; data in var/ stays"

sdk:
	@deploy/build/check-sdk

# The analyzers belong to 'make lint' and 'make test'; a newcomer need not wait for them.
build: sdk
	@echo "Building..."
	@$(BUILD) -p:RunAnalyzers=false src/Runbooks.Server
	@$(BUILD) -p:RunAnalyzers=false src/Runbooks.Cli
	@deploy/build/write-launcher "$(CONFIGURATION)"

# The shell is replaced by the server, so that Ctrl-C reaches it and nothing else.
run: build
	@exec dotnet $(SERVER) $(ARGS)

test: sdk
	@deploy/test/run $(TESTS)

# The whole suite; 'make test' plays only whole runs, because an emulated Xen machine takes minutes for what a real one does in a second.
test-xen: sdk
	@deploy/test/run LabXen

# Any number of simulations of the whole engine with faults; prints the seeds that fail. One seed: its trace.
SEEDS ?= 10000
FROM ?= 1
soak: sdk
	@$(BUILD) -p:RunAnalyzers=false tests/Runbooks.Faults
	@dotnet tests/Runbooks.Faults/bin/$(CONFIGURATION)/net10.0/Runbooks.Faults.dll $(if $(SEED),--seed $(SEED),--seeds $(SEEDS) --from $(FROM))
# The test of the tests: breaks the engine on purpose, one way after another, and expects red tests each time.
breakages: sdk
	@tests/breakages/run $(BREAKAGES)

# All benchmarks. Their results are lines of JSON on stdout; everything else goes to stderr.
bench: bench-engine bench-planning bench-studio

bench-engine: sdk
	@$(BUILD) -p:RunAnalyzers=false bench/Runbooks.Bench >&2
	@exec dotnet bench/Runbooks.Bench/bin/$(CONFIGURATION)/net10.0/Runbooks.Bench.dll $(ARGS)

# Planner, simulator and forecasts: needs no database. Traces are yours to bring: ARGS="--data FOLDER".
bench-planning: sdk
	@$(BUILD) -p:RunAnalyzers=false bench/Runbooks.Bench >&2
	@exec dotnet bench/Runbooks.Bench/bin/$(CONFIGURATION)/net10.0/Runbooks.Bench.dll planning $(ARGS)

# Starts real hosts of its own, and ends them: see docs/lab.md for what that needs. Not a part of 'make bench'.
bench-migration: sdk
	@$(BUILD) -p:RunAnalyzers=false bench/Runbooks.Bench >&2
	@exec dotnet bench/Runbooks.Bench/bin/$(CONFIGURATION)/net10.0/Runbooks.Bench.dll migration $(ARGS)

bench-studio: sdk
	@$(BUILD) -p:RunAnalyzers=false bench/Runbooks.Bench.Studio >&2
	@dotnet bench/Runbooks.Bench.Studio/bin/$(CONFIGURATION)/net10.0/Runbooks.Bench.Studio.dll

# Draws the shipped runbooks in the real designer, for their pages.
pictures: sdk
	@$(BUILD) -p:RunAnalyzers=false bench/Runbooks.Bench.Studio
	@dotnet bench/Runbooks.Bench.Studio/bin/$(CONFIGURATION)/net10.0/Runbooks.Bench.Studio.dll --pictures docs/images/runbooks

# The build comes first: it restores what the formatter needs to understand the code.
lint: sdk
	$(BUILD) Runbooks.sln
	dotnet format Runbooks.sln --verify-no-changes --no-restore

clean:
	dotnet clean -v quiet --nologo
	rm -rf bin artifacts

include deploy/lab/lab.mk
