/* See dict.h. Open addressing over entry numbers, at most half full; the upper bits of the hash
 * beside the number spare most visits to the entries. */
#include "kg/dict.h"

#include <stdlib.h>

#include "core/arena.h"
#include "kg/internal.h"
#include "kg/statement_id.h"

typedef struct slot {
    uint32_t entry; /* 0 = free, else index + 1 */
    uint32_t tag;   /* upper half of the hash */
} slot;

typedef struct names { /* datatypes or languages: few, so a list */
    str *items;
    size_t count, capacity, last;
} names;

struct kg_dict {
    kg_dict_entry *entries;
    size_t count, capacity;
    slot *slots;
    size_t slot_count;
    names datatypes, langs;
    arena *texts;
};

kg_dict *kg_dict_new(void)
{
    kg_dict *dict = calloc(1, sizeof *dict);
    if (dict == NULL)
        return NULL;
    dict->slot_count = 4096;
    dict->slots = calloc(dict->slot_count, sizeof *dict->slots);
    dict->texts = arena_new(0);
    if (dict->slots == NULL || dict->texts == NULL) {
        kg_dict_free(dict);
        return NULL;
    }
    return dict;
}

void kg_dict_free(kg_dict *dict)
{
    if (dict == NULL)
        return;
    free(dict->entries);
    free(dict->slots);
    free(dict->datatypes.items);
    free(dict->langs.items);
    arena_free(dict->texts);
    free(dict);
}

/* 1-based number of a name; 0 for the empty one; SIZE_MAX on failure. */
static size_t number_name(names *list, str name, size_t most, arena *texts)
{
    if (name.length == 0)
        return 0;
    if (list->last > 0 && str_equal(list->items[list->last - 1], name))
        return list->last;
    for (size_t i = 0; i < list->count; i++)
        if (str_equal(list->items[i], name))
            return list->last = i + 1;
    if (list->count == list->capacity) {
        size_t wider = list->capacity == 0 ? 16 : list->capacity * 2;
        str *items = realloc(list->items, wider * sizeof *items);
        if (items == NULL)
            return SIZE_MAX;
        list->items = items;
        list->capacity = wider;
    }
    str copy = arena_str(texts, name);
    if (list->count >= most || copy.data == NULL)
        return SIZE_MAX;
    list->items[list->count++] = copy;
    return list->last = list->count;
}

static bool grow_slots(kg_dict *dict)
{
    size_t wider = dict->slot_count * 2, mask = wider - 1;
    slot *slots = calloc(wider, sizeof *slots);
    if (slots == NULL)
        return false;
    for (size_t i = 0; i < dict->count; i++) {
        uint64_t hash = dict->entries[i].hash;
        size_t at = (size_t)hash & mask;
        while (slots[at].entry != 0)
            at = (at + 1) & mask;
        slots[at] = (slot){(uint32_t)i + 1, (uint32_t)(hash >> 32)};
    }
    free(dict->slots);
    dict->slots = slots;
    dict->slot_count = wider;
    return true;
}

static bool grow_entries(kg_dict *dict)
{
    size_t wider = dict->capacity == 0 ? 1024 : dict->capacity + dict->capacity / 2;
    kg_dict_entry *entries = realloc(dict->entries, wider * sizeof *entries);
    if (entries == NULL)
        return false;
    dict->entries = entries;
    dict->capacity = wider;
    return true;
}

static bool same(const kg_dict *dict, const kg_dict_entry *entry, kg_term term)
{
    return entry->kind == term.kind && entry->length == term.lexical.length &&
           (entry->length == 0 || memcmp(entry->text, term.lexical.data, entry->length) == 0) &&
           (entry->kind != KG_TERM_LITERAL ||
            (str_equal(kg_dict_datatype(dict, entry->datatype), term.datatype) &&
             str_equal(entry->lang == 0 ? str_make(NULL, 0) : dict->langs.items[entry->lang - 1],
                       term.lang)));
}

