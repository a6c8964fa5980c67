/* See plan.h: what the question's words say about steps and kinds, and walking paths. */
#include "retriever/plan.h"

#include <stdlib.h>

#define LEAST_QUALITY 0.22f
#define HITS_PER_STEP 4
#define UNSAID_COST 0.12f
#define SAID_OUTRIGHT 0.85f /* of a step that a thing lacks */

/* --- kinds of things ---------------------------------------------------------------------------
 */
bool plan_type_is(str type, str wanted)
{
    static const char *const kinds[][24] = {
        {"person", "actor", "director", "writer", "athlete", "artist", "doctor", "character",
         "worker", "player", "author", "scientist", "people", "人物", NULL},
        {"place", "city", "country", "region", "location", "school", "hospital", "stadium", "river",
         "mountain", "organisation", "地点", NULL},
        {"time", "date", "duration", "year", NULL},
        {"number", "money", "duration", "percent", "date", NULL},
        {"duration", "number", "time", "period", NULL},
        {"money", "number", NULL},
        {"percent", "number", NULL},
        {"film", "movie", "work", NULL},
        {"organisation", "company", "school", "team", "hospital", "party", NULL},
    };
    if (str_empty(type) || str_empty(wanted))
        return false;
    if (str_equal_nocase(type, wanted))
        return true;
    for (size_t i = 0; i < CORE_COUNT(kinds); i++) {
        if (!str_equal(wanted, str_from(kinds[i][0])))
            continue;
        for (size_t k = 1; kinds[i][k] != NULL; k++)
            if (str_equal_nocase(type, str_from(kinds[i][k])))
                return true;
    }
    return false;
}

const retriever_relation *plan_relation(const plan *p, uint32_t step)
{
    return &p->in->knowledge->schema.relations[step / 2];
}

lf_step plan_step(const plan *p, uint32_t step, bool closure)
{
    const retriever_relation *r = plan_relation(p, step);
    return (lf_step){.relation = {.id = r->id, .iri = r->iri, .label = r->label},
                     .inverse = (step & 1) != 0,
                     .closure = closure};
}

/* Values say by their unit what they are: a time is no share, though both are numbers. */
static str unit_of(const retriever_relation *r)
{
    switch (r->stats.value_kind) {
    case KG_VALUE_DURATION:
        return STR("duration");
    case KG_VALUE_MONEY:
        return STR("money");
    case KG_VALUE_PERCENT:
        return STR("percent");
    default:
        return (str){0};
    }
}

/* Does the graph hold values of that unit? Elsewhere "how long" asks a text. */
bool plan_has_unit(const plan *p, str kind)
{
    const retriever_schema *s = &p->in->knowledge->schema;
    for (size_t i = 0; plan_is_unit(kind) && i < s->relation_count; i++)
        if (str_equal(unit_of(&s->relations[i]), kind))
            return true;
    return false;
}

bool plan_is_unit(str kind)
{
    return str_equal(kind, STR("duration")) || str_equal(kind, STR("money")) ||
           str_equal(kind, STR("percent"));
}

str plan_end_type(const plan *p, uint32_t step)
{
    str unit = unit_of(plan_relation(p, step));
    if ((step & 1) == 0 && !str_empty(unit))
        return unit;

    const retriever_relation *r = plan_relation(p, step);
    return (step & 1) != 0 ? r->subject_type : r->object_type;
}

/* --- what the words say ------------------------------------------------------------------------
 */
static void mark_span(const text_tokens *tokens, size_t start, size_t end, token_mask *mask)
{
    for (size_t i = 0; i < tokens->count; i++)
        if (start <= tokens->items[i].start && tokens->items[i].end <= end)
            token_mask_set(mask, i);
}

/* Names stand behind the retraction and, what was said before being dropped, only there. */
static bool named_behind_only(const plan *p, const operator_hit *h)
{
    bool behind = false;
    for (size_t i = 0; i < p->in->link->count; i++) {
        const retriever_mention *m = &p->in->link->mentions[i].shown;
        if (m->kind == RETRIEVER_MENTION_ENTITY && m->start < h->start)
            return false;
        behind = behind || (m->kind == RETRIEVER_MENTION_ENTITY && m->start >= h->end);
    }
    return behind;
}

