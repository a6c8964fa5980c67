/* See knowledge.h. A relation's phrases come from its own labels in the graph, from the pack's
 * entry for it, and from the shared concepts whose names are like its own: the better the likeness,
 * the more an inherited phrase weighs. */
#include "retriever/knowledge.h"

#include <stdlib.h>

#include "core/buf.h"
#include "kg/pack.h"
#include "retriever/concept_book.h"

#define LEAST_LIKENESS 0.62f
#define CONCEPTS_PER_RELATION 3
#define RELATIONS_WITH_CONCEPTS 6000
#define TOKENS_KEPT ((size_t)1 << 18)
#define MOST_JOINED 128
#define LABEL_BACKWARD 0.8f /* a relation's own name, used from the object's side */

typedef struct maker {
    kg_read *read;
    const graph_index *index;
    const struct pack *pack;
    knowledge *k;
    error *err;
    arena *scratch;
    arena *tokens; /* of the text being cut; emptied now and then */
    concept_list concepts;
    concept_book book;
    buf book_made;
    uint8_t *wanted;   /* per concept: 1 = a relation of the graph has a word with it in common */
    phrasebook *names; /* of those; target = concept */
    str broader;       /* schemas/broader.tsv */
    uint8_t *recorded; /* per concept: 1 = some relation of the graph is it */
    uint32_t *chosen;  /* per relation and rank: concept + 1 */
    float *likeness;
    retriever_relation *relations;
    retriever_alias *aliases; /* of the relation being built */
    size_t alias_count, alias_capacity;
} maker;

/* --- concepts ----------------------------------------------------------------------------------
 */
static status cut(maker *m, str text, phrasebook_grams *out)
{
    if (arena_used(m->tokens) > TOKENS_KEPT)
        arena_reset(m->tokens);
    return phrasebook_cut(text, m->tokens, m->scratch, out, m->err);
}

/* The book that was linked in, or, for another table, one made now. */
static status open_concepts(maker *m, str text)
{
    status s = concept_list_read(text, m->scratch, &m->concepts, m->err);
    if (s != STATUS_OK)
        return s;
    if (!concept_book_open(concept_book_builtin(), text, &m->book)) {
        s = concept_book_make(text, &m->book_made, m->err);
        if (s == STATUS_OK && !concept_book_open(buf_str(&m->book_made), text, &m->book))
            s = error_memory(m->err);
    }
    if (s == STATUS_OK)
        s = phrasebook_preset(m->k->steps, &m->book.said, m->err);
    if (s == STATUS_OK)
        s = phrasebook_preset(m->names, &m->book.names, m->err);
    m->wanted = ARENA_ARRAY(m->scratch, uint8_t, m->concepts.count + 1);
    m->recorded = ARENA_ARRAY(m->scratch, uint8_t, m->concepts.count + 1);
    if (s == STATUS_OK && (m->wanted == NULL || m->recorded == NULL))
        s = error_memory(m->err);
    return s;
}

/* "plays_in_club_inverse" is the other side of plays_in_club. */
static str without_inverse(str name, bool *inverse)
{
    size_t at = str_find(name, STR("inverse"), 0);
    if (at == STR_NONE || at == 0)
        return name;
    *inverse = true;
    return str_slice(name, 0, at);
}

/* Marks the concepts that have a word with one of the relation's names in common. */
static status gather_concepts(maker *m)
{
    for (size_t i = 0; i < m->alias_count; i++) {
        phrasebook_grams name = {0};
        bool ignored = false;
        if (m->aliases[i].inverse)
            continue;
        status s = cut(m, without_inverse(m->aliases[i].text, &ignored), &name);
        if (s != STATUS_OK)
            return s;
        for (size_t g = 0; g < name.count * 2; g++) {
            size_t count = 0;
            const uint16_t *ids =
                concept_book_find(&m->book, phrasebook_key(name, g / 2, g % 2 == 1), &count);
            for (size_t k = 0; k < count; k++)
                m->wanted[ids[k]] = 1;
        }
    }
    return STATUS_OK;
}

