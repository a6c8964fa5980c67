# Tests that stand on a small graph share its making.
$(addprefix $(BUILD)/tests/test_,verify injections local_answer propose decide): $(BUILD)/obj/tests/unit/fusion_world.o