static void read_operators(plan *p)
{
    const operator_hits *ops = p->in->operators;
    bool hierarchy = p->in->knowledge->schema.subclass_relation != 0;
    for (size_t i = 0; i < ops->count; i++) {
        const operator_hit *h = &ops->items[i];
        if (hierarchy && (h->kind == OPERATOR_UP || h->kind == OPERATOR_DOWN))
            continue; /* explained by the step that they ask for, not by others */
        if (h->kind != OPERATOR_TYPE && h->kind != OPERATOR_MEASURE && h->kind != OPERATOR_CODE &&
            h->kind != OPERATOR_THOSE && !(h->kind == OPERATOR_WANT && plan_has_unit(p, h->detail)))
            mark_span(&p->in->link->tokens, h->start, h->end, &p->silent);
        if (h->kind == OPERATOR_RETRACT && named_behind_only(p, h))
            mark_span(&p->in->link->tokens, 0, h->end, &p->silent);
    }
}

static void want_kind_of(plan *p, const operator_hit *kind)
{
    p->want = kind->detail;
    p->want_kind = true;
    p->want_start = kind->start;
    p->want_end = kind->end;
}

/* "which films", "what are the languages", 哪些药: the kind that follows the question word is the
 * kind of the answer; the earliest wins over "who" and the like. */
static void read_wanted_kind(plan *p)
{
    static const char *const words[] = {"which",  "what", "name",   "list", "哪些", "什么",
                                        "哪个",   "哪种", "哪几",   "哪部", "哪位", "哪家",
                                        "多少种", "几种", "多少个", "几个", "多少", "几项",
                                        "多少项", "啥",   "哪"};
    const operator_hits *ops = p->in->operators;
    size_t wanted_at = SIZE_MAX, kind_at = SIZE_MAX;
    size_t reach = str_equal(p->in->lang, STR("zh")) ? 4 : 14;
    for (size_t i = 0; i < ops->count; i++)
        if (ops->items[i].kind == OPERATOR_WANT && ops->items[i].start < wanted_at) {
            wanted_at = ops->items[i].start;
            p->want = ops->items[i].detail;
        }
    for (size_t i = 0; i < ops->count; i++) {
        const operator_hit *h = &ops->items[i];
        if (h->kind != OPERATOR_TYPE)
            continue;
        size_t from = h->start > 24 ? h->start - 24 : 0;
        str before = str_slice(p->in->question, from, h->start);
        for (size_t w = 0; w < CORE_COUNT(words); w++) {
            size_t at = str_find(before, str_from(words[w]), 0);
            bool near = at != STR_NONE && before.length - at < strlen(words[w]) + reach;
            bool first = from + at < wanted_at || (from + at == wanted_at && h->start < kind_at);
            if (near && first) {
                wanted_at = from + at;
                kind_at = h->start;
                want_kind_of(p, h);
            }
        }
    }
}

static bool in_a_name(const plan *p, const operator_hit *h)
{
    const link_result *link = p->in->link;
    for (size_t i = 0; i < link->tokens.count && i < PHRASEBOOK_TOKENS; i++)
        if (link->tokens.items[i].start < h->end && h->start < link->tokens.items[i].end &&
            token_mask_has(&link->named, i))
            return true;
    return false;
}

static bool is_tail(str rest)
{
    static const char *const ends[] = {"", "？", "?", "。", "啊", "呢", "呀"};
    for (size_t i = 0; i < CORE_COUNT(ends); i++)
        if (str_equal(rest, str_from(ends[i])))
            return true;
    return false;
}

/* "...的疾病有哪些", "...的病里，哪些会...": the kind that the question word picks from. */
static bool picks_from(const plan *p, const operator_hit *kind, const operator_hit *list)
{
    str question = p->in->question;
    if (kind->end > list->start || list->start - kind->end > 12)
        return false;
    str between = str_slice(question, kind->end, list->start);
    bool among = str_starts(between, STR("里")) || str_starts(between, STR("中"));
    bool of =
        kind->start >= 3 && str_equal(str_slice(question, kind->start - 3, kind->start), STR("的"));
    return among || (of && (between.length == 0 || str_equal(between, STR("都"))) &&
                     is_tail(str_slice(question, list->end, question.length)));
}