/* Names of the marked concepts go into the name book. */
static status index_concepts(maker *m)
{
    status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < m->concepts.count; i++) {
        concept *c = &m->concepts.items[i];
        if (!m->wanted[i])
            continue;
        s = concept_cut(c, m->tokens, m->scratch, m->err);
        for (size_t n = 0; n < CONCEPT_NAME_COLUMNS; n++) {
            concept_column column = concept_name_columns[n];
            for (size_t k = 0; s == STATUS_OK && k < c->cut_count[column]; k++)
                s = phrasebook_place(m->names, (uint32_t)i, concept_name_weight(n),
                                     c->cut[column][k], m->err);
        }
    }
    return s == STATUS_OK ? phrasebook_seal(m->names, m->err) : s;
}

/* --- aliases of one relation -------------------------------------------------------------------
 */
static status add_alias(maker *m, str text, str lang, bool inverse, float weight)
{
    if (str_empty(text) || weight <= 0)
        return STATUS_OK;
    for (size_t i = 0; i < m->alias_count; i++)
        if (m->aliases[i].inverse == inverse && str_equal(m->aliases[i].text, text)) {
            if (m->aliases[i].weight < weight)
                m->aliases[i].weight = weight;
            return STATUS_OK;
        }
    if (m->alias_count == m->alias_capacity) {
        size_t more = m->alias_capacity == 0 ? 32 : m->alias_capacity * 2;
        retriever_alias *grown = ARENA_ARRAY(m->scratch, retriever_alias, more);
        if (grown == NULL)
            return error_memory(m->err);
        if (m->alias_count > 0)
            memcpy(grown, m->aliases, m->alias_count * sizeof *grown);
        m->aliases = grown;
        m->alias_capacity = more;
    }
    str kept = arena_str(m->k->memory, text);
    str kept_lang = arena_str(m->k->memory, lang);
    if (kept.data == NULL || kept_lang.data == NULL)
        return error_memory(m->err);
    m->aliases[m->alias_count++] = (retriever_alias){kept, kept_lang, inverse, weight};
    return STATUS_OK;
}

static status add_cell(maker *m, str cell, const char *lang, bool inverse, float weight)
{
    str phrase;
    status s = STATUS_OK;
    while (s == STATUS_OK && concept_next_phrase(&cell, &phrase))
        s = add_alias(m, phrase, str_from(lang), inverse, weight);
    return s;
}

static str first_word_of(str cell)
{
    size_t slash = str_find(cell, STR("/"), 0);
    return slash == STR_NONE ? cell : str_slice(cell, 0, slash);
}

static status inherit(maker *m, retriever_relation *r, const concept *c, float likeness,
                      bool inverse)
{
    const float w = likeness;
    const str *t = c->columns;
    status s = add_cell(m, t[CONCEPT_EN_LABEL], "en", inverse, 0.95f * w);
    if (s == STATUS_OK)
        s = add_cell(m, t[CONCEPT_EN_ALIASES], "en", inverse, 0.9f * w);
    if (s == STATUS_OK)
        s = add_cell(m, t[CONCEPT_ZH_LABEL], "zh", inverse, 0.95f * w);
    if (s == STATUS_OK)
        s = add_cell(m, t[CONCEPT_ZH_ALIASES], "zh", inverse, 0.9f * w);
    if (s == STATUS_OK)
        s = add_cell(m, t[CONCEPT_EN_FORWARD], "en", inverse, 0.9f * w);
    if (s == STATUS_OK)
        s = add_cell(m, t[CONCEPT_ZH_FORWARD], "zh", inverse, 0.9f * w);
    if (s == STATUS_OK)
        s = add_cell(m, t[CONCEPT_EN_INVERSE], "en", !inverse, 0.9f * w);
    if (s == STATUS_OK)
        s = add_cell(m, t[CONCEPT_ZH_INVERSE], "zh", !inverse, 0.9f * w);
    str *subject = inverse ? &r->object_type : &r->subject_type;
    str *object = inverse ? &r->subject_type : &r->object_type;
    if (str_empty(*subject))
        *subject = arena_str(m->k->memory, first_word_of(t[CONCEPT_DOMAIN]));
    if (str_empty(*object))
        *object = arena_str(m->k->memory, first_word_of(t[CONCEPT_RANGE]));
    return s;
}

