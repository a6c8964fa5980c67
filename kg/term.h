/* Terms of a graph and their comparable values (plain values, no ownership).
 *
 * A term is an IRI, a blank node or a literal (RDF 1.1 Concepts, section 3). Inside one graph file
 * it has a dictionary id; ids are never shown to users and never compared between graphs.
 *
 * Names made from table cells and JSON keys are IRIs under `urn:vouch:` (KG_IRI_BASE):
 *   entity   urn:vouch:<class>:<text>      e.g. urn:vouch:disease:肺结核  ("e" when no class is
 * known) relation urn:vouch:r:<name>            class  urn:vouch:c:<name>      source-less helpers
 * alike where <text> is percent-encoded only for what RFC 3987 forbids in an IRI. Such an IRI
 * carries its own label: the decoded text behind the third colon, so that no label statement is
 * needed. */
#ifndef VOUCH_KG_TERM_H
#define VOUCH_KG_TERM_H

#include <stdint.h>

#include "core/arena.h"
#include "core/clock.h"
#include "core/str.h"

#define KG_IRI_BASE "urn:vouch:"

/* Datatype of a free text that holds a value of a known kind, "urn:vouch:t:money": its comparable
 * value is the first of that kind in it (number, date, duration, percent, money, bool). */
#define KG_DATATYPE_BASE KG_IRI_BASE "t:"

/* Dictionary id of a term; 0 means none, or any in a pattern. */
typedef uint64_t kg_id;
#define KG_ANY ((kg_id)0)

/* A statement's stable id: 64 bits of XXH3 over its key's canonical text (see kg/statement_id.h);
 * the same in every graph that holds the statement. Printed as 16 lower-case hex digits. */
typedef uint64_t kg_statement_id;

typedef enum kg_term_kind { KG_TERM_IRI = 1, KG_TERM_BLANK = 2, KG_TERM_LITERAL = 3 } kg_term_kind;

typedef enum kg_value_kind {
    KG_VALUE_NONE = 0,
    KG_VALUE_NUMBER,   /* low..high in `unit` (empty: none) */
    KG_VALUE_DATE,     /* low..high in days since 1970-01-01; a year or month is a range */
    KG_VALUE_DURATION, /* low..high in days; `unit` is the unit as written (day, month, year ...) */
    KG_VALUE_PERCENT,  /* low..high, 0-100 */
    KG_VALUE_MONEY,    /* low..high in `unit` (CNY, USD, ...) */
    KG_VALUE_BOOL      /* low = high = 0 or 1 */
} kg_value_kind;

/* The comparable value of a literal. A single value has low == high ("1-2个月" has 30..60). */
typedef struct kg_value {
    kg_value_kind kind;
    double low, high;
    str unit; /* canonical unit symbol, may be empty */
} kg_value;

/* A term as text, without a dictionary. */
typedef struct kg_term {
    kg_term_kind kind;
    str lexical;  /* the IRI; the blank node's label without "_:"; the literal's lexical form */
    str datatype; /* the datatype IRI; empty for plain strings and for rdf:langString */
    str lang;     /* lower-case language tag; empty when none */
} kg_term;

/* The comparable value of a literal: by its datatype when that is numeric, temporal or boolean,
 * else by the shape of its text in Chinese or English ("85%", "1-2个月", "约5000——10000元", "30
 * days", "2023-12-29", "五年"). kind is KG_VALUE_NONE when it has none. Never fails. `unit` is
 * static text or borrowed from the term. */
kg_value kg_value_of(kg_term term);

/* Reads a value out of free text (a question): the first value at or behind `from`; false when
 * there is none. [*start, *end) is its span in `text`. */
bool kg_value_find(str text, size_t from, kg_value *out, size_t *start, size_t *end);

/* The label that an IRI itself carries: for urn:vouch: the decoded text behind the third colon;
 * else the decoded part behind the last '#', '/' or ':'. Allocated in `a` when decoding changes it.
 */
str kg_iri_label(str iri, arena *a);

/* Makes urn:vouch:<class>:<text> in `a` (class empty: "e"). */
str kg_iri_make(str class_name, str text, arena *a);

/* The name in "zh" or "en" of a relation that every graph may use and few name (rdf:type ...);
 * empty for others. */
str kg_common_label(str iri, str lang);

#endif