/* "...的药一共几种": the kind that stands right before the count. */
static void read_counted_kind(plan *p)
{
    const operator_hits *ops = p->in->operators;
    for (size_t i = 0; i < ops->count; i++)
        for (size_t k = 0; ops->items[i].kind == OPERATOR_LIST && k < ops->count; k++)
            if (ops->items[k].kind == OPERATOR_TYPE && !p->want_kind &&
                !in_a_name(p, &ops->items[k]) && picks_from(p, &ops->items[k], &ops->items[i]))
                want_kind_of(p, &ops->items[k]);
    for (size_t i = 0; i < ops->count; i++)
        for (size_t k = 0; ops->items[i].kind == OPERATOR_COUNT && k < ops->count; k++) {
            const operator_hit *h = &ops->items[k];
            if (h->kind == OPERATOR_TYPE && !in_a_name(p, h) && h->end <= ops->items[i].start &&
                ops->items[i].start - h->end <= 9)
                want_kind_of(p, h);
        }
}

static void weigh_tokens(plan *p)
{
    const text_tokens *t = &p->in->link->tokens;
    p->content = ARENA_ARRAY(p->a, float, t->count + 1);
    if (p->content == NULL) {
        p->status = error_memory(p->err);
        return;
    }
    for (size_t i = 0; i < t->count && i < PHRASEBOOK_TOKENS; i++) {
        if (token_mask_has(&p->in->link->named, i) || token_mask_has(&p->silent, i))
            continue;
        p->content[i] = phrasebook_content(p->in->knowledge->steps, t, i);
        /* What is no filler says something, however often phrases use it. */
        float least = t->items[i].kind == TEXT_HAN ? 0.2f : 0.45f;
        if (p->content[i] < least)
            p->content[i] = least;
        p->content_mass += p->content[i];
    }
}

/* "Kinds of X": the words stand right at the name. */
static bool at_a_name(const plan *p, const operator_hit *h)
{
    const link_result *l = p->in->link;
    for (size_t i = 0; i < l->count; i++) {
        const retriever_mention *m = &l->mentions[i].shown;
        bool before = h->end <= m->start && m->start - h->end <= 3;
        bool behind = m->end <= h->start && h->start - m->end <= 4;
        if (m->kind == RETRIEVER_MENTION_ENTITY && (before || behind))
            return true;
    }
    return false;
}

/* Of patterns that overlap, the longer one says which way is meant ("what falls under X" is down,
 * "what does X fall under" is up). */
static bool outweighed(const operator_hits *ops, const operator_hit *h)
{
    for (size_t i = 0; i < ops->count; i++) {
        const operator_hit *o = &ops->items[i];
        bool other = o->kind != h->kind && (o->kind == OPERATOR_UP || o->kind == OPERATOR_DOWN);
        if (other && o->start < h->end && h->start < o->end &&
            (o->end - o->start > h->end - h->start ||
             (o->end - o->start == h->end - h->start && o->kind == OPERATOR_UP)))
            return true;
    }
    return false;
}

static void add_hierarchy_hit(plan *p, const token_mask *said, uint32_t step, int times)
{
    phrasebook_hit *grown = ARENA_ARRAY(p->a, phrasebook_hit, p->hit_count + 2);
    if (grown == NULL)
        return;
    if (p->hit_count > 0)
        memcpy(grown, p->hits, p->hit_count * sizeof *grown);
    phrasebook_hit hit = {.target = step, .quality = 0.9f, .mask = *said, .core = *said};
    for (size_t k = p->in->link->tokens.count; k > 0; k--)
        if (token_mask_has(said, k - 1))
            hit.anchor = (float)(k - 1);
    for (int i = 0; i < times; i++) {
        grown[p->hit_count++] = hit;
        hit.core = (token_mask){{0}}; /* the second step may use the same words */
        hit.anchor -= 0.1f;
    }
    p->hits = grown;
}

/* The pattern says which way; names of the relation that lie in it do not say the other way. */
static void weaken(plan *p, const token_mask *said, uint32_t other)
{
    for (size_t i = 0; i < p->hit_count; i++)
        if (p->hits[i].target == other && token_mask_meets(&p->hits[i].core, said))
            p->hits[i].quality *= 0.2f;
}

static bool counts_compared(const operator_hits *ops)
{
    for (size_t i = 0; i < ops->count; i++)
        if (ops->items[i].kind == OPERATOR_MEASURE && str_equal(ops->items[i].detail, STR("count")))
            return true;
    return false;
}

