/* Forms around paths: counts, questions of yes or no, second mentions, names and descriptions. */
#include "retriever/plan_forms.h"

#include <math.h>

#define BASES 24      /* best paths that operators are put around */
#define PAIR_BASES 16 /* best paths of each mention that are joined with another's */

static double plain_operator_fit(const plan *p, const plan_path *path)
{
    /* A plain list where the words ask for a count, a comparison or a yes fits less. */
    bool number = false;
    if (path->hops > 0) {
        const retriever_relation *r = plan_relation(p, path->steps[path->hops - 1]);
        number = r->stats.literal_share > 0.5 && (path->steps[path->hops - 1] & 1) == 0;
    }
    double fit = 0.5;
    if (plan_has(p, OPERATOR_COUNT) && !number)
        fit = 0;
    if (plan_has(p, OPERATOR_ASK) || plan_has(p, OPERATOR_COMPARE))
        fit = 0.1;
    if (plan_has(p, OPERATOR_DESCRIBE) && path->hops > 1)
        fit -= 0.2;
    return fit;
}

static bool small_word(str word)
{
    static const char *const words[] = {"the", "a", "an", "exactly", "really", "一下"};
    for (size_t i = 0; i < CORE_COUNT(words); i++)
        if (str_equal(word, str_from(words[i])))
            return true;
    return false;
}

/* "It says X on the form - what is it": the end of the question asks about what stands before. */
static bool asks_back(const plan *p, const operator_hit *h, const link_mention *m)
{
    str asked = str_slice(p->in->question, h->start, h->end);
    return h->start > m->shown.end && (str_find(asked, STR("what is it"), 0) != STR_NONE ||
                                       str_find(asked, STR("what is that"), 0) != STR_NONE);
}

/* "Who is X": nothing but an article stands between the words that ask and the name. */
static bool asks_description(const plan *p, const link_mention *m)
{
    const operator_hits *ops = p->in->operators;
    const text_tokens *t = &p->in->link->tokens;
    str said = m->shown.text;
    if (str_equal_nocase(said, STR("its")) || str_equal_nocase(said, STR("their")))
        return false; /* "what are its other names" */
    for (size_t i = 0; i < ops->count; i++) {
        const operator_hit *h = &ops->items[i];
        size_t between = 0;
        if (h->kind != OPERATOR_DESCRIBE)
            continue;
        if (asks_back(p, h, m))
            return true;
        for (size_t k = 0; k < t->count; k++) {
            size_t at = t->items[k].start;
            bool before = at >= h->end && k < m->first;
            bool behind = k > m->last && t->items[k].end <= h->start;
            between += (before || behind) && !small_word(t->items[k].norm);
        }
        if (between == 0)
            return true;
    }
    return false;
}

/* A relation that says what a thing is: the pack gives "what is" as one of its names. */
static bool describes(const retriever_relation *r)
{
    for (size_t i = 0; i < r->alias_count; i++)
        if (!r->aliases[i].inverse && (str_equal_nocase(r->aliases[i].text, STR("what is")) ||
                                       str_equal(r->aliases[i].text, STR("是什么"))))
            return true;
    return false;
}

/* "What is DOID:1612", MSH:D001943: a code stands for the one thing that has it. */
static bool asks_bearer(const plan *p, const plan_path *path)
{
    if (path->hops != 1 || (path->steps[0] & 1) == 0 || path->mention < 0 || path->node_count != 1)
        return false;
    const link_mention *m = plan_mention_of(p, path);
    kg_term term = {0};
    error ignored = {0};
    return kg_terms(p->in->read, &m->shown.senses[path->sense].id, 1, p->a, &term, &ignored) ==
               STATUS_OK &&
           term.kind == KG_TERM_LITERAL && asks_description(p, m);
}

