# SPDX-License-Identifier: GPL-2.0-or-later
# Everything is built under build/. `make help` lists the targets.
#	V=1	show the commands
#	SAN=1	with AddressSanitizer and UndefinedBehaviorSanitizer, under build/san/
#	TSAN=1	with ThreadSanitizer, under build/tsan/
#	COV=1	with counters of what runs, by clang, under build/cov/
#	FUZZING=1	for the fuzz targets, by clang, with both sanitizers, under build/fuzz/
#	W=1	warnings are errors

VERSION	:= 0.1.0
PREFIX	?= /usr/local
SYSCONFDIR ?= /etc
LIBDIR	?= $(PREFIX)/lib
UNITDIR	?= $(PREFIX)/lib/systemd
UDEVDIR	?= $(PREFIX)/lib/udev

CLANG	?= clang
ifneq ($(COV)$(FUZZING),)
override CC := $(CLANG)
else ifeq ($(origin CC),default)
CC	:= gcc
endif
# For a make of its own; a CC that was given, as "ccache gcc", is not for that one.
BY_CLANG = CC='$(strip $(filter ccache,$(CC)) $(CLANG))'
BPFTOOL	?= $(firstword $(wildcard /usr/sbin/bpftool /usr/local/sbin/bpftool) bpftool)
PKG_CONFIG ?= pkg-config
OBJCOPY	?= objcopy
ARCH_INCLUDE := /usr/include/$(shell $(CC) -print-multiarch 2>/dev/null)

comma	:= ,
B	:= build$(if $(SAN),/san)$(if $(TSAN),/tsan)$(if $(COV),/cov)$(if $(FUZZING),/fuzz)
Q	:= $(if $(V),,@)
say	= $(if $(V),,@printf '  %-8s%s\n' '$(1)' '$(patsubst build/%,%,$@)')

PKGS	:= libbpf libnl-3.0 libmnl libsystemd json-c
pkg-cflags = $(shell $(PKG_CONFIG) --cflags $(1) 2>/dev/null)
pkg-libs   = $(shell $(PKG_CONFIG) --libs $(1) 2>/dev/null)

WARN	:= -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes -Wshadow -Wformat=2 -Wno-unused-parameter \
	   -Wno-missing-field-initializers $(if $(W),-Werror) \
	   $(if $(COV)$(FUZZING),-Wno-gnu-variable-sized-type-not-at-end -Wno-format-nonliteral)
