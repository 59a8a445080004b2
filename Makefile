# vitald: `make demo` and `make test` do everything from a fresh checkout on; the rest is below.
#
#   make demo       two simulated people on virtual sensors, no hardware
#   make test       everything that must hold
#   make test-ble   Bluetooth: the daemon in a virtual machine, against an independent Bluetooth stack (4 minutes)
#   make soak-ble   the same for long, with faults (SOAK_MINUTES=20)
#   make soak       the store's tests for long: 500 kills, 1500 damaged stores, 10 000 power cuts (30 minutes)
#   make release    the optimised program, .build/release/vitald
#   make install    as root: PREFIX (/usr/local), DESTDIR (for packages)
#   make check      profiles and rules with the tests inside them
#   make bench      how fast this machine runs the path, the decoders, the store, links and kernels (SECONDS_EACH=2)
#   make bench-store  the store beside plain SQLite rows, DuckDB and VictoriaMetrics, same samples, same disk (10 minutes)
#   make fuzz       foreign bytes for decoders and parsers, guided by coverage, FUZZ_SECONDS (60) each
#   make format     formats all Swift files
#   make clean      removes what was built

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := release
.PHONY: demo test test-ble soak-ble soak release install check bench bench-store fuzz format lint unit-tests sandbox clean deps

# The CPU to build for: this one. Packages for others leave it empty (`make MARCH=`) or name a level (`x86-64-v3`).
MARCH ?= native
PREFIX ?= /usr/local
DESTDIR ?=
SYSCONFDIR ?= /etc
# How long `make bench` measures each figure, at least.
SECONDS_EACH ?= 2
# Where systemd and udev look for what was not packaged by the distribution; a package says /usr/lib.
UNITDIR ?= $(if $(filter /usr,$(PREFIX)),/usr/lib,$(SYSCONFDIR))

# The flag for C also sets the code generation of Swift (-Xcc, not -target-cpu). math-errno keeps sqrt from becoming one
# instruction. The runtime is linked in: the service must not reach into whoever's home the toolchain lies in.
RELEASE := -c release --product vitald --static-swift-stdlib \
	$(if $(MARCH),-Xcc -march=$(MARCH)) -Xcc -fno-math-errno
VITALD := .build/release/vitald
SWIFT_FILES := Sources Tests Package.swift

# A crash must end in an exit status, not in a debugger that waits for a terminal.
export SWIFT_BACKTRACE := enable=no

demo: release
	$(VITALD) demo

test: lint release unit-tests check sandbox
	@echo "All tests passed."

# The CPU that is emulated knows AVX2, but not AVX-512: where this machine is built for, the guest gets a build of its own.
VM_MARCH := $(if $(filter native,$(MARCH)),x86-64-v3,$(MARCH))
VM_BUILD := .build$(if $(filter native,$(MARCH)),/guest)

test-ble soak-ble: deps
	swift build --scratch-path $(VM_BUILD) $(subst $(MARCH),$(VM_MARCH),$(RELEASE))
	Tests/VirtualMachine/run $(patsubst %-ble,%,$@) $(VM_BUILD)/release/vitald

deps:
	@.ci/deps

release: deps
	swift build $(RELEASE)

lint:
	swift format lint --strict --recursive $(SWIFT_FILES)

# Tests that speak to real ports, processes and clocks run by themselves, not starved by the others.
REAL_TIME := ^(LinksTests|SimulatorTests|EndToEndTests)\.

# Debug builds: their checks for overflow and bounds are what tests want. Those that time or kill the program drive the
# release build.
unit-tests: deps release
	swift build --build-tests
	timeout --kill-after=10 1200 swift test --skip-build --skip '$(REAL_TIME)'
	timeout --kill-after=10 600 swift test --skip-build --filter '$(REAL_TIME)'

soak: deps
	swift build --build-tests
	VITALD_SOAK=1 timeout --kill-after=10 7200 swift test --skip-build --filter '^StorageTests\.'

check: release
	$(VITALD) check

sandbox:
	.ci/sandbox systemd/vitald.service