static void add_plain(plan *p, const plan_path *path)
{
    plan_form f = {0};
    plan_path_features(p, path, &f);
    f.features[RETRIEVER_F_OPERATOR] = plain_operator_fit(p, path);
    if (asks_bearer(p, path)) {
        f.features[RETRIEVER_F_OPERATOR] = 1;
        f.features[RETRIEVER_F_COVERAGE] = fmax(f.features[RETRIEVER_F_COVERAGE], 0.9);
        f.features[RETRIEVER_F_UNSAID] = 0;
    } else if (path->hops == 1 && (path->steps[0] & 1) == 0 && path->mention >= 0 &&
               describes(plan_relation(p, path->steps[0])) &&
               plan_relation(p, path->steps[0])->id != p->in->knowledge->schema.type_relation &&
               asks_description(p, plan_mention_of(p, path)) && !plan_has(p, OPERATOR_NAME) &&
               !plan_has(p, OPERATOR_UP) && !plan_has(p, OPERATOR_DOWN) &&
               !plan_has(p, OPERATOR_COUNT) && f.features[RETRIEVER_F_UNEXPLAINED] < 0.15) {
        f.features[RETRIEVER_F_OPERATOR] = 1;
        f.features[RETRIEVER_F_COVERAGE] = fmax(f.features[RETRIEVER_F_COVERAGE], 0.9);
        f.features[RETRIEVER_F_UNSAID] = 0;
    }
    f.form = plan_path_form(p, path);
    plan_add_form(p, f);
}

static void add_wrapped(plan *p, const plan_path *path, lf_op op, double fit, uint64_t mark)
{
    plan_form f = {0};
    plan_path_features(p, path, &f);
    f.features[RETRIEVER_F_OPERATOR] = fit;
    const lf_node *inner = plan_path_form(p, path);
    f.form = op == LF_ASK ? lf_ask(p->a, inner, LF_EQ, NULL) : lf_unary(p->a, op, inner);
    f.signature = text_chain(f.signature, mark);
    plan_add_form(p, f);
}

typedef struct name_search {
    const plan *p;
    uint32_t relation;
    index_node found;
} name_search;

static bool on_value_name(void *context, const index_name *name)
{
    name_search *n = context;
    size_t count;
    index_edges_of(n->p->in->index, name->node, n->relation, true, &count);
    if (count > 0)
        n->found = name->node;
    return count == 0;
}

/* The value of the relation that is called `before` + `rest`. */
static index_node value_named(const plan *p, uint32_t relation, str before, str rest)
{
    buf text = {0};
    text_tokens tokens = {0};
    error ignored = {0};
    name_search n = {p, relation, INDEX_NONE};
    buf_add(&text, before);
    buf_add(&text, rest);
    if (text_tokenise(buf_str(&text), false, p->a, &tokens, &ignored) == STATUS_OK &&
        tokens.count > 0) {
        uint64_t chain = 0;
        for (size_t i = 0; i < tokens.count; i++)
            chain = text_chain(chain, tokens.items[i].hash);
        index_names(p->in->index, chain, on_value_name, &n);
    }
    buf_free(&text);
    return n.found;
}

/* A relation whose values say yes and no themselves (有传染性, 无传染性; 医保疾病, 非医保疾病): the
 * one that says yes, found from the value that the entity has. */
static index_node affirmative_of(const plan *p, uint32_t relation, index_node node)
{
    static const char *const no[] = {"无", "非", "不", "没有", "no ", "not ", "non-"};
    static const char *const yes[] = {"", "有", "是", "属于", "可"};
    kg_id id = index_id(p->in->index, node);
    str label;
    error ignored = {0};
    if (kg_labels(p->in->read, &id, 1, p->in->lang, p->a, &label, &ignored) != STATUS_OK)
        return INDEX_NONE;
    for (size_t i = 0; i < CORE_COUNT(no); i++)
        for (size_t k = 0; str_starts(label, str_from(no[i])) && k < CORE_COUNT(yes); k++) {
            str rest = str_slice(label, strlen(no[i]), label.length);
            index_node found = value_named(p, relation, str_from(yes[k]), rest);
            if (found != INDEX_NONE)
                return found;
        }
    for (size_t i = 0; i < CORE_COUNT(no); i++)
        for (size_t k = 0; k < CORE_COUNT(yes); k++) {
            if (!str_starts(label, str_from(yes[k])))
                continue;
            str rest = str_slice(label, strlen(yes[k]), label.length);
            if (value_named(p, relation, str_from(no[i]), rest) != INDEX_NONE)
                return node;
        }
    return INDEX_NONE;
}