/* Up and down the hierarchy of classes is asked for by patterns, not by words alone. All that say
 * one direction say one step. */
static void add_hierarchy_hits(plan *p)
{
    const operator_hits *ops = p->in->operators;
    const retriever_schema *schema = &p->in->knowledge->schema;
    uint32_t relation = index_relation_find(p->in->index, schema->subclass_relation);
    if (schema->subclass_relation == 0 || relation == INDEX_NONE)
        return;
    bool zh = str_equal(p->in->lang, STR("zh"));
    token_mask said[2] = {{{0}}, {{0}}};
    int times[2] = {0, 0};
    for (size_t i = 0; i < ops->count; i++) {
        const operator_hit *h = &ops->items[i];
        bool down = h->kind == OPERATOR_DOWN;
        if ((!down && h->kind != OPERATOR_UP) || outweighed(ops, h))
            continue;
        if (down && !zh && !at_a_name(p, h) && h->end - h->start <= 12 && !counts_compared(ops))
            continue;
        int steps = str_equal(h->detail, STR("2")) ? 2 : 1;
        times[down] = times[down] > steps ? times[down] : steps;
        mark_span(&p->in->link->tokens, h->start, h->end, &said[down]);
    }
    for (int down = 1; down >= 0; down--)
        if (times[down] > 0) {
            weaken(p, &said[down], step_of(relation, !down));
            add_hierarchy_hit(p, &said[down], step_of(relation, down), times[down]);
        }
}

static bool match_phrases(plan *p)
{
    const link_result *l = p->in->link;
    const operator_hits *ops = p->in->operators;
    token_mask taken = l->named;
    for (size_t i = 0; i < ops->count; i++)
        if (ops->items[i].kind == OPERATOR_ASIDE)
            mark_span(&l->tokens, ops->items[i].start, ops->items[i].end, &taken);
    p->status = phrasebook_match(p->in->knowledge->steps, &l->tokens, &taken, LEAST_QUALITY,
                                 HITS_PER_STEP, p->a, &p->hits, &p->hit_count, p->err);
    if (p->status == STATUS_OK)
        p->status = phrasebook_match(p->in->knowledge->classes, &l->tokens, &taken, 0.5f, 2, p->a,
                                     &p->class_hits, &p->class_hit_count, p->err);
    if (p->status == STATUS_OK)
        add_hierarchy_hits(p);
    return p->status == STATUS_OK;
}

/* --- walking -----------------------------------------------------------------------------------
 */
static int compare_nodes(const void *x, const void *y)
{
    index_node a = *(const index_node *)x, b = *(const index_node *)y;
    return a < b ? -1 : a > b;
}

/* The nodes one step behind `from`. */
static void step_nodes(plan *p, const plan_path *before, uint32_t step, plan_path *out)
{
    index_node buffer[PLAN_FRONTIER * 4];
    size_t n = 0;
    for (size_t i = 0; i < before->node_count && n < CORE_COUNT(buffer); i++) {
        size_t count;
        const index_edge *e =
            index_edges_of(p->in->index, before->nodes[i], step / 2, (step & 1) != 0, &count);
        if (n + count > CORE_COUNT(buffer)) {
            count = CORE_COUNT(buffer) - n;
            out->more = true;
        }
        for (size_t k = 0; k < count; k++)
            buffer[n++] = e[k].node;
    }
    qsort(buffer, n, sizeof *buffer, compare_nodes);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || buffer[kept - 1] != buffer[i])
            buffer[kept++] = buffer[i];
    if (kept > PLAN_FRONTIER) {
        kept = PLAN_FRONTIER;
        out->more = true;
    }
    out->nodes = ARENA_ARRAY(p->a, index_node, kept + 1);
    if (out->nodes == NULL) {
        p->status = error_memory(p->err);
        return;
    }
    memcpy(out->nodes, buffer, kept * sizeof *buffer);
    out->node_count = kept;
}

static bool allowed_step(const plan *p, uint32_t step, uint8_t hop)
{
    const retriever_relation *r = plan_relation(p, step);
    if (!r->naming)
        return true;
    /* What a thing is may be asked, as the only step, where there is no finer hierarchy. */
    return hop == 0 && p->in->knowledge->schema.subclass_relation == 0 &&
           r->id == p->in->knowledge->schema.type_relation && (step & 1) == 0;
}