/* The phrases of some columns of a concept in one row, as far as a row goes. */
static phrasebook_grams joined(maker *m, const concept *c, const concept_column *columns,
                               size_t count)
{
    size_t n = 0;
    phrasebook_grams *parts = ARENA_ARRAY(m->tokens, phrasebook_grams, MOST_JOINED);
    for (size_t i = 0; parts != NULL && i < count; i++)
        for (size_t k = 0; k < c->cut_count[columns[i]] && n < MOST_JOINED; k++)
            parts[n++] = c->cut[columns[i]][k];
    return phrasebook_join(parts, n, m->tokens);
}

/* How well a name of a relation names a concept: the concept's words (names, then phrases) must
 * hold the name's, and one of the concept's names must be held by it. */
static float concept_likeness(maker *m, phrasebook_grams name, float weight, const concept *c)
{
    static const concept_column all[] = {CONCEPT_EN_LABEL,   CONCEPT_EN_ALIASES,
                                         CONCEPT_ZH_LABEL,   CONCEPT_ZH_ALIASES,
                                         CONCEPT_EN_FORWARD, CONCEPT_ZH_FORWARD};
    float covered = 0;
    for (size_t n = 0; n < CONCEPT_NAME_COLUMNS; n++)
        for (size_t k = 0; k < c->cut_count[concept_name_columns[n]]; k++) {
            float cover = phrasebook_cover(m->k->steps, c->cut[concept_name_columns[n]][k], name) *
                          (n % 2 == 0 ? 1.0f : 0.96f);
            covered = cover > covered ? cover : covered;
        }
    if (covered < LEAST_LIKENESS)
        return 0;
    float named = phrasebook_cover(m->k->steps, name,
                                   joined(m, c, concept_name_columns, CONCEPT_NAME_COLUMNS));
    float said = 0.92f * phrasebook_cover(m->k->steps, name, joined(m, c, all, CORE_COUNT(all)));
    return covered * (named > said ? named : said) * weight;
}

/* Concepts whose names are like this relation's own names. */
static status inherit_concepts(maker *m, retriever_relation *r)
{
    struct {
        uint32_t concept;
        float likeness;
    } best[CONCEPTS_PER_RELATION] = {{0, 0}};
    size_t own = m->alias_count;
    bool inverse_name = false;
    for (size_t i = 0; i < own; i++) {
        text_tokens tokens = {0};
        phrasebook_grams name = {0};
        phrasebook_hit *hits = NULL;
        size_t count = 0;
        if (m->aliases[i].inverse)
            continue;
        retriever_alias plain = m->aliases[i];
        plain.text = without_inverse(plain.text, &inverse_name);
        status s = cut(m, plain.text, &name);
        if (s == STATUS_OK)
            s = text_tokenise(plain.text, true, m->tokens, &tokens, m->err);
        if (s == STATUS_OK)
            s = phrasebook_match(m->names, &tokens, NULL, 0.3f, 1, m->tokens, &hits, &count,
                                 m->err);
        if (s != STATUS_OK)
            return s;
        for (size_t h = 0; h < count && h < 12; h++) {
            float likeness =
                concept_likeness(m, name, plain.weight, &m->concepts.items[hits[h].target]);
            for (size_t b = 0; b < CONCEPTS_PER_RELATION; b++) {
                if (best[b].concept == hits[h].target && best[b].likeness >= likeness)
                    break;
                if (likeness <= best[b].likeness)
                    continue;
                size_t end = CONCEPTS_PER_RELATION - 1;
                for (size_t e = b; e < CONCEPTS_PER_RELATION; e++)
                    if (best[e].concept == hits[h].target && best[e].likeness > 0) {
                        end = e;
                        break;
                    }
                memmove(&best[b + 1], &best[b], (end - b) * sizeof best[0]);
                best[b].concept = hits[h].target;
                best[b].likeness = likeness;
                break;
            }
        }
    }
    for (size_t b = 0; b < CONCEPTS_PER_RELATION; b++) {
        if (best[b].likeness < LEAST_LIKENESS || best[b].likeness < best[0].likeness * 0.85f)
            continue;
        size_t at = (size_t)(r - m->relations) * CONCEPTS_PER_RELATION + b;
        m->chosen[at] = best[b].concept + 1;
        m->likeness[at] = inverse_name ? -best[b].likeness : best[b].likeness;
        m->recorded[best[b].concept] = 1;
    }
    return STATUS_OK;
}