static index_node affirmative_value(const plan *p, const plan_path *path)
{
    uint32_t step = path->steps[path->hops - 1];
    index_node found = INDEX_NONE;
    if ((step & 1) != 0 || path->node_count > 4)
        return INDEX_NONE;
    for (size_t i = 0; i < path->node_count && found == INDEX_NONE; i++)
        found = affirmative_of(p, step / 2, path->nodes[i]);
    return found;
}

static lf_name node_name(plan *p, index_node node, int slot)
{
    lf_name name = {.id = index_id(p->in->index, node), .slot = slot};
    kg_term term = {0};
    error ignored = {0};
    if (kg_labels(p->in->read, &name.id, 1, p->in->lang, p->a, &name.label, &ignored) !=
            STATUS_OK ||
        kg_terms(p->in->read, &name.id, 1, p->a, &term, &ignored) != STATUS_OK)
        return name;
    if (term.kind == KG_TERM_IRI)
        name.iri = term.lexical;
    return name;
}

static void add_truth(plan *p, const plan_path *path)
{
    index_node yes = affirmative_value(p, path);
    if (yes == INDEX_NONE) {
        add_wrapped(p, path, LF_ASK, 0.8, 0xA5);
        return;
    }
    plan_form f = {0};
    plan_path_features(p, path, &f);
    f.features[RETRIEVER_F_OPERATOR] = 1;
    f.form = lf_ask(p->a, plan_path_form(p, path), LF_EQ, lf_entity(p->a, node_name(p, yes, 0)));
    f.signature = text_chain(f.signature, 0xA6);
    plan_add_form(p, f);
}

static bool numeric_end(const plan *p, const plan_path *path)
{
    const retriever_relation *r = plan_relation(p, path->steps[path->hops - 1]);
    if ((path->steps[path->hops - 1] & 1) != 0)
        return false;
    if (r->stats.value_kind != KG_VALUE_NONE)
        return true;
    if (path->node_count != 1)
        return false;
    /* A graph without datatypes: "130个" is a number all the same. */
    kg_id id = index_id(p->in->index, path->nodes[0]);
    str label;
    error ignored = {0};
    if (kg_labels(p->in->read, &id, 1, (str){0}, p->a, &label, &ignored) != STATUS_OK ||
        str_empty(label))
        return false;
    return (label.data[0] >= '0' && label.data[0] <= '9') ||
           kg_value_of((kg_term){.kind = KG_TERM_LITERAL, .lexical = label}).kind != KG_VALUE_NONE;
}

static void add_closures(plan *p, const plan_path *path)
{
    uint32_t last = path->steps[path->hops - 1];
    const retriever_relation *r = plan_relation(p, last);
    bool transitive = r->transitive || r->id == p->in->knowledge->schema.subclass_relation;
    if (!transitive || path->closure)
        return;
    plan_path *closed = ARENA_NEW(p->a, plan_path);
    if (closed == NULL)
        return;
    *closed = *path;
    closed->closure = true;
    plan_form f = {0};
    plan_path_features(p, closed, &f);
    bool counted = plan_has(p, OPERATOR_COUNT);
    double asked = counted ? 1.05 : 0.7;
    f.features[RETRIEVER_F_OPERATOR] = plan_has(p, OPERATOR_ALL) ? asked : 0.3;
    f.form = plan_path_form(p, closed);
    if (counted)
        f.form = lf_unary(p->a, LF_COUNT, f.form);
    plan_add_form(p, f);
}

