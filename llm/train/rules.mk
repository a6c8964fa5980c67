# The arithmetic of training: vectorised, fused multiply-add, sums may be reassociated.
TRAIN_MATH := -O3 -ffp-contract=fast -fno-trapping-math -fno-signed-zeros -fassociative-math \
              -fno-tree-loop-distribute-patterns
$(BUILD)/obj/llm/train/gemm.o $(BUILD)/obj/llm/train/ops.o $(BUILD)/obj/llm/train/adamw.o: CFLAGS += $(TRAIN_MATH)
