# Kernel files are compiled for the instruction set that their name says; kernels.c chooses.
MACHINE := $(shell uname -m)
KERNEL_FLAGS := -O3 -fno-trapping-math
ifeq ($(MACHINE),x86_64)
$(BUILD)/obj/llm/kernels_avx2.o: CFLAGS += $(KERNEL_FLAGS) -mavx2 -mfma -mf16c
$(BUILD)/obj/llm/kernels_avx512.o: CFLAGS += $(KERNEL_FLAGS) -mavx2 -mfma -mf16c -mavx512f \
    -mavx512bw -mavx512dq -mavx512vl -mavx512vnni
# The same kernels over plain C in place of the instructions, for machines that lack them.
$(BUILD)/obj/llm/emulated/kernels_avx512.o: llm/kernels_avx512.c
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS) -mavx2 -DKERNELS_EMULATE -c -o $@ $<
$(BUILD)/tests/test_kernels: $(BUILD)/obj/llm/emulated/kernels_avx512.o
endif

# Tests that run random models share the file that makes them.
$(addprefix $(BUILD)/tests/test_,llm_model llm_session llm_score): $(BUILD)/obj/tests/unit/llm_models.o
