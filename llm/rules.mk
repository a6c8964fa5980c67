# Kernel files are compiled for the instruction set that their name says; kernels.c chooses.
MACHINE := $(shell uname -m)
KERNEL_FLAGS := -O3 -fno-trapping-math -ffp-contract=fast
ifeq ($(MACHINE),x86_64)
$(BUILD)/obj/llm/kernels_avx2.o: CFLAGS += $(KERNEL_FLAGS) -mavx2 -mfma -mf16c
$(BUILD)/obj/llm/kernels_avx512.o: CFLAGS += $(KERNEL_FLAGS) -mavx2 -mfma -mf16c -mavx512f \
    -mavx512bw -mavx512dq -mavx512vl -mavx512vnni
# The same kernels over plain C in place of the instructions, for machines that lack them.
$(BUILD)/obj/llm/emulated/kernels_avx512.o: llm/kernels_avx512.c
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS) -mavx2 -fno-var-tracking -DKERNELS_EMULATE -c -o $@ $<
$(BUILD)/tests/test_kernels: $(BUILD)/obj/llm/emulated/kernels_avx512.o
endif
ifeq ($(MACHINE),aarch64)
$(BUILD)/obj/llm/kernels_neon.o: CFLAGS += $(KERNEL_FLAGS)
$(BUILD)/obj/llm/kernels_neon_dot.o: CFLAGS += $(KERNEL_FLAGS) -march=armv8.2-a+dotprod
endif

# The NEON kernels, built by a cross compiler and run by qemu against the scalar ones.
NEON_CC    ?= aarch64-linux-gnu-gcc
NEON_FLAGS := -std=c17 -O2 $(KERNEL_FLAGS) -Wall -Wextra -Werror -I. -D_XOPEN_SOURCE=700 -static
$(BUILD)/neon/kernels_neon_dot.o: llm/kernels_neon_dot.c llm/kernels_neon.c llm/kernels_wide.h llm/simd_neon.h llm/kernels_vector.h
	@mkdir -p $(@D)
	$(NEON_CC) $(NEON_FLAGS) -march=armv8.2-a+dotprod -c -o $@ $<

$(BUILD)/neon/neon_check: tests/unit/neon_check.c llm/kernels.c llm/kernels_scalar.c llm/kernels_neon.c llm/matrix.c $(BUILD)/neon/kernels_neon_dot.o llm/kernels.h llm/kernels_wide.h llm/simd_neon.h llm/kernels_vector.h
	@mkdir -p $(@D)
	$(NEON_CC) $(NEON_FLAGS) -o $@ $(filter %.c %.o,$^) -lm

.PHONY: test-neon
test-neon: ## the NEON kernels under qemu (packages of scripts/packages-neon.txt)
	@scripts/setup.sh scripts/packages-neon.txt
	@$(MAKE) --no-print-directory $(BUILD)/neon/neon_check
	qemu-aarch64 -cpu max $(BUILD)/neon/neon_check

# Tests that run random models share the file that makes them.
$(addprefix $(BUILD)/tests/test_,llm_model llm_session llm_score): $(BUILD)/obj/tests/unit/llm_models.o