/* The steps that leave a path's end, each once. */
static size_t steps_from(const plan *p, const plan_path *path, uint8_t *seen, uint32_t *out,
                         size_t capacity)
{
    size_t n = 0;
    size_t sample = path->node_count < 48 ? path->node_count : 48;
    for (size_t i = 0; i < sample; i++)
        for (int inverse = 0; inverse < 2; inverse++) {
            size_t count;
            const index_edge *e = index_edges(p->in->index, path->nodes[i], inverse != 0, &count);
            for (size_t k = 0; k < count;) {
                uint32_t relation = e[k].relation;
                uint32_t step = step_of(relation, inverse != 0);
                if (n < capacity && (seen[step / 8] >> (step % 8) & 1) == 0 &&
                    allowed_step(p, step, path->hops)) {
                    seen[step / 8] |= (uint8_t)(1u << (step % 8));
                    out[n++] = step;
                }
                size_t low = k + 1, high = count;
                while (low < high) { /* jump to the next relation */
                    size_t middle = (low + high) / 2;
                    if (e[middle].relation <= relation)
                        low = middle + 1;
                    else
                        high = middle;
                }
                k = low;
            }
        }
    for (size_t i = 0; i < n; i++)
        seen[out[i] / 8] = 0;
    return n;
}

static bool hit_used(const plan *p, const plan_path *path, int hit)
{
    for (uint8_t i = 0; i < path->hops; i++)
        if (path->hits[i] >= 0 &&
            token_mask_meets(&p->hits[path->hits[i]].core, &p->hits[hit].core))
            return true;
    return false;
}

/* A longer walk is worth it only for words that the walk so far does not use. */
static bool more_is_said(const plan *p, const plan_path *path)
{
    if (path->hops == 0 || p->in->operators->has[OPERATOR_OTHER] || p->examples != NULL)
        return true;
    for (size_t h = 0; h < p->hit_count; h++)
        if (!hit_used(p, path, (int)h))
            return true;
    return false;
}

static size_t unsaid_hops(const plan_path *path)
{
    size_t n = 0;
    for (uint8_t i = 0; i < path->hops; i++)
        n += path->hits[i] < 0;
    return n;
}

static float path_order(const plan_path *path)
{
    return path->said - UNSAID_COST * (float)path->hops;
}

static int best_path_first(const void *x, const void *y)
{
    const plan_path *a = x, *b = y;
    float da = path_order(a), db = path_order(b);
    if (da != db)
        return da > db ? -1 : 1;
    if (a->hops != b->hops)
        return a->hops < b->hops ? -1 : 1;
    int c = memcmp(a->steps, b->steps, a->hops * sizeof a->steps[0]);
    return c != 0 ? c : memcmp(a->hits, b->hits, a->hops * sizeof a->hits[0]);
}

typedef struct extension { /* a path to be, before its nodes are gathered */
    size_t before;         /* in the beam */
    uint32_t step;
    int hit;
    float order;
} extension;

static int best_extension_first(const void *x, const void *y)
{
    const extension *a = x, *b = y;
    if (a->order != b->order)
        return a->order > b->order ? -1 : 1;
    if (a->before != b->before)
        return a->before < b->before ? -1 : 1;
    return a->step < b->step ? -1 : a->step > b->step;
}