/* Single paths with what may stand around them. */
static void forms_of_paths(plan *p)
{
    size_t limit = p->path_count < 240 ? p->path_count : 240;
    for (size_t i = 0; i < limit && p->status == STATUS_OK; i++) {
        const plan_path *path = &p->paths[i];
        add_plain(p, path);
        if (i >= BASES && path->hops != 1) /* single steps are few, and most often meant */
            continue;
        if (plan_has(p, OPERATOR_COUNT) && !numeric_end(p, path))
            add_wrapped(p, path, LF_COUNT, 1, 0xC0);
        if (plan_has(p, OPERATOR_ASK))
            add_truth(p, path);
        add_closures(p, path);
    }
}

/* --- two mentions ------------------------------------------------------------------------------
 */
static size_t shared_nodes(const plan_path *x, const plan_path *y)
{
    size_t i = 0, k = 0, n = 0;
    while (i < x->node_count && k < y->node_count) {
        if (x->nodes[i] == y->nodes[k]) {
            n++;
            i++;
            k++;
        } else if (x->nodes[i] < y->nodes[k]) {
            i++;
        } else {
            k++;
        }
    }
    return n;
}

/* Words that x and y both take, each for another step or another way along it: they say one only.
 */
static bool says_two_things(const plan *p, const plan_path *x, const plan_path *y)
{
    for (uint8_t i = 0; i < x->hops; i++)
        for (uint8_t k = 0; k < y->hops; k++)
            if (x->hits[i] >= 0 && y->hits[k] >= 0 && x->steps[i] != y->steps[k] &&
                token_mask_meets(&p->hits[x->hits[i]].core, &p->hits[y->hits[k]].core))
                return true;
    return false;
}

static void join_features(plan *p, const plan_path *x, const plan_path *y, size_t shared,
                          plan_form *f)
{
    plan_form other = {0};
    plan_path_features(p, x, f);
    plan_path_features(p, y, &other);
    token_mask_join(&f->mask, &other.mask);
    double *a = f->features;
    const double *b = other.features;
    /* One phrase may speak for both: "the symptoms cough and fever". */
    double both = (a[RETRIEVER_F_COVERAGE] + b[RETRIEVER_F_COVERAGE]) / 2;
    double most = fmax(a[RETRIEVER_F_COVERAGE], b[RETRIEVER_F_COVERAGE]);
    a[RETRIEVER_F_COVERAGE] = x->steps[x->hops - 1] == y->steps[y->hops - 1] ? most : both;
    a[RETRIEVER_F_UNEXPLAINED] = plan_unexplained(p, &f->mask);
    a[RETRIEVER_F_TYPE_FIT] = fmin(a[RETRIEVER_F_TYPE_FIT], b[RETRIEVER_F_TYPE_FIT]);
    a[RETRIEVER_F_LINK] = (a[RETRIEVER_F_LINK] + b[RETRIEVER_F_LINK]) / 2;
    a[RETRIEVER_F_ANSWERS] = log(1 + (double)shared);
    a[RETRIEVER_F_ORDER] = fmin(a[RETRIEVER_F_ORDER], b[RETRIEVER_F_ORDER]);
    /* 既能引起X又能引起Y: one step of both, which leads the same way. */
    if (x->hops == 1 && y->hops == 1 && x->steps[0] == (y->steps[0] ^ 1))
        a[RETRIEVER_F_ORDER] = fmin(a[RETRIEVER_F_ORDER], 0);
    a[RETRIEVER_F_UNSAID] =
        fmax(a[RETRIEVER_F_UNSAID], b[RETRIEVER_F_UNSAID]) + (says_two_things(p, x, y) ? 1 : 0);
    a[RETRIEVER_F_HOPS] = x->hops > y->hops ? x->hops : y->hops;
    a[RETRIEVER_F_UNUSED] = plan_unused_mentions(p, &f->mask);
    a[RETRIEVER_F_EMPTY] = shared == 0;
    a[RETRIEVER_F_CYCLE] = fmax(a[RETRIEVER_F_CYCLE], b[RETRIEVER_F_CYCLE]);
    f->other = y;
    f->signature = text_chain(plan_path_signature(x), plan_path_signature(y));
}

