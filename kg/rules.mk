# Generated at build time: the schema as a C string, and traditional -> simplified Chinese
# characters out of OpenCC's own data (loading OpenCC at run time would cost each start 8 ms).
GENERATED += $(BUILD)/gen/kg_schema.inc $(BUILD)/gen/kg_t2s.inc

$(BUILD)/gen/kg_schema.inc: schemas/graph.sql
	@mkdir -p $(@D)
	sed -e 's/--.*//' -e 's/[[:space:]]*$$//' -e '/^$$/d' -e 's/\\/\\\\/g' -e 's/"/\\"/g' \
	    -e 's/^/"/' -e 's/$$/\\n"/' $< >$@.tmp && mv $@.tmp $@

$(BUILD)/gen/kg_t2s.inc: scripts/gen_t2s.c
	@mkdir -p $(@D)
	$(CC) -std=c17 -O1 -I. -o $(BUILD)/gen/gen_t2s $< $$(pkg-config --cflags --libs opencc)
	$(BUILD)/gen/gen_t2s >$@.tmp && mv $@.tmp $@