static const concept *concept_named(const maker *m, str id, size_t *at)
{
    for (*at = 0; *at < m->concepts.count; (*at)++)
        if (str_equal(m->concepts.items[*at].columns[CONCEPT_ID], id))
            return &m->concepts.items[*at];
    return NULL;
}

/* Phrases of the narrower concepts that the graph does not record by themselves. */
static status inherit_narrower(maker *m, retriever_relation *r, const concept *c, float likeness,
                               bool inverse)
{
    str rest = m->broader, line, narrow;
    status s = STATUS_OK;
    while (s == STATUS_OK && str_split(&rest, '\n', &line)) {
        size_t at;
        if (str_empty(line) || line.data[0] == '#' || !str_split(&line, '\t', &narrow) ||
            !str_equal(str_trim(line), c->columns[CONCEPT_ID]))
            continue;
        const concept *n = concept_named(m, narrow, &at);
        if (n != NULL && !m->recorded[at])
            s = inherit(m, r, n, likeness * 0.9f, inverse);
    }
    return s;
}

/* The phrases of the concepts that were chosen for a relation. */
static status inherit_chosen(maker *m, uint32_t relation)
{
    retriever_relation *r = &m->relations[relation];
    status s = STATUS_OK;
    for (size_t b = 0; s == STATUS_OK && b < CONCEPTS_PER_RELATION; b++) {
        size_t at = (size_t)relation * CONCEPTS_PER_RELATION + b;
        bool inverse = m->likeness[at] < 0;
        float likeness = inverse ? -m->likeness[at] : m->likeness[at];
        if (m->chosen[at] == 0)
            continue;
        const concept *c = &m->concepts.items[m->chosen[at] - 1];
        s = inherit(m, r, c, likeness, inverse);
        if (s == STATUS_OK)
            s = inherit_narrower(m, r, c, likeness, inverse);
    }
    return s;
}

/* --- the pack's say ----------------------------------------------------------------------------
 */
static status add_texts(maker *m, pack_texts texts, bool inverse, float weight)
{
    status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < texts.count; i++)
        s = add_alias(m, texts.items[i].text, texts.items[i].lang, inverse, weight);
    return s;
}

static status from_pack(maker *m, retriever_relation *r)
{
    size_t count = 0;
    const pack_relation *all = pack_relations(m->pack, &count);
    size_t at = pack_relation_find(m->pack, r->iri, r->label);
    if (at == PACK_NONE || at >= count)
        return STATUS_OK;
    const pack_relation *p = &all[at];
    r->complete = p->complete;
    r->functional = p->functional;
    r->symmetric = p->symmetric;
    r->transitive = p->transitive;
    r->naming = r->naming || p->hidden;
    status s = add_texts(m, p->labels, false, 1);
    if (s == STATUS_OK)
        s = add_texts(m, p->aliases, false, 1);
    if (s == STATUS_OK)
        s = add_texts(m, p->inverse_labels, true, 1);
    if (s == STATUS_OK)
        s = add_texts(m, p->inverse_aliases, true, 1);
    if (s == STATUS_OK)
        s = add_texts(m, p->examples, false, 0.95f);
    if (s == STATUS_OK)
        s = add_texts(m, p->inverse_examples, true, 0.95f);
    size_t classes = 0;
    const pack_class *c = pack_classes(m->pack, &classes);
    if (p->domain_count > 0)
        r->subject_type = c[p->domain[0]].id;
    if (p->range_count > 0)
        r->object_type = c[p->range[0]].id;
    return s;
}

