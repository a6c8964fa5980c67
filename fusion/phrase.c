/* See phrase.h. */
#include "fusion/phrase.h"

#include <stdio.h>

#include "core/utf8.h"

str phrase_fill(const phrase_context *c, const char *key, const template_var *vars)
{
    return template_str(c->templates, key, c->lang, vars, c->a);
}

static str fill_text(const phrase_context *c, str text, const template_var *vars)
{
    buf out = {0};
    template_fill_text(text, vars, &out);
    str copy = out.failed ? str_make(NULL, 0) : arena_str(c->a, buf_str(&out));
    buf_free(&out);
    return copy;
}

static str number(const phrase_context *c, size_t n)
{
    return str_from(arena_printf(c->a, "%zu", n));
}

str phrase_label(const phrase_context *c, kg_id id)
{
    str label = {0};
    error ignored = {0};
    if (id == 0 || kg_labels(c->read, &id, 1, c->lang, c->a, &label, &ignored) != STATUS_OK)
        return (str){0};
    return label;
}

const pack_relation *phrase_pack_relation(const phrase_context *c, kg_id relation)
{
    kg_term term;
    error ignored = {0};
    if (c->pack == NULL || relation == 0 ||
        kg_terms(c->read, &relation, 1, c->a, &term, &ignored) != STATUS_OK)
        return NULL;
    size_t count, i = pack_relation_find(c->pack, term.lexical, phrase_label(c, relation));
    const pack_relation *relations = pack_relations(c->pack, &count);
    return i == PACK_NONE ? NULL : &relations[i];
}

/* An alias of the schema in the answer's language, when the label is in another. */
static str schema_name(const phrase_context *c, kg_id id, str label, bool inverse)
{
    const retriever_relation *r =
        c->schema == NULL ? NULL : retriever_schema_relation(c->schema, id);
    bool zh = str_equal(c->lang, STR("zh"));
    if (r == NULL || (!inverse && utf8_has_han(label.data, label.length) == zh))
        return label;
    for (size_t i = 0; i < r->alias_count; i++)
        if (r->aliases[i].inverse == inverse && r->aliases[i].weight >= 1 &&
            str_equal(r->aliases[i].lang, c->lang))
            return r->aliases[i].text;
    return inverse ? str_make(NULL, 0) : label;
}

str phrase_relation(const phrase_context *c, const lf_name *relation, bool inverse)
{
    const pack_relation *r = phrase_pack_relation(c, relation->id);
    str own = r == NULL ? str_make(NULL, 0)
                        : pack_text_only(inverse ? r->inverse_labels : r->labels, c->lang);
    if (!str_empty(own))
        return own;
    str label = phrase_label(c, relation->id);
    if (str_empty(label))
        label = relation->label;
    return schema_name(c, relation->id, label, inverse);
}

str phrase_class(const phrase_context *c, const lf_name *class_name)
{
    str label = phrase_label(c, class_name->id);
    if (str_empty(label))
        label = class_name->label;
    size_t count, i = c->pack == NULL ? PACK_NONE : pack_class_find(c->pack, (str){0}, label);
    str own = i == PACK_NONE ? str_make(NULL, 0)
                             : pack_text_only(pack_classes(c->pack, &count)[i].labels, c->lang);
    return str_empty(own) ? label : own;
}

str phrase_target_class(const phrase_context *c, kg_id relation, bool inverse)
{
    const pack_relation *r = phrase_pack_relation(c, relation);
    size_t count;
    if (r != NULL && (inverse ? r->domain_count : r->range_count) > 0) {
        const pack_class *k = &pack_classes(c->pack, &count)[inverse ? r->domain[0] : r->range[0]];
        return pack_text_in(k->labels, c->lang);
    }
    const retriever_relation *s =
        c->schema == NULL ? NULL : retriever_schema_relation(c->schema, relation);
    if (s == NULL)
        return (str){0};
    const kg_class_count *classes = inverse ? s->stats.domain : s->stats.range;
    size_t n = inverse ? s->stats.domain_count : s->stats.range_count;
    return n == 0 ? str_make(NULL, 0) : phrase_label(c, classes[0].class_id);
}