static size_t extensions_of(plan *p, const plan_path *beam, size_t beam_count, extension *out,
                            size_t capacity)
{
    size_t n = 0, relations = index_relation_count(p->in->index);
    uint8_t *seen = ARENA_ARRAY(p->a, uint8_t, relations / 4 + 2);
    uint32_t *steps = ARENA_ARRAY(p->a, uint32_t, 512);
    if (seen == NULL || steps == NULL) {
        p->status = error_memory(p->err);
        return 0;
    }
    for (size_t b = 0; b < beam_count; b++) {
        if (!more_is_said(p, &beam[b]))
            continue;
        size_t count = steps_from(p, &beam[b], seen, steps, 512);
        bool last = beam[b].hops + 1 == PLAN_HOPS;
        bool silent_step = (unsaid_hops(&beam[b]) == 0 && !last) || p->examples != NULL;
        for (size_t i = 0; i < count && n < capacity; i++) {
            if (beam[b].hops == 0 || silent_step)
                out[n++] = (extension){b, steps[i], -1,
                                       beam[b].said - UNSAID_COST * (float)(beam[b].hops + 1)};
            for (size_t h = 0; h < p->hit_count && n < capacity; h++)
                if (p->hits[h].target == steps[i] && !hit_used(p, &beam[b], (int)h))
                    out[n++] = (extension){b, steps[i], (int)h,
                                           beam[b].said + p->hits[h].quality -
                                               UNSAID_COST * (float)(beam[b].hops + 1)};
        }
    }
    if (n >= capacity)
        p->bounded = true;
    p->enumerated += n;
    for (size_t i = 0; p->examples != NULL && i < n; i++) {
        uint32_t walk[PLAN_HOPS];
        const plan_path *before = &beam[out[i].before];
        memcpy(walk, before->steps, before->hops * sizeof *walk);
        walk[before->hops] = out[i].step;
        out[i].order += (float)(0.5 * examples_steps(p->examples, walk, before->hops + 1u) +
                                0.25 * examples_path(p->examples, walk, before->hops + 1u));
    }
    qsort(out, n, sizeof *out, best_extension_first);
    return n;
}

/* Of all that is known of a node, the share that one step is: a department is known by the
 * diseases that it treats, so that the step needs no words. */
static float implied_share(const plan *p, index_node node, uint32_t step)
{
    size_t own, all = 0;
    index_edges_of(p->in->index, node, step / 2, (step & 1) != 0, &own);
    for (int inverse = 0; inverse < 2; inverse++) {
        size_t count;
        const index_edge *e = index_edges(p->in->index, node, inverse != 0, &count);
        all += count;
        for (size_t k = 0; inverse == 0 && k < count && count < 64; k++)
            all -= p->in->knowledge->schema.relations[e[k].relation].naming;
    }
    return all > 0 ? (float)own / (float)all : 0;
}

static void keep_path(plan *p, const plan_path *path)
{
    if (p->path_count < PLAN_PATHS)
        p->paths[p->path_count++] = *path;
    else
        p->bounded = true;
}

/* Breadth first over relations from one node, the best PLAN_BEAM walks of each length. */
static void walk_from(plan *p, int mention, int sense, index_node from, uint8_t most_hops)
{
    enum { MOST = 6000 };
    plan_path *beam = ARENA_ARRAY(p->a, plan_path, PLAN_BEAM);
    plan_path *next = ARENA_ARRAY(p->a, plan_path, PLAN_BEAM);
    extension *list = ARENA_ARRAY(p->a, extension, MOST);
    index_node *self = ARENA_ARRAY(p->a, index_node, 1);
    if (beam == NULL || next == NULL || list == NULL || self == NULL) {
        p->status = error_memory(p->err);
        return;
    }
    self[0] = from;
    beam[0] = (plan_path){
        .mention = mention, .sense = sense, .from = from, .nodes = self, .node_count = 1};
    size_t beam_count = 1;
    for (uint8_t hop = 0; hop < most_hops && p->status == STATUS_OK; hop++) {
        size_t n = extensions_of(p, beam, beam_count, list, MOST), kept = 0;
        for (size_t i = 0; i < n && kept < PLAN_BEAM && p->status == STATUS_OK; i++) {
            plan_path path = beam[list[i].before];
            path.steps[hop] = list[i].step;
            path.hits[hop] = list[i].hit;
            path.hops = (uint8_t)(hop + 1);
            if (hop == 0)
                path.implied = implied_share(p, from, list[i].step);
            if (list[i].hit >= 0)
                path.said += p->hits[list[i].hit].quality;
            step_nodes(p, &beam[list[i].before], list[i].step, &path);
            if (path.node_count == 0)
                continue;
            next[kept++] = path;
            keep_path(p, &path);
        }
        plan_path *swap = beam;
        beam = next;
        next = swap;
        beam_count = kept;
    }
}

/* Whether things of the node's class have this step at all. */
static bool class_has(const plan *p, index_node node, uint32_t step)
{
    const kg_relation *r = &plan_relation(p, step)->stats;
    const kg_class_count *ends = (step & 1) != 0 ? r->range : r->domain;
    size_t count = (step & 1) != 0 ? r->range_count : r->domain_count;
    index_node class = index_class(p->in->index, node);
    if (class ==
        INDEX_NONE) /* a graph without classes: of relations of one name, which is meant? */
        return plan_relation(p, step)->transitive;
    for (size_t i = 0; i < count; i++)
        if (ends[i].class_id == index_id(p->in->index, class))
            return true;
    return false;
}