/* --- relations ---------------------------------------------------------------------------------
 */
static bool is_bookkeeping(str iri)
{
    static const char *const iris[] = {"http://www.w3.org/2000/01/rdf-schema#label",
                                       "http://www.w3.org/2004/02/skos/core#prefLabel",
                                       "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"};
    for (size_t i = 0; i < CORE_COUNT(iris); i++)
        if (str_equal(iri, str_from(iris[i])))
            return true;
    return false;
}

static status own_labels(maker *m, retriever_relation *r)
{
    kg_label *labels = NULL;
    size_t count = 0;
    status s = kg_label_list(m->read, r->id, m->scratch, &labels, &count, m->err);
    for (size_t i = 0; s == STATUS_OK && i < count; i++)
        s = add_alias(m, labels[i].text, labels[i].lang, false, 1);
    if (s == STATUS_OK)
        s = add_alias(m, r->label, (str){0}, false, 1);
    if (s == STATUS_OK && !str_empty(r->iri))
        s = add_alias(m, kg_iri_label(r->iri, m->scratch), (str){0}, false, 0.95f);
    return s;
}

static const char *value_type(kg_value_kind kind)
{
    switch (kind) {
    case KG_VALUE_DATE:
        return "date";
    case KG_VALUE_DURATION:
        return "duration";
    case KG_VALUE_MONEY:
        return "money";
    case KG_VALUE_PERCENT:
    case KG_VALUE_NUMBER:
        return "number";
    default:
        return "";
    }
}

static status finish_relation(maker *m, retriever_relation *r, uint32_t i)
{
    retriever_alias *kept = ARENA_ARRAY(m->k->memory, retriever_alias, m->alias_count + 1);
    if (kept == NULL)
        return error_memory(m->err);
    if (m->alias_count > 0)
        memcpy(kept, m->aliases, m->alias_count * sizeof *kept);
    r->aliases = kept;
    r->alias_count = m->alias_count;
    status s = STATUS_OK;
    for (size_t k = 0; s == STATUS_OK && k < r->alias_count; k++) {
        const retriever_alias *al = &kept[k];
        phrasebook_grams grams = {0};
        s = cut(m, al->text, &grams);
        if (s == STATUS_OK)
            s = phrasebook_add(m->k->steps, step_of(i, al->inverse), al->weight, grams, m->err);
        bool phrase = str_find(al->text, STR("{"), 0) != STR_NONE;
        if (s == STATUS_OK && !phrase)
            s = phrasebook_add(m->k->steps, step_of(i, !al->inverse), al->weight * LABEL_BACKWARD,
                               grams, m->err);
    }
    return s;
}

/* Of building the relations: which concepts may be meant; which are; all that is said of them. */
typedef enum stage { GATHER, CHOOSE, FINISH } stage;

static status build_relation(maker *m, uint32_t i, const kg_relation *stats, size_t stat_count,
                             bool with_concepts, stage now)
{
    retriever_relation *r = &m->relations[i];
    r->id = index_relation_id(m->index, i);
    kg_term term;
    status s = kg_terms(m->read, &r->id, 1, m->k->memory, &term, m->err);
    if (s == STATUS_OK)
        s = kg_labels(m->read, &r->id, 1, (str){0}, m->k->memory, &r->label, m->err);
    if (s != STATUS_OK)
        return s;
    r->iri = term.lexical;
    r->naming = is_bookkeeping(r->iri);
    for (size_t k = 0; k < stat_count; k++)
        if (stats[k].id == r->id)
            r->stats = stats[k];
    m->aliases = NULL;
    m->alias_count = m->alias_capacity = 0;
    if (m->pack != NULL)
        s = from_pack(m, r);
    if (s == STATUS_OK)
        s = own_labels(m, r);
    if (s == STATUS_OK && now != FINISH)
        return now == GATHER ? gather_concepts(m) : inherit_concepts(m, r);
    if (s == STATUS_OK && with_concepts)
        s = inherit_chosen(m, i);
    if (r->stats.literal_share > 0.5 && r->stats.value_kind != KG_VALUE_NONE)
        r->object_type = str_from(value_type(r->stats.value_kind));
    return s == STATUS_OK ? finish_relation(m, r, i) : s;
}