SANFLAGS := $(if $(SAN),-fsanitize=address$(comma)undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
SANFLAGS += $(if $(TSAN),-fsanitize=thread -fno-omit-frame-pointer)
SANFLAGS += $(if $(FUZZING),-fsanitize=fuzzer-no-link$(comma)address$(comma)undefined \
	    -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
SANFLAGS += $(if $(COV),-fprofile-instr-generate -fcoverage-mapping)
# The counters are in the profile's file itself, so that what is killed has counted.
COVFLAGS := $(if $(COV),-mllvm -runtime-counter-relocation)
OPT	?= -O2
CFLAGS	?= $(OPT) -g
CPPFLAGS := -D_GNU_SOURCE -DVNET_VERSION='"$(VERSION)"' -DVNET_SYSCONFDIR='"$(SYSCONFDIR)"' -Iinclude -I$(B)
ALL_CFLAGS = -std=gnu11 -fvisibility=hidden -fPIC -fstack-protector-strong $(if $(SAN)$(TSAN)$(FUZZING),,-D_FORTIFY_SOURCE=2) \
	     $(CFLAGS) $(SANFLAGS) $(COVFLAGS) $(WARN) $(CPPFLAGS) $(call pkg-cflags,$(PKGS)) -MMD -MP
ALL_LDFLAGS = $(LDFLAGS) $(SANFLAGS) -Wl,-z,relro,-z,now

BPF_CFLAGS := -target bpf -mcpu=v3 -g -O2 -Wall -Wextra -Ibpf -I$(ARCH_INCLUDE) -MMD -MP $(if $(W),-Werror)

# Sources are found by folder; each folder is one product.
objs	= $(patsubst %.c,$(B)/%.o,$(1))
DAEMON_SRC := $(filter-out daemon/main.c,$(wildcard daemon/*.c))
LIB_SRC	:= $(wildcard lib/*.c)
CLI_SRC	:= $(filter-out cli/main.c,$(wildcard cli/*.c))
UNIT	:= $(patsubst %.c,$(B)/%,$(wildcard tests/unit/test_*.c))
UNIT_HELP := $(call objs,$(filter-out $(wildcard tests/unit/test_*.c),$(wildcard tests/unit/*.c)))
BPFTEST	:= $(patsubst %.c,$(B)/%,$(wildcard tests/bpf/test_*.c))
BPFTEST_HELP := $(call objs,$(filter-out $(wildcard tests/bpf/test_*.c tests/bpf/*.bpf.c),$(wildcard tests/bpf/*.c)))
# Each file is a program; provider_*.c are parts of one.
TOOLS	:= $(patsubst %.c,$(B)/%,$(filter-out tests/tools/provider_%,$(wildcard tests/tools/*.c)))
PROVIDER := $(B)/tests/tools/provider
OLDMAPS	:= $(B)/tests/tools/oldmaps
FLOWOPEN := $(B)/tests/tools/flowopen
FUZZ	:= $(patsubst %.c,$(B)/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_RUNS := $(patsubst tests/fuzz/fuzz_%.c,build/short/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
BENCH	:= $(addprefix $(B)/tests/bench/,udp rtt frames supply xskcount)
EXAMPLES := $(patsubst %.c,$(B)/%,$(wildcard examples/vnet-*.c))
EXAMPLES_HELP := $(call objs,$(filter-out $(wildcard examples/vnet-*.c),$(wildcard examples/*.c)))

SKEL	:= $(B)/bpf/vnet.skel.h
IDL	:= $(B)/daemon/interface.h
SO	:= libvnet.so.0

.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:
.PHONY: all deps deb install demo test check selftest tools bpftest vmtest bench bench-build soak fuzz coverage mutate lint sanitize clean help

all: $(B)/vnetd $(B)/vnetctl $(B)/$(SO) $(B)/static/libvnet.a $(EXAMPLES)

help:
	@sed -n 's/^#	/  /p' Makefile
	@echo 'targets: all deps deb install demo test check bpftest selftest vmtest bench soak fuzz coverage mutate lint sanitize clean'

# --- the data path ---

$(B)/bpf/vnet.bpf.o: bpf/vnet.bpf.c
	$(call say,BPF)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MF $(@:.o=.d) -c $< -o $@

$(SKEL): $(B)/bpf/vnet.bpf.o
	$(call say,SKEL)
	$(Q)$(BPFTOOL) gen skeleton $< name vnet_bpf > $@

# --- the interface description, as a C string ---

$(IDL): daemon/io.vnetd.Control.varlink
	$(call say,GEN)
	@mkdir -p $(@D)
	$(Q){ echo 'static const char interface_description[] ='; \
		sed 's/\\/\\\\/g; s/"/\\"/g; s/.*/	"&\\n"/' $<; echo ';'; } > $@

# --- C ---

$(B)/%.o: %.c | $(SKEL) $(IDL)
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -c $< -o $@

define archive
	$(call say,AR)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && $(AR) rcs $@ $^
endef

define link
	$(call say,LD)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(1)
endef

$(B)/libvnetd.a: $(call objs,$(DAEMON_SRC))
	$(archive)
$(B)/libvnet.a: $(call objs,$(LIB_SRC))
	$(archive)
$(B)/libvnetctl.a: $(call objs,$(CLI_SRC))
	$(archive)

# What is installed: one object whose inner names, unlike those of libvnet.a, no program can meet.
$(B)/static/vnet.o: $(call objs,$(LIB_SRC))
	$(call say,LD)
	@mkdir -p $(@D)
	$(Q)$(CC) -r -nostdlib -o $@ $^ && $(OBJCOPY) --localize-hidden $@
$(B)/static/libvnet.a: $(B)/static/vnet.o
	$(archive)

SO_FLAGS := -shared -Wl,-soname,$(SO) -Wl,--version-script=lib/libvnet.map
$(B)/$(SO): $(call objs,$(LIB_SRC)) lib/libvnet.map
	$(call link,$(SO_FLAGS) $(call pkg-libs,json-c))

$(B)/vnetd: $(B)/daemon/main.o $(B)/libvnetd.a
	$(call link,$(call pkg-libs,$(PKGS)) -lm)
$(B)/vnetctl: $(B)/cli/main.o $(B)/libvnetctl.a $(B)/libvnet.a
	$(call link,$(call pkg-libs,json-c))

$(EXAMPLES): %: %.o $(EXAMPLES_HELP) $(B)/libvnet.a
	$(call link,$(call pkg-libs,json-c) -lpthread -lm $(LIBS_$(notdir $@)))
LIBS_vnet-pcap = $(call pkg-libs,libpcap)
LIBS_vnet-flow-record = $(call pkg-libs,libpcap)

# --- tests ---

$(UNIT): %: %.o $(UNIT_HELP) $(B)/libvnetctl.a $(B)/libvnetd.a $(B)/libvnet.a
	$(call link,$(call pkg-libs,check $(PKGS)) -lm)
$(BPFTEST): %: %.o $(BPFTEST_HELP) $(B)/libvnetd.a
	$(call link,$(call pkg-libs,check $(PKGS)) -lm)
$(filter-out $(PROVIDER) $(OLDMAPS) $(FLOWOPEN),$(TOOLS)): %: %.o
	$(call link,-lpthread)
$(OLDMAPS): %: %.o
	$(call link,$(call pkg-libs,libbpf))
$(FLOWOPEN): %: %.o $(B)/libvnet.a
	$(call link,$(call pkg-libs,json-c) -lpthread)
$(PROVIDER): $(call objs,$(wildcard tests/tools/provider*.c)) $(B)/libvnet.a
	$(call link,$(call pkg-libs,json-c) -lpthread)

# The programs that the bench itself runs.
$(B)/tests/bench/frames.bpf.o: tests/bench/frames.bpf.c
	$(call say,BPF)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MF $(@:.o=.d) -c $< -o $@
$(B)/tests/bench/frames.skel.h: $(B)/tests/bench/frames.bpf.o
	$(call say,SKEL)
	$(Q)$(BPFTOOL) gen skeleton $< name frames_bpf > $@

# Programs beside the one under test: one that stands before it, and those of an old release.
$(B)/tests/bpf/%.bpf.o: tests/bpf/%.bpf.c
	$(call say,BPF)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MF $(@:.o=.d) -c $< -o $@
$(B)/tests/bpf/%.skel.h: $(B)/tests/bpf/%.bpf.o
	$(call say,SKEL)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf > $@
$(B)/tests/bpf/world_tag.o: | $(B)/tests/bpf/tag.skel.h
$(B)/tests/bpf/test_headers.o: | $(B)/tests/bpf/headers.skel.h
$(OLDMAPS).o: | $(B)/tests/bpf/old.skel.h

FRAMES := $(call objs,$(filter-out %.bpf.c,$(wildcard tests/bench/frames*.c)))
$(FRAMES): | $(B)/tests/bench/frames.skel.h
$(B)/tests/bench/frames: $(FRAMES)
	$(call link,$(call pkg-libs,libbpf))
$(B)/tests/bench/udp $(B)/tests/bench/rtt: %: %.o
	$(call link)
$(B)/tests/bench/supply: %: %.o $(B)/libvnet.a
	$(call link,$(call pkg-libs,json-c))
$(B)/tests/bench/xskcount: %: %.o $(B)/libvnet.a
	$(call link,$(call pkg-libs,json-c libbpf) -lpthread)

# The kernel's and vnetd's ends of the sockets are a target's own; what it wraps is in its file.
fuzz-wraps = $(shell sed -n 's|^/\* wraps: \(.*\) \*/$$|\1|p' tests/fuzz/$(notdir $(1)).c)
$(FUZZ): %: %.o $(B)/tests/fuzz/fuzz.o $(UNIT_HELP) $(B)/libvnetctl.a $(B)/libvnetd.a $(B)/libvnet.a
	$(call link,-fsanitize=fuzzer $(addprefix -Wl$(comma)--wrap=,$(call fuzz-wraps,$@)) \
		$(call pkg-libs,$(PKGS)) -lpthread -lm)
# The kernel in memory and the oracles are not what is looked for ways in.
ifneq ($(FUZZING),)
$(filter-out %/walk.o,$(UNIT_HELP)): SANFLAGS :=
$(filter-out %/walk.o,$(UNIT_HELP)): override OPT := -O2
endif
fuzz-build: $(FUZZ)
# Short runs, for tests/run, which names its logs by them.
$(FUZZ_RUNS): build/short/fuzz/%: tests/fuzz/run
	$(Q)mkdir -p $(@D)
	$(Q)printf '#!/bin/sh\nexec "%s" --build "%s/build/fuzz" --short %s\n' '$(CURDIR)/tests/fuzz/run' '$(CURDIR)' $* > $@
	$(Q)chmod +x $@

deps:
	$(Q)tests/deps

check: $(UNIT)
	$(Q)tests/run --build $(B) $(UNIT)
bpftest: $(BPFTEST)
	$(Q)tests/run --build $(B) $(BPFTEST)
tools: $(TOOLS)
selftest: all $(TOOLS)
	$(Q)tests/run --build $(B) $(sort $(wildcard tests/selftests/[0-9]*.sh))

# The packages may be missing when make starts, so what needs them runs in a second make.
test:
	$(Q)$(MAKE) --no-print-directory deps
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) test-build $(if $(filter build,$(B)),vm-prepare)
	$(Q)$(MAKE) --no-print-directory test-run
.PHONY: test-build test-run fuzz-build
test-build: all $(UNIT) $(BPFTEST) $(TOOLS) $(FUZZ_RUNS)
	$(Q)! tests/fuzz/run --have || $(MAKE) --no-print-directory $(BY_CLANG) FUZZING=1 SAN= TSAN= COV= OPT=-O1 fuzz-build
test-run:
	$(Q)tests/run --build $(B) $(UNIT) $(BPFTEST) $(FUZZ_RUNS) $(sort $(wildcard tests/selftests/[0-9]*.sh)) $(if $(filter build,$(B)),tests/vm/short)

# A short look at the packages on a real init, in an emulated machine.
vm-prepare:
	$(Q)tests/vm/prepare --build $(B) --version $(VERSION)
.PHONY: vm-prepare

# On Debian 12's own kernel, in emulated machines: tests of the data path, and of the whole system under systemd.
vmtest:
	$(Q)tests/deps build test deb vm
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all $(BPFTEST) $(TOOLS)
	$(Q)packaging/deb --version $(VERSION) $(B)/deb >/dev/null
	$(Q)packaging/deb --version $(VERSION).1 $(B)/vm/next >/dev/null
	$(Q)status=0; tests/vm/run --build $(B) || status=$$?; \
		tests/vm/run-system --build $(B) || status=$$?; exit $$status

# Debian packages, in build/deb.
deb:
	$(Q)tests/deps build deb
	$(Q)packaging/deb --version $(VERSION) build/deb

demo:
	$(Q)$(MAKE) --no-print-directory deps
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all $(TOOLS)
	$(Q)tests/demo --build $(B) $(if $(KEEP),--keep)

bench-build: all $(TOOLS) $(BENCH)
bench:
	$(Q)tests/deps build test bench
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) bench-build
	$(Q)tests/bench/run --build $(B) $(BENCH_OPTIONS)

# HOURS: how long, a fraction as well; SEED: the same one makes the same choices.
HOURS ?= 0.5
soak:
	$(Q)tests/deps build test
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all $(TOOLS)
	$(Q)VNET_BUILD=$(B) tests/soak/run --hours $(HOURS) $(if $(SEED),--seed $(SEED))

# FUZZ_S: how many seconds each of the targets in tests/fuzz/ runs; FUZZ_ONLY: some of them, by name.
# FUZZ_FRAMES: how many random frames the programs and the model are compared on; 0: none.
FUZZ_S ?= 60
FUZZ_FRAMES ?= 100000000
fuzz:
	$(Q)tests/deps build test
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) $(BY_CLANG) FUZZING=1 SAN= TSAN= COV= OPT=-O1 fuzz-build
	$(Q)tests/fuzz/run --build build/fuzz --seconds $(FUZZ_S) $(FUZZ_ONLY)
ifneq ($(FUZZ_FRAMES),0)
	$(Q)$(MAKE) --no-print-directory fuzz-frames
endif
.PHONY: fuzz-frames
fuzz-frames: $(B)/tests/bpf/test_differ
	$(Q)$< --frames $(FUZZ_FRAMES) --round-frames 4000

# COVERAGE: the percentage of branches of daemon/ and lib/ below which it fails.
COVERAGE ?= 85
coverage:
	$(Q)tests/deps build test coverage
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) $(BY_CLANG) COV=1 SAN= TSAN= OPT=-O1 coverage-build
	$(Q)tests/coverage --build build/cov --least $(COVERAGE)
