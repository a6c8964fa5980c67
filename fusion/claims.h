/* Reading a clause: where it ends, which bytes speak of what, what is left over. Internal to
 * verification (verify.h). */
#ifndef VOUCH_FUSION_CLAIMS_H
#define VOUCH_FUSION_CLAIMS_H

#include "fusion/verify.h"

/* --- splitting ------------------------------------------------------------------------------- */
typedef struct claims_piece {
    str text;       /* of the text as given */
    bool new_start; /* a sentence begins here: nothing is carried over */
} claims_piece;

/* Sentences split at full stops and line ends, clauses at semicolons and commas. STATUS_LIMIT for
 * more than 100,000 pieces. */
status claims_split(str text, arena *a, claims_piece **out, size_t *out_count, error *err);

/* A longer clause is no claim that a person makes: nothing in it is read. */
#define CLAIMS_MAX_BYTES 4096

/* --- reading --------------------------------------------------------------------------------- */
enum {
    CLAIMS_CLASSES = 8,
    CLAIMS_ENTITIES = 48,
    CLAIMS_VALUES = 24,
    CLAIMS_HITS = 48,
    CLAIMS_SENSES = 6
};

typedef enum claims_cover {
    CLAIMS_NOTHING = 0,
    CLAIMS_NAME,
    CLAIMS_RELATION,
    CLAIMS_VALUE,
    CLAIMS_GLUE,
    CLAIMS_PUNCTUATION
} claims_cover;

typedef struct claims_entity {
    size_t start, end;
    kg_id ids[CLAIMS_SENSES];
    kg_id classes[CLAIMS_SENSES];
    size_t count;
    bool used;
} claims_entity;

typedef struct claims_value {
    size_t start, end;
    kg_value value;
    bool has_compare;
    lf_compare compare;
    bool used;
} claims_value;

typedef struct claims_hit {
    size_t start, end;
    const retriever_relation *relation;
    bool inverse;
} claims_hit;

typedef struct claims_class {
    size_t start, end;
    kg_id id;
} claims_class;

typedef struct claims_clause {
    str text; /* normalised; offsets are into it */
    bool zh;
    claims_entity entities[CLAIMS_ENTITIES];
    size_t entity_count;
    claims_value values[CLAIMS_VALUES];
    size_t value_count;
    claims_hit hits[CLAIMS_HITS]; /* disjoint spans; several relations may share one */
    size_t hit_count;
    claims_class classes[CLAIMS_CLASSES]; /* words for classes ("disease") */
    size_t class_count;
    bool negative;
    bool has_compare; /* a comparative that no value takes: between two entities */
    lf_compare compare;
    bool passive;         /* 由, 被, "by": subject and object change places */
    unsigned char *cover; /* claims_cover per byte of text */
} claims_clause;

/* The words for relations that count as said, into `a`: once a text. */
status claims_prepare(const verify_context *c, arena *a, claims_phrases *out, error *err);

/* Reads one clause (normalised); needs context->phrases. */
status claims_read(const verify_context *c, str text, claims_clause *out, error *err);

/* Marks what is still uncovered: glue, punctuation. Call when names by literal were added. */
void claims_cover_glue(const verify_context *c, claims_clause *clause);
void claims_mark(claims_clause *clause, size_t start, size_t end, claims_cover what);

/* The next value at or behind `from`, with a comparative that belongs to it ("不得超过二十年" is
 * 20 years and LF_LE); numerals that are part of a word are passed over. */
bool claims_next_value(str text, size_t from, claims_value *out);

/* Characters of content that nothing covers (Latin words count as one each). */
size_t claims_leftover(const claims_clause *clause);

#endif
