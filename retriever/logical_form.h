/* Logical forms: the plan that a question becomes, as a tree, as text and as SPARQL.
 *
 * A form only reads. Its grammar (docs/LOGICAL_FORM.md) is KoPL-like; a set is a set of nodes of
 * the graph (entities or literals):
 *
 *   set   := "label" | <IRI> | HOP(set, +rel) | HOP(set, -rel*) | AND(set, set) | OR(set, set)
 *          | MINUS(set, set) | FILTER(set, rel, op, value) | TYPE(set, class) | TYPE(class)
 *          | ARGMAX(set, rel [, n]) | ARGMIN(set, rel [, n]) | CMP(set, set, rel, op)
 *          | SEARCH("words" [, set]) | HAVING(±rel) | AT(set, DATE)
 *   form  := set | COUNT(set) | ASK(set [, ±rel ...] [, [op] value]) | DESCRIBE(set)
 *          | AT(form, DATE)
 *   op    := = | != | < | <= | > | >= | ~ | ^    (~: the text holds the words; ^: begins so)
 *
 * `+rel` follows a relation from subject to object, `-rel` from object to subject; a star behind it
 * is its transitive closure (one step or more). Where a measure is wanted, `#rel` is how many
 * values there are, and in FILTER `.` is the member itself. ASK(set) asks whether the set holds
 * anything.
 *
 * Memory: nodes and strings live in the arena that made them and are immutable afterwards. The
 * parser bounds depth (LF_MAX_DEPTH) and nodes (LF_MAX_NODES) and never recurses beyond. */
#ifndef VOUCH_RETRIEVER_LOGICAL_FORM_H
#define VOUCH_RETRIEVER_LOGICAL_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/str.h"
#include "kg/store.h"
#include "kg/term.h"

#define LF_MAX_DEPTH 24
#define LF_MAX_NODES 128

typedef enum lf_op {
    LF_ENTITY = 1, /* name: one node of the graph (an entity or a literal) */
    LF_VALUE,      /* value, name.label: a constant that need not be in the graph */
    LF_HOP,        /* a, step */
    LF_AND,        /* a, b */
    LF_OR,         /* a, b */
    LF_MINUS,      /* a without b */
    LF_FILTER,     /* a, step, compare, b (LF_VALUE or LF_ENTITY) */
    LF_TYPE,       /* a (NULL: all members), name: the class */
    LF_COUNT,      /* a */
    LF_ARGMAX,     /* a, step, limit */
    LF_ARGMIN,     /* a, step, limit */
    LF_CMP,      /* a, b, step, compare: which of the two is greater (LF_GT), smaller (LF_LT); LF_EQ
                    asks whether they are equal */
    LF_ASK,      /* a; b NULL: does it hold anything; else: does it hold b (compare) */
    LF_DESCRIBE, /* a */
    LF_AT,       /* a, day */
    LF_HAVING,   /* step: all that the relation leads from (+rel) or to (-rel) */
    LF_SEARCH    /* name.label: the words; a: a set that the passages must belong to, or NULL */
} lf_op;

typedef enum lf_compare {
    LF_EQ = 0,
    LF_NE,
    LF_LT,
    LF_LE,
    LF_GT,
    LF_GE,
    LF_IN,
    LF_STARTS
} lf_compare;

typedef struct lf_name {
    kg_id id;  /* 0 until resolved */
    str iri;   /* empty for literals and for names not yet resolved */
    str label; /* for people */
    int slot;  /* the mention it came from: 1.. as in E1, V1; 0 = none */
} lf_name;

typedef struct lf_step {
    lf_name relation;
    bool inverse; /* -rel */
    bool closure; /* rel* : one step or more */
    bool count;   /* #rel : how many it leads to, as a measure */
    bool self;    /* .    : the member itself, of FILTER; no relation */
} lf_step;

typedef struct lf_node {
    lf_op op;
    const struct lf_node *a, *b;
    lf_name name;
    lf_step step;
    lf_compare compare;
    kg_value value;
    clock_day day;
    uint32_t limit; /* of ARGMAX and ARGMIN; 0 = all that tie for the best */
} lf_node;

/* --- making (NULL when the arena is full) ------------------------------------------------------
 */
const lf_node *lf_entity(arena *a, lf_name name);
const lf_node *lf_value(arena *a, kg_value value, str text, int slot);
const lf_node *lf_hop(arena *a, const lf_node *from, lf_step step);
/* AND, OR, MINUS. */
const lf_node *lf_binary(arena *a, lf_op op, const lf_node *left, const lf_node *right);
/* COUNT, DESCRIBE, ASK without target. */
const lf_node *lf_unary(arena *a, lf_op op, const lf_node *of);
const lf_node *lf_filter(arena *a, const lf_node *of, lf_step step, lf_compare compare,
                         const lf_node *value);
const lf_node *lf_having(arena *a, lf_step step);
const lf_node *lf_type(arena *a, const lf_node *of, lf_name class_name);
const lf_node *lf_arg(arena *a, lf_op op, const lf_node *of, lf_step step, uint32_t limit);
const lf_node *lf_cmp(arena *a, const lf_node *left, const lf_node *right, lf_step step,
                      lf_compare compare);
const lf_node *lf_ask(arena *a, const lf_node *of, lf_compare compare, const lf_node *target);
const lf_node *lf_at(arena *a, const lf_node *of, clock_day day);
const lf_node *lf_search(arena *a, str words, const lf_node *within);

/* --- text --------------------------------------------------------------------------------------
 */
/* Parses the grammar above; names stay unresolved. `err` has the column. */
status lf_parse(str text, arena *a, const lf_node **out, error *err);
/* Finds each name in the graph: "label" by exact label (a relation or class in those places), <IRI>
 * by term. An unknown or ambiguous name is STATUS_NOT_FOUND with the nearest names. */
status lf_resolve(kg_read *read, const lf_node *form, arena *a, const lf_node **out, error *err);
/* The text that lf_parse reads: names as "label"; with `iris`, as <IRI> where there is one. */
void lf_print(const lf_node *form, bool iris, buf *out);
/* SPARQL 1.1 that says the same, for people; validity and text search as comments. */
void lf_print_sparql(const lf_node *form, buf *out);
/* The postfix text of docs/MODEL_FORMAT.md, placeholders by slot. Relation text is the label, or
 * what `relation_text` gives for it. */
typedef str (*lf_relation_text)(void *context, const lf_name *relation, arena *a);
status lf_print_model(const lf_node *form, lf_relation_text relation_text, void *context, arena *a,
                      buf *out);

/* --- looking at and editing forms --------------------------------------------------------------
 */
/* Nodes in the tree; hops on its longest chain. */
size_t lf_size(const lf_node *form);
int lf_hops(const lf_node *form);
bool lf_equal(const lf_node *a, const lf_node *b);
/* Copies with every LF_ENTITY of id `from` replaced (follow-up: another entity). */
const lf_node *lf_swap_entity(arena *a, const lf_node *form, kg_id from, lf_name to);
/* Copies with every step of relation `from` replaced (follow-up: another relation). */
const lf_node *lf_swap_relation(arena *a, const lf_node *form, kg_id from, lf_step to);
/* Calls back with each node, parents first; stops when it returns false. */
typedef bool (*lf_visit)(void *context, const lf_node *node);
void lf_each(const lf_node *form, lf_visit visit, void *context);

const char *lf_op_name(lf_op op);
const char *lf_compare_name(lf_compare c); /* "=", "!=", "<", "<=", ">", ">=", "~", "^" */

#endif
