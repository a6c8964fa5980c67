# The arithmetic of training: vectorised, fused multiply-add, sums may be reassociated.
TRAIN_MATH := -O3 -ffp-contract=fast -fno-trapping-math -fno-signed-zeros -fassociative-math \
              $(if $(findstring clang,$(CC)),,-fno-tree-loop-distribute-patterns)
$(BUILD)/obj/llm/train/gemm.o $(BUILD)/obj/llm/train/gemm_kernels.o $(BUILD)/obj/llm/train/ops.o $(BUILD)/obj/llm/train/adamw.o $(BUILD)/obj/llm/train/meaning.o: CFLAGS += $(TRAIN_MATH)

# --- the embedded model ------------------------------------------------------------------------
# llm/models/vouch.gguf is linked into the binary; without the file, or with VOUCH_EMBEDDED=0, the
# binary holds none and says so.
EMBEDDED_MODEL := $(if $(filter 0,$(VOUCH_EMBEDDED)),,$(wildcard llm/models/vouch.gguf))
HASH := \#
EMBEDDED_WANT  := $(if $(EMBEDDED_MODEL),$(HASH)define VOUCH_EMBEDDED_FILE "$(EMBEDDED_MODEL)",/* no model is embedded */)

.PHONY: embedded-choice
embedded-choice:
$(BUILD)/gen/embedded_file.h: embedded-choice
	@mkdir -p $(@D)
	@echo '$(EMBEDDED_WANT)' | cmp -s - $@ || echo '$(EMBEDDED_WANT)' >$@
$(BUILD)/obj/llm/embedded_data.o: $(BUILD)/gen/embedded_file.h $(EMBEDDED_MODEL)

# --- making it ---------------------------------------------------------------------------------
BUDGET    ?= 2h
MODEL_DIR ?= $(BUILD)/model
SIZE      ?= 2m
.PHONY: model
model: $(BUILD)/vouch ## train the embedded model (BUDGET=2h, resumable) into build/model
	$(BUILD)/vouch model train --out $(MODEL_DIR) --budget $(BUDGET) --size $(SIZE)
	@echo "to ship it: cp $(MODEL_DIR)/vouch-q8_0.gguf llm/models/vouch.gguf"
