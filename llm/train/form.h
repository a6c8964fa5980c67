/* Logical forms of the training data: small trees by value, the schema of one episode that their
 * relations point into, their text (docs/MODEL_FORMAT.md), and wrong neighbours of a right form.
 * (retriever/logical_form.h is the real thing; llm/ does not see the graph's half of vouch.) */
#ifndef VOUCH_LLM_TRAIN_FORM_H
#define VOUCH_LLM_TRAIN_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/str.h"
#include "llm/train/concepts.h"
#include "llm/train/random.h"

enum { FORM_NODES = 16, FORM_RELATIONS = 48 };

typedef enum form_op {
    FORM_ENTITY = 1, /* slot: <E1>.. */
    FORM_VALUE,      /* slot: <V1>.. */
    FORM_HOP,
    FORM_AND,
    FORM_OR,
    FORM_MINUS,
    FORM_FILTER, /* a, relation, compare, slot of the value */
    FORM_TYPE,   /* a or -1, class_of: the relation whose subject class it names */
    FORM_COUNT,
    FORM_MAX,
    FORM_MIN,
    FORM_CMP, /* a, b, relation, compare */
    FORM_ASK, /* a, b */
    FORM_DESCRIBE,
    FORM_AT /* a, slot of the time */
} form_op;

typedef enum form_compare { FORM_EQ, FORM_NE, FORM_LT, FORM_LE, FORM_GT, FORM_GE } form_compare;

typedef struct form_node {
    uint8_t op, compare, slot;
    bool inverse;
    int8_t a, b;      /* children; -1 = none */
    int16_t relation; /* index into the schema */
} form_node;

typedef struct form {
    form_node node[FORM_NODES];
    int8_t count, root;
} form;

/* One relation as this episode's schema has it. */
typedef struct form_relation {
    const concept *of;
    bool flipped;  /* the schema's edge runs from object to subject */
    bool nonsense; /* the label means nothing; the gloss explains it */
    char label[96], gloss[96];
} form_relation;

typedef struct form_schema {
    form_relation relation[FORM_RELATIONS];
    size_t count;
    int label_language;
} form_schema;

/* Appends nodes; -1 and no change when the form is full. The last made is the root. */
int form_entity(form *f, int slot);
int form_value(form *f, int slot);
int form_hop(form *f, int a, int relation, bool inverse);
int form_unary(form *f, form_op op, int a);
int form_binary(form *f, form_op op, int a, int b);
int form_filter(form *f, int a, int relation, form_compare compare, int slot);
int form_arg(form *f, form_op op, int a, int relation);
int form_cmp(form *f, int a, int b, int relation, form_compare compare);
int form_type(form *f, int a, int relation);
int form_at(form *f, int a, int slot);

/* The postfix text. */
void form_print(const form *f, const form_schema *schema, buf *out);
int form_hops(const form *f);

/* Changes one thing so that the form means something else: a relation, a direction, a hop more or
 * less, an operator. false when the draw changed nothing. */
bool form_mutate(form *f, const form_schema *schema, rng *r);

#endif