static void add_pair(plan *p, const plan_path *x, const plan_path *y)
{
    size_t shared = shared_nodes(x, y);
    bool minus = plan_has(p, OPERATOR_NOT), either = plan_has(p, OPERATOR_OR);
    if (shared == 0 && !minus && !either && !x->more && !y->more)
        return;
    if (shared > 0 || x->more || y->more) {
        plan_form f = {0};
        join_features(p, x, y, shared, &f);
        f.features[RETRIEVER_F_OPERATOR] = minus || either ? 0.3 : 0.6;
        const lf_node *both = lf_binary(p->a, LF_AND, plan_path_form(p, x), plan_path_form(p, y));
        f.form = plan_has(p, OPERATOR_COUNT) ? lf_unary(p->a, LF_COUNT, both) : both;
        f.signature = text_chain(f.signature, 0xAD);
        plan_add_form(p, f);
    }
    if (minus || either) {
        bool second_first = plan_mention_of(p, y)->first < plan_mention_of(p, x)->first;
        const plan_path *first = second_first ? y : x, *second = second_first ? x : y;
        plan_form f = {0};
        join_features(p, first, second, first->node_count, &f);
        f.features[RETRIEVER_F_OPERATOR] = 0.8;
        const lf_node *set = lf_binary(p->a, minus ? LF_MINUS : LF_OR, plan_path_form(p, first),
                                       plan_path_form(p, second));
        f.form = plan_has(p, OPERATOR_COUNT) ? lf_unary(p->a, LF_COUNT, set) : set;
        f.signature = text_chain(f.signature, minus ? 0xDE : 0x08);
        plan_add_form(p, f);
    }
}

static bool holds_node(const plan_path *path, index_node node)
{
    for (size_t i = 0; i < path->node_count; i++)
        if (path->nodes[i] == node)
            return true;
    return false;
}

/* Is the second mention of the kind that the path ends in? */
static bool end_fits(const plan *p, const plan_path *path, index_node node)
{
    if (holds_node(path, node))
        return true;
    index_node want = index_class(p->in->index, node);
    return path->node_count > 0 && index_class(p->in->index, path->nodes[0]) == want;
}

/* "A是B的并发症吗": the name that the relation's words belong to; NULL where none stands before 的.
 */
static const link_mention *owner_of(const plan *p, uint32_t step)
{
    const link_result *l = p->in->link;
    for (size_t h = 0; h < p->hit_count; h++) {
        if ((p->hits[h].target | 1) != (step | 1) || p->hits[h].quality < 0.5f)
            continue;
        size_t at = (size_t)p->hits[h].anchor;
        for (size_t i = 0; i < l->count && at < l->tokens.count; i++) {
            const retriever_mention *m = &l->mentions[i].shown;
            size_t start = l->tokens.items[at].start;
            if (m->kind == RETRIEVER_MENTION_ENTITY && m->end <= start && start - m->end <= 6 &&
                str_starts(str_slice(p->in->question, m->end, p->in->question.length), STR("的")))
                return &l->mentions[i];
        }
    }
    return NULL;
}