static void find_inverses(maker *m)
{
    size_t count = 0;
    const pack_relation *all = m->pack == NULL ? NULL : pack_relations(m->pack, &count);
    size_t n = m->k->schema.relation_count;
    for (size_t i = 0; i < n && all != NULL; i++) {
        size_t at = pack_relation_find(m->pack, m->relations[i].iri, m->relations[i].label);
        if (at == PACK_NONE || all[at].inverse == PACK_NONE)
            continue;
        for (size_t k = 0; k < n; k++)
            if (pack_relation_find(m->pack, m->relations[k].iri, m->relations[k].label) ==
                all[at].inverse)
                m->relations[i].inverse_of = m->relations[k].id;
    }
}

static status build_relations(maker *m)
{
    kg_relation *stats = NULL;
    size_t stat_count = 0, n = index_relation_count(m->index);
    status s = kg_relations(m->read, m->k->memory, &stats, &stat_count, m->err);
    m->relations = ARENA_ARRAY(m->k->memory, retriever_relation, n + 1);
    if (s == STATUS_OK && m->relations == NULL)
        s = error_memory(m->err);
    m->chosen = ARENA_ARRAY(m->scratch, uint32_t, n * CONCEPTS_PER_RELATION + 1);
    m->likeness = ARENA_ARRAY(m->scratch, float, n *CONCEPTS_PER_RELATION + 1);
    if (m->chosen == NULL || m->likeness == NULL)
        return error_memory(m->err);
    bool with_concepts = n <= RELATIONS_WITH_CONCEPTS;
    for (uint32_t i = 0; s == STATUS_OK && with_concepts && i < n; i++)
        s = build_relation(m, i, stats, stat_count, true, GATHER);
    if (s == STATUS_OK)
        s = index_concepts(m);
    for (uint32_t i = 0; s == STATUS_OK && with_concepts && i < n; i++)
        s = build_relation(m, i, stats, stat_count, true, CHOOSE);
    for (uint32_t i = 0; s == STATUS_OK && i < n; i++) {
        s = build_relation(m, i, stats, stat_count, with_concepts, FINISH);
        const str iri = m->relations[i].iri;
        if (str_equal(iri, STR("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")))
            m->k->schema.type_relation = m->relations[i].id;
        if (str_equal(iri, STR("http://www.w3.org/2000/01/rdf-schema#subClassOf")))
            m->k->schema.subclass_relation = m->relations[i].id;
    }
    m->k->schema.relations = m->relations;
    m->k->schema.relation_count = n;
    if (s == STATUS_OK && n <= RELATIONS_WITH_CONCEPTS)
        find_inverses(m);
    return s;
}

/* --- classes -----------------------------------------------------------------------------------
 */
static status build_class(maker *m, retriever_class *c, const kg_class_count *count, uint32_t i)
{
    kg_term term;
    kg_label *labels = NULL;
    size_t n = 0;
    c->id = count->class_id;
    c->members = count->count;
    status s = kg_terms(m->read, &c->id, 1, m->k->memory, &term, m->err);
    if (s == STATUS_OK)
        s = kg_labels(m->read, &c->id, 1, (str){0}, m->k->memory, &c->label, m->err);
    if (s == STATUS_OK)
        s = kg_label_list(m->read, c->id, m->scratch, &labels, &n, m->err);
    if (s != STATUS_OK)
        return s;
    c->iri = term.lexical;
    m->aliases = NULL;
    m->alias_count = m->alias_capacity = 0;
    s = add_alias(m, c->label, (str){0}, false, 1);
    for (size_t k = 0; s == STATUS_OK && k < n; k++)
        s = add_alias(m, labels[k].text, labels[k].lang, false, 1);
    size_t classes = 0;
    const pack_class *pc = m->pack == NULL ? NULL : pack_classes(m->pack, &classes);
    size_t at = pc == NULL ? PACK_NONE : pack_class_find(m->pack, c->iri, c->label);
    if (s == STATUS_OK && at != PACK_NONE && at < classes) {
        s = add_texts(m, pc[at].labels, false, 1);
        if (s == STATUS_OK)
            s = add_texts(m, pc[at].aliases, false, 0.95f);
    }
    retriever_alias *kept = ARENA_ARRAY(m->k->memory, retriever_alias, m->alias_count + 1);
    if (kept == NULL)
        return error_memory(m->err);
    for (size_t k = 0; s == STATUS_OK && k < m->alias_count; k++) {
        kept[k] = m->aliases[k];
        phrasebook_grams grams = {0};
        s = cut(m, kept[k].text, &grams);
        if (s == STATUS_OK)
            s = phrasebook_add(m->k->classes, i, kept[k].weight, grams, m->err);
    }
    c->aliases = kept;
    c->alias_count = m->alias_count;
    return s;
}

