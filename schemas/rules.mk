# Every data file of schemas/ goes into the binary (core/resource.h).
RESOURCES := $(shell find schemas -type f ! -name '*.mk' ! -name '.*' | LC_ALL=C sort)
GENERATED += $(BUILD)/gen/resource_table.inc

# The list is a prerequisite so that an added or removed file makes the table again.
$(shell mkdir -p $(BUILD)/gen; echo "$(RESOURCES)" | cmp -s - $(BUILD)/gen/resources.list || \
    echo "$(RESOURCES)" >$(BUILD)/gen/resources.list)

$(BUILD)/gen/resource_table.inc: $(BUILD)/gen/resources.list schemas/rules.mk
	@n=0; for f in $(RESOURCES); do \
	    echo "extern const char resource_$$n[], resource_$${n}_end[];"; n=$$((n+1)); done >$@.tmp
	@echo "static const resource_entry resource_table[] = {" >>$@.tmp
	@n=0; for f in $(RESOURCES); do \
	    echo "{\"$${f#schemas/}\", resource_$$n, resource_$${n}_end},"; n=$$((n+1)); done >>$@.tmp
	@echo "{NULL, NULL, NULL}};" >>$@.tmp && mv $@.tmp $@

$(BUILD)/gen/resource_data.inc: $(BUILD)/gen/resources.list schemas/rules.mk
	@n=0; for f in $(RESOURCES); do \
	    printf '.global resource_%s, resource_%s_end\n.balign 16\nresource_%s: .incbin "%s"\nresource_%s_end: .byte 0\n' \
	        $$n $$n $$n $$f $$n; n=$$((n+1)); done >$@.tmp && mv $@.tmp $@

$(BUILD)/obj/core/resource_data.o: $(BUILD)/gen/resource_data.inc $(RESOURCES)
$(BUILD)/obj/core/resource.o: $(BUILD)/gen/resource_table.inc