.PHONY: coverage-build
coverage-build: all $(UNIT) $(BPFTEST) $(TOOLS) $(B)/covered

# One object with all functions, for the report: tests link what they need of them.
$(B)/covered: $(B)/daemon/main.o $(call objs,$(DAEMON_SRC) $(LIB_SRC))
	$(call link,$(call pkg-libs,$(PKGS)) -lpthread -lm)

# Faults planted in the data path one by one, each of which the tests have to find.
# MUTATE: words; only faults with one of them.
mutate: $(BPFTEST)
	$(Q)CLANG='$(CLANG)' BPF_CFLAGS='$(filter-out -MMD -MP -W%,$(BPF_CFLAGS))' tests/mutate --build $(B) $(MUTATE)

lint:
	$(Q)tests/lint --build $(B)

sanitize:
	$(Q)tests/sanitize

clean:
	$(Q)rm -rf build

# --- installation ---

BINDIR	:= $(DESTDIR)$(PREFIX)
# The functions that a page is about, which lead to it.
man-names = $(shell sed -n '/^\.Sh NAME/,/^\.Nd/s/^\.Nm \([a-z_]*\).*/\1/p' $(1))
MAN3	:= $(wildcard man/*.3)
man3-links = $(foreach name,$(filter-out $(notdir $(basename $(1))),$(call man-names,$(1))), \
	echo '.so man3/$(notdir $(1))' > $(BINDIR)/share/man/man3/$(name).3 &&)

install: all
	install -d $(BINDIR)/bin $(BINDIR)/sbin $(DESTDIR)$(LIBDIR)/pkgconfig $(BINDIR)/include/vnet \
		$(BINDIR)/share/man/man1 $(BINDIR)/share/man/man3 $(BINDIR)/share/man/man5 $(BINDIR)/share/man/man7 $(BINDIR)/share/man/man8 \
		$(BINDIR)/share/doc/vnet/examples \
		$(BINDIR)/share/bash-completion/completions $(BINDIR)/share/zsh/site-functions \
		$(DESTDIR)$(SYSCONFDIR)/vnet
	install -m 755 $(B)/vnetd $(B)/vnetctl $(BINDIR)/sbin/
	install -m 755 $(EXAMPLES) $(BINDIR)/bin/
	install -m 755 $(B)/$(SO) $(DESTDIR)$(LIBDIR)/
	ln -sf $(SO) $(DESTDIR)$(LIBDIR)/libvnet.so
	install -m 644 $(B)/static/libvnet.a $(DESTDIR)$(LIBDIR)/
	sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|; s|^libdir=.*|libdir=$(LIBDIR:$(PREFIX)/%=$${prefix}/%)|' \
		lib/libvnet.pc.in > $(DESTDIR)$(LIBDIR)/pkgconfig/libvnet.pc
	chmod 644 $(DESTDIR)$(LIBDIR)/pkgconfig/libvnet.pc
	install -m 644 include/vnet/*.h $(BINDIR)/include/vnet/
	install -m 644 man/*.1 $(BINDIR)/share/man/man1/
	install -m 644 man/*.3 $(BINDIR)/share/man/man3/
	$(foreach page,$(MAN3),$(call man3-links,$(page))) chmod 644 $(BINDIR)/share/man/man3/*.3
	install -m 644 man/*.5 $(BINDIR)/share/man/man5/
	install -m 644 man/*.7 $(BINDIR)/share/man/man7/
	install -m 644 man/*.8 $(BINDIR)/share/man/man8/
	install -m 755 examples/libvirt-hook $(BINDIR)/share/doc/vnet/examples/
	install -m 644 completions/vnetctl.bash $(BINDIR)/share/bash-completion/completions/vnetctl
	install -m 644 completions/_vnetctl $(BINDIR)/share/zsh/site-functions/_vnetctl
	$(MAKE) --no-print-directory -f systemd/install.mk DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' \
		UNITDIR='$(UNITDIR)' UDEVDIR='$(UDEVDIR)' install

# The configuration under SYSCONFDIR stays.
uninstall:
	rm -f $(BINDIR)/sbin/vnetd $(BINDIR)/sbin/vnetctl $(addprefix $(DESTDIR)$(LIBDIR)/,$(SO) libvnet.so libvnet.a pkgconfig/libvnet.pc) \
		$(patsubst $(B)/examples/%,$(BINDIR)/bin/%,$(EXAMPLES)) \
		$(patsubst man/%,$(BINDIR)/share/man/man1/%,$(wildcard man/*.1)) \
		$(patsubst %,$(BINDIR)/share/man/man3/%.3,$(foreach page,$(MAN3),$(call man-names,$(page)))) \
		$(patsubst man/%,$(BINDIR)/share/man/man5/%,$(wildcard man/*.5)) \
		$(patsubst man/%,$(BINDIR)/share/man/man7/%,$(wildcard man/*.7)) \
		$(patsubst man/%,$(BINDIR)/share/man/man8/%,$(wildcard man/*.8)) \
		$(BINDIR)/share/doc/vnet/examples/libvirt-hook \
		$(BINDIR)/share/bash-completion/completions/vnetctl \
		$(BINDIR)/share/zsh/site-functions/_vnetctl
	rm -rf $(BINDIR)/include/vnet
	$(MAKE) --no-print-directory -f systemd/install.mk DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' \
		UNITDIR='$(UNITDIR)' UDEVDIR='$(UDEVDIR)' uninstall

-include $(shell find $(B) -type f -name '*.d' 2>/dev/null)