static str hop(const phrase_context *c, const lf_node *form)
{
    str of = phrase_of(c, form->a);
    const pack_relation *r = phrase_pack_relation(c, form->step.relation.id);
    bool in = form->step.inverse;
    str pattern =
        r == NULL ? str_make(NULL, 0) : pack_text_only(in ? r->inverse_phrase : r->phrase, c->lang);
    const template_var vars[] = {{"S", of}, {"O", of}, {NULL, {0}}};
    str np;
    if (!str_empty(pattern)) {
        np = fill_text(c, pattern, vars);
    } else {
        str own = in ? phrase_relation(c, &form->step.relation, true) : str_make(NULL, 0);
        str relation = phrase_relation(c, &form->step.relation, false);
        str target = in ? phrase_target_class(c, form->step.relation.id, true) : str_make(NULL, 0);
        const template_var v[] = {{"S", of},
                                  {"O", of},
                                  {"relation", str_empty(own) ? relation : own},
                                  {"class", target},
                                  {NULL, {0}}};
        const char *key = !in || !str_empty(own) ? "np_out"
                          : str_empty(target)    ? "np_in_any"
                                                 : "np_in";
        np = phrase_fill(c, key, v);
    }
    const template_var deep[] = {{"np", np}, {NULL, {0}}};
    return form->step.closure ? phrase_fill(c, "np_closure", deep) : np;
}

static str filter(const phrase_context *c, const lf_node *form)
{
    static const char *keys[] = {"op_eq", "op_ne", "op_lt", "op_le",
                                 "op_gt", "op_ge", "op_in", "op_starts"};
    str value = form->b == NULL ? str_make(NULL, 0) : phrase_of(c, form->b);
    if (form->step.self && str_ends(value, STR(":")))
        value = str_slice(value, 0, value.length - 1); /* the mark of a vocabulary */
    str key = str_from(keys[form->compare <= LF_STARTS ? form->compare : 0]);
    const template_var vars[] = {{"a", phrase_of(c, form->a)},
                                 {"relation", phrase_relation(c, &form->step.relation, false)},
                                 {"op", template_text(c->templates, key.data, c->lang)},
                                 {"value", value},
                                 {NULL, {0}}};
    return phrase_fill(c, form->step.self ? "np_members_that" : "np_filter", vars);
}

static str type(const phrase_context *c, const lf_node *form)
{
    str class_name = phrase_class(c, &form->name);
    const template_var vars[] = {{"a", form->a == NULL ? str_make(NULL, 0) : phrase_of(c, form->a)},
                                 {"class", class_name},
                                 {NULL, {0}}};
    return phrase_fill(c, form->a == NULL ? "np_members" : "np_type", vars);
}

static str superlative(const phrase_context *c, const lf_node *form)
{
    const template_var vars[] = {{"a", phrase_of(c, form->a)},
                                 {"relation", phrase_relation(c, &form->step.relation, false)},
                                 {"high", template_text(c->templates, "high", c->lang)},
                                 {"low", template_text(c->templates, "low", c->lang)},
                                 {NULL, {0}}};
    if (form->step.count)
        return phrase_fill(c, form->op == LF_ARGMAX ? "np_most" : "np_fewest", vars);
    return phrase_fill(c, form->op == LF_ARGMAX ? "np_max" : "np_min", vars);
}

/* "百日咳和肺结核共有的症状": the same step from two entities; empty for anything else. */
static str shared(const phrase_context *c, const lf_node *form)
{
    const lf_node *a = form->a, *b = form->b;
    bool same = a->op == LF_HOP && b->op == LF_HOP && a->a->op == LF_ENTITY &&
                b->a->op == LF_ENTITY && !a->step.inverse && !b->step.inverse && !a->step.closure &&
                !b->step.closure && a->step.relation.id == b->step.relation.id;
    if (!same)
        return (str){0};
    const template_var vars[] = {{"a", phrase_of(c, a->a)},
                                 {"b", phrase_of(c, b->a)},
                                 {"relation", phrase_relation(c, &a->step.relation, false)},
                                 {NULL, {0}}};
    return phrase_fill(c, "np_shared", vars);
}

static str binary(const phrase_context *c, const lf_node *form, const char *key)
{
    const template_var vars[] = {
        {"a", phrase_of(c, form->a)}, {"b", phrase_of(c, form->b)}, {NULL, {0}}};
    return phrase_fill(c, key, vars);
}

