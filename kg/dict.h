/* The terms of one load in memory: text -> dense index, with the hash that ids derive from and,
 * once the graph gave one, the dictionary id. Owned by one kg_write, used by one thread. Texts live
 * until kg_dict_free. Inside kg/ only. */
#ifndef VOUCH_KG_DICT_H
#define VOUCH_KG_DICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kg/term.h"

enum {
    KG_DICT_EXISTED = 1,    /* the graph held it before this write */
    KG_DICT_LABEL = 2,      /* a predicate whose objects are primary labels */
    KG_DICT_ALIAS = 4,      /* a predicate whose objects are aliases */
    KG_DICT_NODE = 8,       /* occurs as subject, predicate or object */
    KG_DICT_TYPE = 16,      /* rdf:type */
    KG_DICT_VALUE_SHIFT = 5 /* a literal's kg_value_kind, in the upper three bits */
};

typedef struct kg_dict_entry {
    uint64_t hash;    /* kg_term_hash */
    const char *text; /* lexical form */
    uint32_t length;
    uint32_t id;       /* in the graph; 0 until resolved */
    uint32_t datatype; /* index of kg_dict_datatype; 0 none */
    uint16_t lang;     /* index of kg_dict_lang; 0 none */
    uint8_t kind;
    uint8_t flags;
} kg_dict_entry;

typedef struct kg_dict kg_dict;

kg_dict *kg_dict_new(void);
void kg_dict_free(kg_dict *dict); /* accepts NULL */
/* Index of the term (xsd:string is dropped, the language lower-cased); SIZE_MAX when out of
 * memory or numbers. */
size_t kg_dict_add(kg_dict *dict, kg_term term);
size_t kg_dict_count(const kg_dict *dict);
/* Valid until the next kg_dict_add. */
kg_dict_entry *kg_dict_at(kg_dict *dict, size_t index);
kg_term kg_dict_term(const kg_dict *dict, size_t index);
str kg_dict_datatype(const kg_dict *dict, size_t index);
size_t kg_dict_datatypes(const kg_dict *dict);

#endif
