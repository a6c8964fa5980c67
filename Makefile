# The one entry to building, testing and measuring vouch. `make help` lists the targets.
#
# Objects lie in $(BUILD); another BUILD with other flags never mixes with it (asan, tsan and fuzz
# use this). Each folder is a static library; a new .c file is picked up by itself. Per-file flags
# (SIMD kernels) stand in the folder's rules.mk, where there is one.

BUILD   ?= build
CC      ?= gcc
AR      ?= ar
OPT     ?= -O2 -g
SAN     ?=
FOLDERS := core kg ingest retriever llm llm/train fusion service
PKGS    := sqlite3 libcurl jansson libpcre2-8 serd-0 raptor2 libutf8proc zlib libzstd \
           libmicrohttpd libsodium libedit uchardet opencc
V       ?=
# What a rule prints: 'CC core/str.c'; the whole command with V=1.
say      = $(if $(V),,@echo "  $(1) $(2)";)
WARN    := -Wall -Wextra -Wshadow -Wconversion -Werror

# pkg-config runs once, and only for targets that compile.
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(shell pkg-config --cflags $(PKGS)))$(PKG_CFLAGS)
PKG_LIBS   = $(eval PKG_LIBS := $$(shell pkg-config --libs $(PKGS)) -lcsv)$(PKG_LIBS)

CPPFLAGS += -I. -I$(BUILD)/gen -D_XOPEN_SOURCE=700 -D_FILE_OFFSET_BITS=64
CFLAGS   += -std=c17 $(OPT) $(WARN) $(SAN) -fno-math-errno -pthread -MMD -MP
LDFLAGS  += $(SAN) -pthread
LDLIBS    = $(PKG_LIBS) -lm -ldl

LIBS      := $(foreach f,$(FOLDERS),$(if $(wildcard $(f)/*.c $(f)/*.S),$(BUILD)/lib/$(subst /,_,$(f)).a))
CLI_OBJS  := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard cli/*.c))
UNIT_SRCS := $(wildcard tests/unit/test_*.c)
UNIT_BINS := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(UNIT_SRCS))
# The libraries depend on one another one way only, but the linker need not know the order.
LINK_LIBS  = -Wl,--start-group $(LIBS) -Wl,--end-group

.DEFAULT_GOAL := all
.PHONY: help all setup demo test test-unit test-golden test-house asan tsan tidy format format-check \
        install uninstall deb clean
.SECONDARY:
.DELETE_ON_ERROR:

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | \
	    awk -F'\t' '{printf "  make %-14s %s\n", $$1, $$2}'

all: $(BUILD)/vouch ## build the binary, build/vouch

setup: ## install the system packages that are missing (apt)
	@scripts/setup.sh

-include $(wildcard $(addsuffix /rules.mk,$(FOLDERS) cli tests tests/bench tests/fuzz tests/http tests/web schemas samples))

# --- compile and link ------------------------------------------------------------------------
$(BUILD)/obj/%.o: %.c | $(GENERATED)
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/obj/%.o: %.S
	@mkdir -p $(@D)
	$(call say,AS,$<)$(CC) $(CPPFLAGS) -c -o $@ $<

define folder_library
$(BUILD)/lib/$(subst /,_,$(1)).a: $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard $(1)/*.c)) \
        $(patsubst %.S,$(BUILD)/obj/%.o,$(wildcard $(1)/*.S))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(call say,AR,$$@)$(AR) rcs $$@ $$^
endef
$(foreach f,$(FOLDERS),$(eval $(call folder_library,$(f))))

$(BUILD)/vouch: $(CLI_OBJS) $(LIBS)
	$(call say,LD,$@)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(CLI_OBJS) $(LINK_LIBS) $(LDLIBS)

$(BUILD)/tests/test_%: $(BUILD)/obj/tests/unit/test_%.o $(LIBS)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LINK_LIBS) $(LDLIBS) -lcmocka

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

demo: setup ## build, load the samples, ask them
	@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) scripts/demo.sh

# --- tests -----------------------------------------------------------------------------------
test: setup ## build, then pass every test
	@$(MAKE) --no-print-directory test-run

.PHONY: test-run
test-run: $(BUILD)/vouch $(UNIT_BINS) $(EXTRA_TESTS)
	@BUILD=$(BUILD) tests/run.sh unit golden $(EXTRA_TIERS)

test-unit: $(UNIT_BINS) ## the unit tests alone (T=name for one)
	@BUILD=$(BUILD) T=$(T) tests/run.sh unit

test-golden: $(BUILD)/vouch ## the command line's golden tests alone (T=name for one)
	@BUILD=$(BUILD) T=$(T) tests/run.sh golden

test-house: ## include graph, headers compile alone, format
	@BUILD=$(BUILD) tests/run.sh house

asan: ## every test under AddressSanitizer and UndefinedBehaviorSanitizer
	@$(MAKE) --no-print-directory BUILD=$(BUILD)-asan OPT="-O1 -g" \
	    SAN="-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer" test-run

tsan: ## the threaded tests under ThreadSanitizer
	@$(MAKE) --no-print-directory BUILD=$(BUILD)-tsan OPT="-O1 -g" SAN="-fsanitize=thread" \
	    test-unit

# --- house -----------------------------------------------------------------------------------
ALL_C := $(shell git ls-files '*.c' '*.h' 2>/dev/null)

format: ## format all C files
	clang-format -i $(ALL_C)

format-check:
	@clang-format --dry-run -Werror $(ALL_C)

tidy: ## static analysis (cppcheck; clang-tidy with TIDY=1)
	@scripts/tidy.sh

PREFIX ?= /usr/local
install: all ## install into PREFIX (/usr/local), honouring DESTDIR
	install -D -m 755 $(BUILD)/vouch $(DESTDIR)$(PREFIX)/bin/vouch

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/vouch

deb: all ## build a Debian package in build/
	@BUILD=$(BUILD) packaging/deb.sh

clean: ## remove what was built
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-tsan $(BUILD)-fuzz
