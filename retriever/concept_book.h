/* The shared relation concepts (schemas/concepts.tsv) and what their words weigh. The words are
 * counted and indexed once, when the binary is built (scripts/gen_concept_book.c): a graph uses few
 * concepts, and only those are cut into grams when it is opened.
 *
 * Immutable; any thread. */
#ifndef VOUCH_RETRIEVER_CONCEPT_BOOK_H
#define VOUCH_RETRIEVER_CONCEPT_BOOK_H

#include "core/buf.h"
#include "retriever/phrasebook.h"

typedef enum concept_column {
    CONCEPT_ID,
    CONCEPT_DOMAIN,
    CONCEPT_RANGE,
    CONCEPT_EN_LABEL,
    CONCEPT_EN_ALIASES,
    CONCEPT_EN_FORWARD,
    CONCEPT_EN_INVERSE,
    CONCEPT_ZH_LABEL,
    CONCEPT_ZH_ALIASES,
    CONCEPT_ZH_FORWARD,
    CONCEPT_ZH_INVERSE,
    CONCEPT_COLUMNS
} concept_column;

/* The columns that hold names: label, aliases, label, aliases. */
#define CONCEPT_NAME_COLUMNS 4
extern const concept_column concept_name_columns[CONCEPT_NAME_COLUMNS];
/* What a name weighs by its place in that list. */
float concept_name_weight(size_t n);

typedef struct concept {
    str columns[CONCEPT_COLUMNS];
    phrasebook_grams *cut[CONCEPT_COLUMNS]; /* the phrases of a column; NULL until concept_cut */
    size_t cut_count[CONCEPT_COLUMNS];
}
concept;

typedef struct concept_list {
    concept *items;
    size_t count;
} concept_list;

/* The lines of the table, uncut; they point into the text. STATUS_SYNTAX names the line. */
status concept_list_read(str text, arena *a, concept_list *out, error *err);
/* Cuts all phrases, unless that is done. */
status concept_cut(concept *c, arena *scratch, arena *a, error *err);
/* The next of "a; b; c"; false behind the last. */
bool concept_next_phrase(str *cell, str *out);

/* --- the counted words ------------------------------------------------------------------------ */
typedef struct concept_book {
    phrasebook_words said;  /* of every phrase */
    phrasebook_words names; /* of names alone */
    const uint64_t *keys;   /* ascending: hashes of the names' grams and of their roots */
    const uint32_t *first;  /* [key_count + 1] into ids */
    const uint16_t *ids;    /* concepts whose names have the key, ascending */
    size_t key_count;
} concept_book;

/* The book of a table, as bytes of this machine's layout. */
status concept_book_make(str text, buf *out, error *err);
/* A view of such bytes, which must be aligned to 8 and outlive it; false when they are of another
 * version or of another table than `text`. */
bool concept_book_open(str bytes, str text, concept_book *out);
/* The concepts that have the key. */
const uint16_t *concept_book_find(const concept_book *book, uint64_t key, size_t *count);

/* The bytes that were linked in. */
str concept_book_builtin(void);

#endif
