# The words of the relation concepts are counted at build time (retriever/concept_book.h) by a small
# program made of the same objects as the binary.
CONCEPT_BOOK := $(BUILD)/gen/concepts.book
CONCEPT_BOOK_OBJS := $(addprefix $(BUILD)/obj/,scripts/gen_concept_book.o retriever/concept_book.o \
    retriever/phrasebook.o retriever/text.o kg/normalise.o) \
    $(filter-out %/resource.o,$(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard core/*.c)))

$(BUILD)/gen/gen_concept_book: $(CONCEPT_BOOK_OBJS)
	$(call say,LD,$@)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(CONCEPT_BOOK_OBJS) $(LDLIBS)

$(CONCEPT_BOOK): $(BUILD)/gen/gen_concept_book schemas/concepts.tsv
	$(BUILD)/gen/gen_concept_book schemas/concepts.tsv $@

$(BUILD)/gen/concept_data.inc: $(CONCEPT_BOOK)
	@echo '.incbin "$(CONCEPT_BOOK)"' >$@

$(BUILD)/obj/retriever/concept_data.o: $(BUILD)/gen/concept_data.inc