static size_t add_new(kg_dict *dict, kg_term term, uint64_t hash, size_t at)
{
    size_t datatype = number_name(&dict->datatypes, term.datatype, UINT32_MAX, dict->texts);
    size_t lang = number_name(&dict->langs, term.lang, UINT16_MAX, dict->texts);
    if (dict->count >= UINT32_MAX - 1 || term.lexical.length > UINT32_MAX || datatype == SIZE_MAX ||
        lang == SIZE_MAX || (dict->count == dict->capacity && !grow_entries(dict)))
        return SIZE_MAX;
    char *text = arena_alloc(dict->texts, term.lexical.length);
    if (text == NULL)
        return SIZE_MAX;
    if (term.lexical.length > 0)
        memcpy(text, term.lexical.data, term.lexical.length);
    uint8_t flags = 0;
    if (term.kind == KG_TERM_IRI) {
        int label = kg_label_predicate(term.lexical);
        flags = label == KG_LABEL_PRIMARY ? KG_DICT_LABEL : label != 0 ? KG_DICT_ALIAS : 0;
        if (str_equal(term.lexical, STR(KG_RDF_TYPE)))
            flags |= KG_DICT_TYPE;
    }
    dict->entries[dict->count] = (kg_dict_entry){.hash = hash,
                                                 .text = text,
                                                 .length = (uint32_t)term.lexical.length,
                                                 .datatype = (uint32_t)datatype,
                                                 .lang = (uint16_t)lang,
                                                 .kind = (uint8_t)term.kind,
                                                 .flags = flags};
    dict->slots[at] = (slot){(uint32_t)dict->count + 1, (uint32_t)(hash >> 32)};
    return dict->count++;
}

size_t kg_dict_add(kg_dict *dict, kg_term term)
{
    char lang[64];
    if (term.lang.length > 0 || str_equal(term.datatype, STR(KG_XSD "string")))
        term.datatype = str_make(NULL, 0);
    if (term.kind != KG_TERM_LITERAL)
        term.lang = term.datatype = str_make(NULL, 0);
    if (term.lang.length > 0 && term.lang.length <= sizeof lang) {
        for (size_t i = 0; i < term.lang.length; i++) {
            char c = term.lang.data[i];
            lang[i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
        }
        term.lang.data = lang;
    }
    if (dict->count * 2 >= dict->slot_count && !grow_slots(dict))
        return SIZE_MAX;
    uint64_t hash = kg_term_hash(term);
    size_t mask = dict->slot_count - 1, at = (size_t)hash & mask;
    for (; dict->slots[at].entry != 0; at = (at + 1) & mask) {
        if (dict->slots[at].tag != (uint32_t)(hash >> 32))
            continue;
        const kg_dict_entry *entry = &dict->entries[dict->slots[at].entry - 1];
        if (entry->hash == hash && same(dict, entry, term))
            return dict->slots[at].entry - 1;
    }
    return add_new(dict, term, hash, at);
}

size_t kg_dict_count(const kg_dict *dict)
{
    return dict->count;
}

kg_dict_entry *kg_dict_at(kg_dict *dict, size_t index)
{
    return &dict->entries[index];
}

str kg_dict_datatype(const kg_dict *dict, size_t index)
{
    return index == 0 ? str_make(NULL, 0) : dict->datatypes.items[index - 1];
}

size_t kg_dict_datatypes(const kg_dict *dict)
{
    return dict->datatypes.count;
}

kg_term kg_dict_term(const kg_dict *dict, size_t index)
{
    const kg_dict_entry *e = &dict->entries[index];
    return (kg_term){(kg_term_kind)e->kind, str_make(e->text, e->length),
                     kg_dict_datatype(dict, e->datatype),
                     e->lang == 0 ? str_make(NULL, 0) : dict->langs.items[e->lang - 1]};
}