str phrase_of(const phrase_context *c, const lf_node *form)
{
    if (form == NULL)
        return (str){0};
    switch (form->op) {
    case LF_ENTITY: {
        str label = phrase_label(c, form->name.id);
        return str_empty(label) ? form->name.label : label;
    }
    case LF_VALUE:
        return form->name.label;
    case LF_HOP:
        return hop(c, form);
    case LF_AND: {
        str both = shared(c, form);
        return str_empty(both) ? binary(c, form, "np_and") : both;
    }
    case LF_OR:
    case LF_CMP:
        return binary(c, form, "np_or");
    case LF_MINUS:
        return binary(c, form, "np_minus");
    case LF_FILTER:
        return filter(c, form);
    case LF_TYPE:
        return type(c, form);
    case LF_HAVING: {
        const template_var vars[] = {
            {"relation", phrase_relation(c, &form->step.relation, form->step.inverse)},
            {NULL, {0}}};
        return phrase_fill(c, "np_having", vars);
    }
    case LF_ARGMAX:
    case LF_ARGMIN:
        return superlative(c, form);
    case LF_SEARCH: {
        const template_var vars[] = {{"words", form->name.label}, {NULL, {0}}};
        return phrase_fill(c, "np_search", vars);
    }
    case LF_COUNT:
    case LF_ASK:
    case LF_DESCRIBE:
    case LF_AT:
        return phrase_of(c, form->a);
    }
    return (str){0};
}

/* The clause of one relation between two names. */
static str fact(const phrase_context *c, const pack_relation *r, str subject, str object, str np,
                bool literal)
{
    str pattern = r == NULL ? str_make(NULL, 0) : pack_text_only(r->sentence, c->lang);
    const template_var vars[] = {
        {"S", subject}, {"O", object}, {"np", np}, {"object", object}, {NULL, {0}}};
    if (!str_empty(pattern))
        return fill_text(c, pattern, vars);
    return phrase_fill(c, literal ? "fact_value" : "fact", vars);
}

str phrase_fact(const phrase_context *c, const lf_node *form, str object)
{
    while (form->op == LF_ASK || form->op == LF_AT)
        form = form->a;
    str np = phrase_of(c, form);
    bool simple = form->op == LF_HOP && form->a->op == LF_ENTITY;
    const pack_relation *r = simple ? phrase_pack_relation(c, form->step.relation.id) : NULL;
    str of = simple ? phrase_of(c, form->a) : np;
    if (simple && form->step.inverse)
        return fact(c, r, object, of, np, false);
    return fact(c, r, of, object, np, false);
}

str phrase_statement(const phrase_context *c, const kg_statement *statement)
{
    const lf_name relation = {.id = statement->p};
    str s = phrase_label(c, statement->s), o = phrase_label(c, statement->o);
    const template_var vars[] = {
        {"S", s}, {"relation", phrase_relation(c, &relation, false)}, {NULL, {0}}};
    return fact(c, phrase_pack_relation(c, statement->p), s, o, phrase_fill(c, "np_out", vars),
                true);
}

str phrase_counter(const phrase_context *c, const lf_node *form)
{
    while (form != NULL && form->op != LF_HOP && form->op != LF_TYPE)
        form = form->a;
    size_t count, i = PACK_NONE;
    if (form != NULL && form->op == LF_TYPE && c->pack != NULL) {
        i = pack_class_find(c->pack, form->name.iri, form->name.label);
    } else if (form != NULL && c->pack != NULL) {
        const pack_relation *r = phrase_pack_relation(c, form->step.relation.id);
        size_t n = r == NULL ? 0 : form->step.inverse ? r->domain_count : r->range_count;
        if (n > 0)
            i = form->step.inverse ? r->domain[0] : r->range[0];
    }
    str own = i == PACK_NONE ? str_make(NULL, 0)
                             : pack_text_only(pack_classes(c->pack, &count)[i].counter, c->lang);
    return str_empty(own) ? template_text(c->templates, "counter", c->lang) : own;
}

str phrase_join(const phrase_context *c, const str *items, size_t count)
{
    buf out = {0};
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_add(&out, template_text(c->templates, "item", c->lang));
        buf_add(&out, items[i]);
    }
    str copy = out.failed ? str_make(NULL, 0) : arena_str(c->a, buf_str(&out));
    buf_free(&out);
    return copy;
}

str phrase_list(const phrase_context *c, const str *items, size_t shown, size_t total, str counter)
{
    if (shown < total) {
        const template_var vars[] = {{"list", phrase_join(c, items, shown)},
                                     {"n", number(c, total)},
                                     {"rest", number(c, total - shown)},
                                     {"counter", counter},
                                     {NULL, {0}}};
        return phrase_fill(c, "more", vars);
    }
    if (total < 2)
        return total == 0 ? str_make(NULL, 0) : items[0];
    str head = phrase_join(c, items, total - 1);
    return str_from(arena_printf(c->a, "%.*s%.*s%.*s", STR_ARG(head),
                                 STR_ARG(template_text(c->templates, "last_item", c->lang)),
                                 STR_ARG(items[total - 1])));
}
