# SPDX-License-Identifier: GPL-2.0-only
# make            everything that runs, in build/
# make tests      the unit-test programs, in build/test/
# make fuzz       the libFuzzer programs, in build/fuzz/
# make SAN=asan   the same with ASan and UBSan, in build-asan/
# Sources are found by wildcard: a new file or folder needs no line here.
SAN ?=
B := build$(if $(SAN),-$(SAN))
CC := gcc
CXX := g++
CLANG ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)
VERSION := $(shell cat VERSION)
MULTIARCH := $(shell $(CC) -print-multiarch)

PACKAGES := libbpf libmnl libsystemd libfyaml jansson libcap-ng
LIBS := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lstdc++
WARN := -Wall -Wextra -Wshadow -Wwrite-strings -Wpointer-arith -Wno-unused-parameter -Wno-missing-field-initializers
comma := ,
SANFLAGS := $(if $(filter asan,$(SAN)),-fsanitize=address$(comma)undefined -fno-sanitize-recover=undefined)
CPPFLAGS := -Isrc -I$(B)/gen -DWEIR_VERSION='"$(VERSION)"' -D_GNU_SOURCE $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
CFLAGS ?= -O2 -g
CFLAGS += -std=gnu11 $(WARN) -Wstrict-prototypes -Wmissing-prototypes -fstack-protector-strong $(SANFLAGS)
CXXFLAGS := -Os -g -std=c++17 -Wall -Wextra -fno-exceptions -fno-rtti $(SANFLAGS)
LDFLAGS += -Wl,--as-needed -Wl,-z,relro,-z,now $(SANFLAGS)
BPFFLAGS := -O2 -g -target bpf -mcpu=v3 -Wall -Wextra -Wno-unused-parameter -Isrc -I$(B)/gen -I/usr/include/$(MULTIARCH)