static void add_ask_pair(plan *p, const plan_path *path, int m2, int s2)
{
    const link_mention *second = &p->in->link->mentions[m2];
    index_node node = second->nodes[s2];
    uint32_t last = path->steps[path->hops - 1];
    const retriever_relation *r = plan_relation(p, last);
    if (!end_fits(p, path, node) || node == path->from)
        return;
    bool transitive = r->transitive || r->id == p->in->knowledge->schema.subclass_relation;
    if (transitive && path->hops > 1 && path->steps[path->hops - 2] == last)
        return; /* any depth is one step */
    plan_path *own = ARENA_NEW(p->a, plan_path);
    if (own == NULL)
        return;
    *own = *path;
    own->closure = transitive;
    plan_form f = {0};
    plan_path_features(p, own, &f);
    plan_mask_mention(second, &f.mask);
    f.features[RETRIEVER_F_UNEXPLAINED] = plan_unexplained(p, &f.mask);
    f.features[RETRIEVER_F_UNUSED] = plan_unused_mentions(p, &f.mask);
    f.features[RETRIEVER_F_TYPE_FIT] = 0.7;
    f.features[RETRIEVER_F_OPERATOR] = holds_node(path, node) ? 1 : 0.85;
    f.features[RETRIEVER_F_ANSWERS] = 0;
    /* Forwards reads better than backwards: who asks "does A have B" means A's B. */
    bool forwards = (path->steps[0] & 1) == 0;
    bool first = plan_mention_of(p, path)->first < second->first;
    const link_mention *owner = owner_of(p, path->steps[0]);
    if (owner != NULL)
        first = owner == plan_mention_of(p, path);
    if (f.features[RETRIEVER_F_ORDER] > 0) /* else one step that two words say is taken twice */
        f.features[RETRIEVER_F_ORDER] = forwards ? (first ? 1 : owner != NULL ? 0 : 0.5) : 0.1;
    if (path->hops == 1) { /* the two names say by their kinds how they are related */
        f.features[RETRIEVER_F_COVERAGE] = fmax(f.features[RETRIEVER_F_COVERAGE], 0.5);
        f.features[RETRIEVER_F_UNSAID] = fmin(f.features[RETRIEVER_F_UNSAID], 0.2);
    }
    const retriever_sense *sense = &second->shown.senses[s2];
    lf_name name = {.id = sense->id, .label = sense->label, .slot = second->shown.slot};
    f.form = lf_ask(p->a, plan_path_form(p, own), LF_EQ, lf_entity(p->a, name));
    f.signature = text_chain(f.signature, 0xA7);
    plan_add_form(p, f);
}

static void forms_of_pairs(plan *p)
{
    const link_result *l = p->in->link;
    const plan_path *best[16][PAIR_BASES];
    size_t count[16] = {0}, two[16] = {0};
    for (size_t i = 0; i < p->path_count; i++) {
        const plan_path *path = &p->paths[i];
        if (path->hops > 2 || path->mention >= 16 || count[path->mention] == PAIR_BASES)
            continue;
        /* Words that say one step in many ways make many walks of two: single steps keep room. */
        if (path->hops == 2 && two[path->mention]++ >= PAIR_BASES / 2)
            continue;
        best[path->mention][count[path->mention]++] = path;
    }
    for (size_t x = 0; x < 16 && x < l->count; x++)
        for (size_t y = 0; y < 16 && y < l->count && p->status == STATUS_OK; y++) {
            if (x == y || l->mentions[y].shown.kind != RETRIEVER_MENTION_ENTITY)
                continue;
            for (size_t i = 0; i < count[x]; i++) {
                for (size_t s = 0;
                     plan_has(p, OPERATOR_ASK) && s < l->mentions[y].shown.sense_count; s++)
                    add_ask_pair(p, best[x][i], (int)y, (int)s);
                for (size_t k = 0; x < y && k < count[y]; k++)
                    add_pair(p, best[x][i], best[y][k]);
            }
        }
}

/* A name and nothing else, at the beginning of a conversation; an article is asked for its text. */
static bool is_bare_name(const plan *p, const link_mention *m)
{
    if (str_find(m->shown.senses[0].label, STR("#第"), 0) != STR_NONE)
        return false;
    return p->in->previous == NULL && m->first == 0 && m->last + 1 == p->in->link->tokens.count;
}

