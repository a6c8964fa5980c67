# Fuzzers: one tests/fuzz/fuzz_NAME.c of about 20 lines per parser (LLVMFuzzerTestOneInput), seeds in
# tests/fuzz/seeds/NAME/, crashing inputs kept in tests/fuzz/crashes/NAME/ with their fix.
#   make fuzz                  every fuzzer for SECONDS (30) each, under ASan and UBSan
#   make fuzz F=gguf SECONDS=180
#   make fuzz-replay           seeds and kept crashes through each fuzzer once (part of CI)
SECONDS   ?= 30
F         ?=
FUZZ_SRCS := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_BINS := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(FUZZ_SRCS))
FUZZ_FLAGS = BUILD=$(BUILD)-fuzz CC="$(FUZZ_CC)" OPT="-O1 -g" \
    SAN="-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all"
FUZZ_CC   ?= clang

.PHONY: fuzz fuzz-replay fuzz-bins
fuzz: ## fuzz every parser (F=name, SECONDS=30 each)
	@scripts/setup.sh scripts/packages-fuzz.txt
	@$(MAKE) --no-print-directory $(FUZZ_FLAGS) fuzz-bins
	@BUILD=$(BUILD)-fuzz SECONDS_EACH=$(SECONDS) F=$(F) tests/fuzz/run.sh fuzz

fuzz-replay:
	@scripts/setup.sh scripts/packages-fuzz.txt
	@$(MAKE) --no-print-directory $(FUZZ_FLAGS) fuzz-bins
	@BUILD=$(BUILD)-fuzz F=$(F) tests/fuzz/run.sh replay

fuzz-bins: $(FUZZ_BINS)

$(BUILD)/fuzz/fuzz_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(LIBS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -fsanitize=fuzzer -o $@ $< -Wl,--start-group $(LIBS) -Wl,--end-group $(LDLIBS)