find = $(sort $(shell find $(1) -name '$(2)' 2>/dev/null))
BPF_C := $(call find,src,*.bpf.c)
SKELS := $(patsubst %.bpf.c,$(B)/gen/%.skel.h,$(notdir $(BPF_C)))
MAINS := src/daemon/main.c src/cli/main.c
SRC := $(filter-out %_test.c %.bpf.c $(MAINS),$(call find,src,*.c))
SRCXX := $(call find,src,*.cc)
OBJ := $(SRC:%.c=$(B)/%.o) $(SRCXX:%.cc=$(B)/%.o)
TESTS := $(patsubst src/%.c,$(B)/test/%,$(call find,src,*_test.c))
LABS := $(patsubst lab/%.c,$(B)/lab/%,$(wildcard lab/*.c))
FUZZERS := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/*_fuzz.c))
BENCHES := $(patsubst bench/%.c,$(B)/bench/%,$(wildcard bench/*.c)) $(patsubst bench/%.bpf.c,$(B)/bench/%.bpf.o,$(wildcard bench/*.bpf.c))
BENCHES := $(filter-out %.bpf,$(BENCHES))
BENCH_LIB := $(patsubst %.c,$(B)/%.o,$(wildcard bench/lib/*.c))
GENERATED := $(B)/gen/stages.h $(B)/gen/stages.bpf.h $(SKELS)
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-6s %s\n' $(1) $(2))

all: $(B)/weird $(B)/weir $(B)/xdp_config $(B)/xdp_iphash_to_cpu_cmdline $(B)/xdp_pping $(B)/xdp_loadbalancer.o $(LABS) docs
tests: all $(TESTS)
fuzz: $(FUZZERS)
bench: all $(BENCHES)

# --- what the packet path is made of -----------------------------------------------------------
# stages.def is the list of stages; the BPF side includes each stage's header in that order.
$(B)/gen/stages.h $(B)/gen/stages.bpf.h &: src/pipe/stages.def
	$(call say,GEN,$(@D)/stages.h)
	$(Q)mkdir -p $(@D)
	$(Q)sed -n 's/^STAGE(\([a-z_]*\)).*/#include "pipe\/\1\/\1.h"/p' $< > $(@D)/stages.h
	$(Q)sed -n 's/^STAGE(\([a-z_]*\)).*/#include "pipe\/\1\/\1.bpf.h"/p' $< > $(@D)/stages.bpf.h

$(B)/%.bpf.o: %.bpf.c $(B)/gen/stages.bpf.h
	$(call say,BPF,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPFFLAGS) -MMD -MP -c -o $@ $<

define skel_rule
$(B)/gen/$(notdir $(1:.bpf.c=.skel.h)): $(B)/$(1:.c=.o)
	$(call say,SKEL,$$@)
	$(Q)mkdir -p $$(@D)
	$(Q)$(BPFTOOL) gen skeleton $$< name $(notdir $(1:.bpf.c=))_bpf > $$@.tmp && mv $$@.tmp $$@
endef
$(foreach f,$(BPF_C),$(eval $(call skel_rule,$(f))))

# --- user space ----------------------------------------------------------------------------------
$(B)/%.o: %.c | $(GENERATED)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/%.o: %.cc
	$(call say,CXX,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CXX) $(CPPFLAGS) $(CXXFLAGS) -MMD -MP -c -o $@ $<

$(B)/libweir.a: $(OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(B)/weird: $(B)/src/daemon/main.o $(B)/libweir.a
$(B)/weir: $(B)/src/cli/main.o $(B)/libweir.a
$(B)/weird $(B)/weir:
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

# The balancer that needs no daemon: what `ip link` loads, and the name under which weir fills its map.
$(B)/xdp_loadbalancer.o: $(B)/src/pipe/balance/classic/xdp_loadbalancer.bpf.o
	$(Q)cp $< $@
$(B)/xdp_config $(B)/xdp_iphash_to_cpu_cmdline $(B)/xdp_pping: $(B)/weir
	$(Q)ln -sf weir $@

$(B)/lab/%: lab/%.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $< -lm

# What the measurements share is in bench/lib; they say with which clang the programs were made.
BENCHFLAGS = -Ibench -DBENCH_CLANG='"$(shell $(CLANG) --version | head -1)"'
$(BENCH_LIB): private CPPFLAGS += $(BENCHFLAGS)
$(B)/bench/%: bench/%.c $(BENCH_LIB) $(B)/libweir.a | $(GENERATED)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(BENCHFLAGS) $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $< $(BENCH_LIB) $(B)/libweir.a $(LIBS)

# --- tests -----------------------------------------------------------------------------------------
$(B)/test/%: $(B)/src/%.o $(B)/libweir.a
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS) -lcmocka -lpthread

# Fuzzers are a clang world of their own: library and target are both instrumented.
FUZZFLAGS := -O1 -g -std=gnu11 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
$(B)/fuzzobj/%.o: %.c | $(GENERATED)
	$(call say,FUZZCC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(CPPFLAGS) $(FUZZFLAGS) -MMD -MP -c -o $@ $<
$(B)/fuzzobj/%.o: %.cc
	$(call say,FUZZCXX,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG)++ $(CPPFLAGS) -O1 -g -std=c++17 -fno-exceptions -fno-rtti -fsanitize=fuzzer-no-link,address,undefined -MMD -MP -c -o $@ $<
FUZZ_HELP := $(filter-out %_fuzz.c,$(wildcard tests/fuzz/*.c))
$(B)/fuzzobj/libweir.a: $(SRC:%.c=$(B)/fuzzobj/%.o) $(SRCXX:%.cc=$(B)/fuzzobj/%.o) $(FUZZ_HELP:%.c=$(B)/fuzzobj/%.o)
	$(Q)rm -f $@ && ar rcs $@ $^
$(B)/fuzz/%: $(B)/fuzzobj/tests/fuzz/%.o $(B)/fuzzobj/libweir.a
	$(call say,FUZZLD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG)++ -fsanitize=fuzzer,address,undefined -o $@ $^ $(LIBS)

# --- pages made from the command rows ---------------------------------------------------------------
docs: $(B)/man/weir.1 $(B)/man/weird.8 $(B)/completion/weir
$(B)/man/weir.1 $(B)/man/weird.8: $(B)/weir
	$(Q)mkdir -p $(@D)
	$(Q)$< --man $(basename $(@F)) > $@.tmp && mv $@.tmp $@
$(B)/completion/weir: $(B)/weir
	$(Q)mkdir -p $(@D)
	$(Q)$< completion bash > $@.tmp && mv $@.tmp $@

clean:
	rm -rf build build-*

.PHONY: all tests fuzz bench docs clean
.SECONDARY:
.DELETE_ON_ERROR:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
