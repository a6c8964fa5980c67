# Kernel files are compiled for the instruction set that their name says; kernels.c chooses.
MACHINE := $(shell uname -m)
KERNEL_FLAGS := -O3 -fno-trapping-math
ifeq ($(MACHINE),x86_64)
$(BUILD)/obj/llm/kernels_avx2.o: CFLAGS += $(KERNEL_FLAGS) -mavx2 -mfma -mf16c
endif

# Tests that run random models share the file that makes them.
$(addprefix $(BUILD)/tests/test_,llm_model llm_session llm_score): $(BUILD)/obj/tests/unit/llm_models.o