# The preloaded counter tells allocations; `-` before the peer: a machine without Python has no peer, but figures.
bench: release
	clang -O2 -shared -fPIC -o .build/allocations.so Benchmarks/allocations.c
	@for area in pipeline decode store links; do echo; \
		LD_PRELOAD=$(CURDIR)/.build/allocations.so $(VITALD) bench $$area --format table --seconds $(SECONDS_EACH); done
	-@Benchmarks/sqlite_rows.py
	@echo; peers=$$(Benchmarks/peers.sh) || echo "No peers: the kernels are measured alone."; \
		$(VITALD) bench kernels --format markdown --seconds $(SECONDS_EACH) \
			$${peers:+--peers "'$$peers' '$(CURDIR)/Benchmarks/kernel_peers.py'"}

# A peer that is not there is left out, and said so.
bench-store: release
	@peers=$$(Benchmarks/peers.sh) || echo "No peers: the store is measured alone."; \
		export VICTORIA_METRICS=$$(Benchmarks/victoria.sh); \
		$(VITALD) bench store --format markdown --seconds $(SECONDS_EACH) --days 365 \
			$${peers:+--peers "'$$peers' '$(CURDIR)/Benchmarks/store_peers.py'"}

# libFuzzer comes with the toolchain. `Tests/Fuzz/fuzz merge` takes what was learned into the corpus that `make test` replays.
fuzz:
	@Tests/Fuzz/fuzz

format:
	swift format --in-place --recursive $(SWIFT_FILES)

clean:
	rm -rf .build

# Builds first, save as root where a build is there: `sudo` has no toolchain in its PATH, and must not own build files.
install:
	@if (( EUID != 0 )) || [[ ! -x $(VITALD) ]]; then $(MAKE) release; fi
	install -D -m 755 $(VITALD) "$(DESTDIR)$(PREFIX)/bin/vitald"
	install -d "$(DESTDIR)$(PREFIX)/share/vitald/DeviceProfiles" "$(DESTDIR)$(PREFIX)/share/vitald/Rules"
	install -m 644 DeviceProfiles/*.json5 "$(DESTDIR)$(PREFIX)/share/vitald/DeviceProfiles"
	install -m 644 Rules/*.json5 "$(DESTDIR)$(PREFIX)/share/vitald/Rules"
	install -d "$(DESTDIR)$(UNITDIR)/systemd/system" "$(DESTDIR)$(SYSCONFDIR)/vitald"
	sed 's|/usr/local/|$(PREFIX)/|; s|--config /etc/|--config $(SYSCONFDIR)/|' systemd/vitald.service \
		> "$(DESTDIR)$(UNITDIR)/systemd/system/vitald.service"
	chmod 644 "$(DESTDIR)$(UNITDIR)/systemd/system/vitald.service"
	install -D -m 644 systemd/vitald.sysusers "$(DESTDIR)$(UNITDIR)/sysusers.d/vitald.conf"
	install -D -m 644 systemd/vitald.tmpfiles "$(DESTDIR)$(UNITDIR)/tmpfiles.d/vitald.conf"
	install -D -m 644 systemd/60-vitald-serial.rules "$(DESTDIR)$(UNITDIR)/udev/rules.d/60-vitald-serial.rules"
	@config="$(DESTDIR)$(SYSCONFDIR)/vitald/vitald.json5"; new=$$config.new; \
		sed 's|/usr/local/|$(PREFIX)/|' systemd/vitald.example.json5 > "$$new"; chmod 640 "$$new"; \
		if [[ ! -e $$config ]]; then mv "$$new" "$$config"; elif cmp -s "$$config" "$$new"; then rm "$$new"; \
		else echo "Kept $$config; the example of this version is $$new"; fi
	@if [[ -z "$(DESTDIR)" && -d /run/systemd/system ]]; then \
		systemd-sysusers vitald.conf; systemd-tmpfiles --create vitald.conf; \
		systemctl daemon-reload; udevadm control --reload; udevadm trigger --subsystem-match=tty; \
		echo "Edit the configuration, then: systemctl enable --now vitald"; \
	fi