/* A step that is said outright, that things of this kind have, and that this one lacks: "the
 * subtypes of gout" are none, and its parents are no answer. */
static void keep_absent(plan *p, int mention, int sense, index_node from)
{
    for (size_t h = 0; h < p->hit_count; h++) {
        uint32_t step = p->hits[h].target;
        size_t count;
        (void)index_edges_of(p->in->index, from, step / 2, (step & 1) != 0, &count);
        if (count > 0 || p->hits[h].quality < SAID_OUTRIGHT || !allowed_step(p, step, 0) ||
            !class_has(p, from, step))
            continue;
        plan_path path = {.mention = mention, .sense = sense, .from = from, .hops = 1};
        path.steps[0] = step;
        path.hits[0] = (int)h;
        path.said = p->hits[h].quality;
        keep_path(p, &path);
    }
}

void plan_walk_paths(plan *p)
{
    const link_result *l = p->in->link;
    p->paths = ARENA_ARRAY(p->a, plan_path, PLAN_PATHS);
    if (p->paths == NULL) {
        p->status = error_memory(p->err);
        return;
    }
    size_t entities = 0;
    for (size_t m = 0; m < l->count; m++)
        entities += l->mentions[m].shown.kind == RETRIEVER_MENTION_ENTITY;
    for (size_t m = 0; m < l->count && p->status == STATUS_OK; m++) {
        const link_mention *mention = &l->mentions[m];
        if (mention->shown.kind != RETRIEVER_MENTION_ENTITY)
            continue;
        for (size_t s = 0; s < mention->shown.sense_count && p->status == STATUS_OK; s++) {
            walk_from(p, (int)m, (int)s, mention->nodes[s], entities > 2 ? 2 : PLAN_HOPS);
            if (entities == 1)
                keep_absent(p, (int)m, (int)s, mention->nodes[s]);
        }
    }
    qsort(p->paths, p->path_count, sizeof *p->paths, best_path_first);
}

/* --- example questions -------------------------------------------------------------------------
 */
static void ask_examples(plan *p)
{
    const text_tokens *t = &p->in->link->tokens;
    example_words words = {0};
    if (p->in->examples == NULL || examples_count(p->in->examples) == 0)
        return;
    bool *named = ARENA_ARRAY(p->a, bool, t->count + 1);
    if (named == NULL) {
        p->status = error_memory(p->err);
        return;
    }
    for (size_t i = 0; i < t->count; i++)
        named[i] = token_mask_has(&p->in->link->named, i);
    p->status = examples_words(t, named, p->a, &words, p->err);
    if (p->status == STATUS_OK)
        p->status = examples_score(p->in->examples, &words, p->a, &p->examples, p->err);
}

/* A pronoun that stands for what the conversation is about says something. */
static void hear_pronouns(plan *p)
{
    for (size_t i = 0; i < p->in->link->count; i++) {
        const link_mention *m = &p->in->link->mentions[i];
        if (m->shown.kind == RETRIEVER_MENTION_ENTITY && m->first < PHRASEBOOK_TOKENS &&
            m->shown.senses[0].match == RETRIEVER_MATCH_FOCUS)
            p->silent.bits[m->first / 64] &= ~((uint64_t)1 << (m->first % 64));
    }
}

/* --- whole -------------------------------------------------------------------------------------
 */
status plan_question(const plan_input *in, arena *a, plan *out, error *err)
{
    plan p = {.in = in, .a = a, .err = err};
    p.forms = ARENA_ARRAY(a, plan_form, PLAN_FORMS);
    if (p.forms == NULL)
        return error_memory(err);
    if (in->said != NULL)
        token_mask_join(&p.silent, in->said);
    read_operators(&p);
    read_wanted_kind(&p);
    read_counted_kind(&p);
    weigh_tokens(&p);
    hear_pronouns(&p);
    if (p.status == STATUS_OK)
        ask_examples(&p);
    if (p.status == STATUS_OK && match_phrases(&p)) {
        plan_walk_paths(&p);
        if (p.status == STATUS_OK)
            plan_make_forms(&p);
    }
    if (p.status == STATUS_OK)
        *out = p;
    return p.status;
}
