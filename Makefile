# SPDX-License-Identifier: AGPL-3.0-or-later
# SEM: `make run` gives a living demo network, `make test` checks everything.
# Variables: V=1 shows the commands, BUILD= another build folder, CC= another compiler,
# SAN=address,undefined (or thread) builds with sanitizers into a folder of its own.

ifeq ($(origin CC),default)
CC := gcc
endif
PYTHON  ?= /usr/bin/python3
PREFIX  ?= /usr/local
SAN     ?=
BUILD   ?= build$(if $(SAN),/san-$(subst $(comma),-,$(SAN)))
CFLAGS  ?= -O2 -g
comma   := ,

override CFLAGS += -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Wshadow -Wundef -Wmissing-prototypes \
	-Wstrict-prototypes -Wconversion -Wvla -Wformat=2 -Werror -fno-common -pthread -I. -I$(BUILD)
ifneq ($(SAN),)
override CFLAGS  += -fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all -O1 -DSANITIZED
override LDFLAGS += -fsanitize=$(SAN)
endif
override LDFLAGS += -pthread
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' '$(1)' '$(2)')

# The store is the only part that needs LMDB; semctl must link without it.
LIB_SRC  := $(wildcard crypto/*.c policies/*.c ledger/*.c ledger/kinds/*.c)
API_SRC  := $(wildcard api/*.c)
CLI_SRC  := $(wildcard cli/*.c)
obj       = $(patsubst %.c,$(BUILD)/%.o,$(1))
LIB       := $(BUILD)/libsem.a
LIBS      := -lsodium -lnettle -ljansson
SEMD_LIBS := $(LIBS) -llmdb -lmicrohttpd -lcurl -lunistring -lz
CTL_LIBS  := $(LIBS) -lcurl -lmicrohttpd -lunistring

.PHONY: all deps run test lint san tsan crash soak bench install clean
all: $(BUILD)/semd $(BUILD)/semctl

deps:
	$(Q)deploy/install-deps

$(LIB): $(call obj,$(LIB_SRC))
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/semd: $(call obj,$(API_SRC)) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(SEMD_LIBS)

# Files that the assembler puts into the program.
$(BUILD)/api/assets.o: api/openapi.json api/index.html

$(BUILD)/semctl: $(call obj,$(CLI_SRC)) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(CTL_LIBS)

$(BUILD)/%.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

# One test program per folder; Criterion runs each test in a process of its own. What a room tests
# outside the library, its program links as well.
ROOM_api    := $(filter-out api/main.c,$(API_SRC))
ROOM_cli    := $(filter-out cli/main.c,$(CLI_SRC))
ROOM_ledger := $(wildcard tests/model/*.c)
ROOM_soak   := $(wildcard tests/model/*.c tests/ledger/history_*.c)
TEST_ROOMS := $(sort $(patsubst tests/%/,%,$(dir $(wildcard tests/*/test_*.c))))
TEST_BINS  := $(TEST_ROOMS:%=$(BUILD)/tests/test-%)
.SECONDEXPANSION:
$(BUILD)/tests/test-%: $$(call obj,$$(sort $$(wildcard tests/$$*/*.c)) $$(ROOM_$$*)) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(SEMD_LIBS) -lcriterion

# The crash tests run the driver under a shared object that sees what it does with files.
CRASH_PROGRAMS := $(addprefix $(BUILD)/tests/crash-,driver check shim.so)
$(BUILD)/tests/crash-shim.so: tests/crash/shim.c
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -fPIC -shared $(LDFLAGS) -o $@ $<

$(BUILD)/tests/soak-slow.so: tests/soak/preload/slow.c
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -fPIC -shared $(LDFLAGS) -o $@ $<

$(BUILD)/tests/crash-%: $(BUILD)/tests/crash/%.o $(BUILD)/tests/crash/play.o $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) -llmdb

.PHONY: crash-programs
crash-programs: $(CRASH_PROGRAMS) $(BUILD)/tests/soak-slow.so $(BUILD)/semd

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

# Checking. Sanitized builds live beside the normal build, in folders of their own.
JOBS         ?= $(shell nproc)
SAN_BUILD    := $(BUILD)/san-address-undefined
TSAN_BUILD   := $(BUILD)/san-thread
RUN_TESTS     = $(Q)BUILD=$(BUILD) PYTHON=$(PYTHON) tests/run
# As many jobs as there are cores, unless the caller has said otherwise with -j.
SUBMAKE       = $(Q)+$(MAKE) --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$(JOBS))
# The other compiler, so that its warnings are held as well.
SAN_MAKE      = $(SUBMAKE) CC=clang SAN=address,undefined BUILD=$(SAN_BUILD) all test-programs

.PHONY: test-programs
# Objects of tests are made by a chain of patterns; make would delete them after each link.
.SECONDARY:
test-programs: $(TEST_BINS)

# RUN_STARTED is when make began to read, so that the time to the first page counts all of it.
run: export RUN_STARTED := $(shell date +%s)
run:
	$(Q)deploy/install-deps run
	$(SUBMAKE) all
	$(Q)BUILD=$(BUILD) deploy/run

test: deps
	$(SUBMAKE) all test-programs crash-programs
	$(SAN_MAKE)
	$(RUN_TESTS)

lint:
	$(Q)BUILD=$(BUILD) $(PYTHON) deploy/lint

san: deps
	$(SUBMAKE) crash-programs
	$(SAN_MAKE)
	$(RUN_TESTS) san python

# The writer and its queue are where threads meet.
tsan: deps
	$(SUBMAKE) SAN=thread BUILD=$(TSAN_BUILD) $(TSAN_BUILD)/tests/tsan-ledger
	$(RUN_TESTS) tsan

# Thousands of power cuts and a failing disk; the suites crash/crash and crash/trouble try fewer.
crash: deps
	$(SUBMAKE) crash-programs
	$(Q)BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 $(PYTHON) tests/crash/run.py $(CRASH_ARGS)

# Without end, or for SOAK_ARGS="--minutes N": simulations, kills, stops and clients by the hundred
# thousand; the suites c/soak and soak/load do a little of each.
soak: deps
	$(SUBMAKE) all crash-programs $(BUILD)/tests/test-soak
	$(Q)BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 $(PYTHON) tests/soak/run.py $(SOAK_ARGS)

# Criterion's own runner cannot start under ThreadSanitizer; tests/house/tsan_main.c says why.
$(BUILD)/tests/tsan-%: $$(call obj,$$(sort $$(wildcard tests/$$*/*.c)) $$(ROOM_$$*) \
		tests/house/tsan_main.c) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(SEMD_LIBS) -lcriterion

# The bare server runs on the loops of semd.
BENCH_SRC := $(wildcard bench/*.c) $(addprefix api/,clock.c conns.c doorman.c loop.c)
$(BUILD)/bench/sem-bench: $(call obj,$(BENCH_SRC)) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(SEMD_LIBS)

bench: deps
	$(SUBMAKE) all $(BUILD)/bench/sem-bench
	$(Q)BUILD=$(BUILD) bench/run

install: all
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(BUILD)/semd $(BUILD)/semctl $(DESTDIR)$(PREFIX)/bin
	$(Q)if test -f deploy/skills.json; then set -x; \
		install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/sem deploy/skills.json; fi

# The demo network in var/ is data and stays.
clean:
	rm -rf $(BUILD)