static status build_classes(maker *m)
{
    kg_class_count *counts = NULL;
    size_t n = 0;
    status s = kg_classes(m->read, m->scratch, &counts, &n, m->err);
    if (n > 4096)
        n = 4096;
    retriever_class *classes = ARENA_ARRAY(m->k->memory, retriever_class, n + 1);
    if (s == STATUS_OK && classes == NULL)
        s = error_memory(m->err);
    for (uint32_t i = 0; s == STATUS_OK && i < n; i++)
        s = build_class(m, &classes[i], &counts[i], i);
    m->k->schema.classes = classes;
    m->k->schema.class_count = n;
    return s;
}

/* --- whole -------------------------------------------------------------------------------------
 */
void knowledge_free(knowledge *k)
{
    if (k == NULL)
        return;
    phrasebook_free(k->steps);
    phrasebook_free(k->classes);
    arena_free(k->memory);
    free(k);
}

static status run(maker *m, str concepts)
{
    status s = open_concepts(m, concepts);
    if (s == STATUS_OK)
        s = build_relations(m);
    if (s == STATUS_OK)
        s = build_classes(m);
    if (s == STATUS_OK)
        s = nicknames_build(m->pack, m->k->memory, &m->k->nicknames, m->err);
    if (s == STATUS_OK)
        s = phrasebook_seal(m->k->steps, m->err);
    if (s == STATUS_OK)
        s = phrasebook_seal(m->k->classes, m->err);
    return s;
}

status knowledge_build(kg_read *read, const graph_index *index, const struct pack *domain,
                       str concepts, str broader, knowledge **out, error *err)
{
    knowledge *k = calloc(1, sizeof *k);
    maker m = {
        .read = read, .index = index, .pack = domain, .k = k, .err = err, .broader = broader};
    if (k == NULL)
        return error_memory(err);
    k->memory = arena_new(0);
    k->steps = phrasebook_new();
    k->classes = phrasebook_new();
    m.scratch = arena_new(0);
    m.tokens = arena_new(0);
    m.names = phrasebook_new();
    status s = k->memory == NULL || k->steps == NULL || k->classes == NULL || m.scratch == NULL ||
                       m.tokens == NULL || m.names == NULL
                   ? error_memory(err)
                   : run(&m, concepts);
    phrasebook_free(m.names);
    buf_free(&m.book_made);
    arena_free(m.scratch);
    arena_free(m.tokens);
    if (s != STATUS_OK) {
        knowledge_free(k);
        return s;
    }
    *out = k;
    return STATUS_OK;
}

const retriever_relation *retriever_schema_relation(const retriever_schema *schema, kg_id id)
{
    size_t low = 0, high = schema->relation_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (schema->relations[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < schema->relation_count && schema->relations[low].id == id ? &schema->relations[low]
                                                                           : NULL;
}

const retriever_class *retriever_schema_class(const retriever_schema *schema, kg_id id)
{
    for (size_t i = 0; i < schema->class_count; i++)
        if (schema->classes[i].id == id)
            return &schema->classes[i];
    return NULL;
}