/* --- what an alias is an alias of --------------------------------------------------------------
 */
static void forms_of_names(plan *p)
{
    const link_result *l = p->in->link;
    if (!plan_has(p, OPERATOR_NAME) && !plan_has(p, OPERATOR_DESCRIBE))
        return;
    for (size_t m = 0; m < l->count; m++) {
        const link_mention *mention = &l->mentions[m];
        if (mention->shown.kind != RETRIEVER_MENTION_ENTITY ||
            mention->shown.senses[0].match == RETRIEVER_MATCH_LABEL ||
            mention->shown.senses[0].match == RETRIEVER_MATCH_FOCUS)
            continue;
        plan_form f = {0};
        plan_mask_mention(mention, &f.mask);
        token_mask_join(&f.mask, &p->silent);
        plan_explain_class(p, mention->nodes[0], &f.mask);
        f.features[RETRIEVER_F_UNEXPLAINED] = plan_unexplained(p, &f.mask);
        f.features[RETRIEVER_F_UNUSED] = plan_unused_mentions(p, &f.mask);
        f.features[RETRIEVER_F_TYPE_FIT] = 0.8;
        f.features[RETRIEVER_F_LINK] = (double)mention->shown.senses[0].score;
        f.features[RETRIEVER_F_ORDER] = 1;
        f.features[RETRIEVER_F_HOPS] = 1;
        f.features[RETRIEVER_F_OPERATOR] = plan_has(p, OPERATOR_NAME) ? 1 : 0.3;
        f.features[RETRIEVER_F_COVERAGE] = plan_has(p, OPERATOR_NAME) ? 0.8 : 0.3;
        f.form = plan_sense_node(p, (int)m, 0);
        f.signature = 0x1D;
        plan_add_form(p, f);
    }
}

/* --- descriptions -----------------------------------------------------------------
 */
static void forms_of_descriptions(plan *p)
{
    const link_result *l = p->in->link;
    for (size_t m = 0; m < l->count; m++) {
        const link_mention *mention = &l->mentions[m];
        if (mention->shown.kind != RETRIEVER_MENTION_ENTITY)
            continue;
        plan_form f = {0};
        plan_mask_mention(mention, &f.mask);
        token_mask_join(&f.mask, &p->silent);
        f.features[RETRIEVER_F_UNEXPLAINED] = plan_unexplained(p, &f.mask);
        f.features[RETRIEVER_F_UNUSED] = plan_unused_mentions(p, &f.mask);
        f.features[RETRIEVER_F_TYPE_FIT] = str_empty(p->want) ? 0.5 : 0;
        f.features[RETRIEVER_F_LINK] = (double)mention->shown.senses[0].score;
        f.features[RETRIEVER_F_ORDER] = 1;
        /* "What is X" asks for a description only where nothing else is said. */
        bool asked = is_bare_name(p, mention) ||
                     (asks_description(p, mention) && f.features[RETRIEVER_F_UNEXPLAINED] < 0.15);
        f.features[RETRIEVER_F_OPERATOR] = asked ? 0.9 : 0;
        f.features[RETRIEVER_F_COVERAGE] = asked ? 0.4 : 0;
        f.features[RETRIEVER_F_HOPS] = 1;
        f.features[RETRIEVER_F_UNSAID] = asked ? 0 : 2;
        f.form = lf_unary(p->a, LF_DESCRIBE, plan_sense_node(p, (int)m, 0));
        f.signature = 0xDE5C;
        plan_add_form(p, f);
    }
}

void plan_make_forms(plan *p)
{
    plan_measured_forms(p);
    forms_of_descriptions(p);
    forms_of_names(p);
    plan_follow_ups(p);
    plan_passages(p);
    forms_of_pairs(p);
    forms_of_paths(p);
    p->enumerated += p->form_count;
    plan_prefer_texts(p);
}
