/* See verify.h. A clause is judged by triples first (verify_clause.c), then the sentence by
 * passages (verify_sentence.c). */
#include "fusion/verify.h"

#include "core/utf8.h"
#include "fusion/claims.h"
#include "fusion/verify_judge.h"
#include "fusion/verify_statute.h"

#define MOST_PIECES 96

static void carry(const claims_clause *k, verify_carried *before)
{
    if (k->entity_count == 0)
        return;
    before->count = k->entities[0].count;
    for (size_t i = 0; i < before->count; i++) {
        before->ids[i] = k->entities[0].ids[i];
        before->classes[i] = k->entities[0].classes[i];
    }
}

/* --- sentences ---------------------------------------------------------------------------------
 */
static status read_clause(const verify_context *c, str text, claims_clause **out, error *err)
{
    claims_clause *k = ARENA_NEW(c->a, claims_clause);
    if (k == NULL)
        return error_memory(err);
    *out = k;
    return claims_read(c, kg_normalise(text, c->a), k, err);
}

/* Nothing is claimed: a name, and at most a word that joins it to what stands beside it. */
static bool is_fragment(const claims_clause *k)
{
    static const char *joints[] = {"",     "和",   "与",     "及",           "以及", "还有",
                                   "或",   "或者", "等",     "根据",         "依据", "按照",
                                   "依照", "对于", "关于",   "在",           "or",   "and",
                                   "in",   "for",  "as for", "according to", "under"};
    if (k->hit_count > 0 || k->value_count > 0 || k->entity_count != 1 || k->negative)
        return false;
    str before = str_trim(str_slice(k->text, 0, k->entities[0].start));
    str after = str_trim(str_slice(k->text, k->entities[0].end, k->text.length));
    bool joined_before = false, joined_after = str_empty(after) || str_equal(after, STR("等")) ||
                                               str_equal(after, STR("中"));
    for (size_t i = 0; i < CORE_COUNT(joints); i++)
        joined_before = joined_before || str_equal(before, str_from(joints[i]));
    return joined_before && joined_after;
}

/* Gathers the clauses of one sentence; fragments join the clause behind them, else before. A row of
 * more names than a person lists is cut: each piece that is read costs memory until the sentence
 * ends. */
static status gather(const verify_context *c, const claims_piece *pieces, size_t count,
                     verify_sentence *s, size_t *used, error *err)
{
    str open = {0};
    size_t i = 0;
    for (; i < count && (i == 0 || !pieces[i].new_start) && s->count < VERIFY_CLAUSES &&
           i < MOST_PIECES;
         i++) {
        claims_clause *k = NULL;
        str text = open.data == NULL ? pieces[i].text : verify_joined(open, pieces[i].text);
        status st = read_clause(c, pieces[i].text, &k, err);
        if (st != STATUS_OK)
            return st;
        open = text;
        if (is_fragment(k))
            continue;
        s->read[s->count] = open.data == pieces[i].text.data ? k : NULL;
        s->texts[s->count++] = text;
        open = (str){0};
    }
    if (open.data != NULL && s->count > 0) {
        s->texts[s->count - 1] = verify_joined(s->texts[s->count - 1], open);
        s->read[s->count - 1] = NULL;
    } else if (open.data != NULL)
        s->texts[s->count++] = open;
    *used = i;
    return STATUS_OK;
}

static status judge_clause(const verify_context *c, verify_sentence *s, size_t i, error *err)
{
    verify_judge *j = &s->judges[i];
    status st = s->read[i] != NULL ? STATUS_OK : read_clause(c, s->texts[i], &s->read[i], err);
    if (st != STATUS_OK)
        return st;
    *j = (verify_judge){.c = c, .k = s->read[i], .before = &s->before, .err = err};
    bool fresh = s->before.count == 0;
    st = verify_judge_triples(j);
    claims_cover_glue(c, s->read[i]);
    s->verdicts[i] = verify_sum_up(j, claims_leftover(s->read[i]));
    if (fresh)
        carry(s->read[i], &s->before);
    return st;
}

static status finish(arena *a, const verify_sentence *s, answer_clause *out, error *err)
{
    for (size_t i = 0; i < s->count; i++) {
        const verify_judge *j = &s->judges[i];
        int *numbers = ARENA_ARRAY(a, int, j->cite_count);
        if (numbers == NULL)
            return error_memory(err);
        memcpy(numbers, j->cites, j->cite_count * sizeof *numbers);
        out[i] = (answer_clause){s->texts[i], s->verdicts[i], numbers, j->cite_count};
    }
    return STATUS_OK;
}

/* Citation marks of the text itself are no content. */
static str without_marks(str text, arena *a)
{
    buf out = {0};
    for (size_t i = 0; i < text.length;) {
        size_t k = i + 1;
        while (text.data[i] == '[' && k < text.length &&
               ((text.data[k] >= '0' && text.data[k] <= '9') || text.data[k] == ',' ||
                text.data[k] == ' ' || text.data[k] == '-'))
            k++;
        if (text.data[i] == '[' && k > i + 1 && k < text.length && text.data[k] == ']') {
            i = k + 1;
            continue;
        }
        buf_add_char(&out, text.data[i++]);
    }
    str copy = out.failed ? str_make(NULL, 0) : arena_str(a, str_trim(buf_str(&out)));
    buf_free(&out);
    return copy;
}

/* What triples left open, in passages, while there is time. */
static status look_up(const verify_context *c, verify_sentence *s, error *err)
{
    bool statutes = verify_holds_statutes(c);
    if (clock_monotonic_ns() > c->passages_until) {
        if (statutes)
            verify_reopen(c, s);
        return STATUS_OK;
    }
    return statutes ? verify_by_statutes(c, s, err) : verify_by_passages(c, s, err);
}

/* One sentence; its clauses' citations are kept in `kept`. */
static status verify_one(const verify_context *c, arena *kept, const claims_piece *pieces,
                         size_t count, answer_clause *out, size_t *added, size_t *used, error *err)
{
    verify_sentence *s = ARENA_NEW(c->a, verify_sentence);
    if (s == NULL)
        return error_memory(err);
    status st = gather(c, pieces, count, s, used, err);
    for (size_t k = 0; st == STATUS_OK && k < s->count; k++)
        st = judge_clause(c, s, k, err);
    if (st == STATUS_OK)
        st = look_up(c, s, err);
    if (st == STATUS_OK)
        st = finish(kept, s, out, err);
    if (st == STATUS_OK)
        *added = s->count;
    return st;
}

status verify_text(const verify_context *context, str text, verify_clauses *out, error *err)
{
    claims_piece *pieces = NULL;
    size_t count = 0, n = 0;
    if (text.length > VERIFY_MAX_BYTES)
        return error_set(err, STATUS_LIMIT, "the text is %zu bytes long; at most %zu are verified",
                         text.length, VERIFY_MAX_BYTES);
    status st = claims_split(without_marks(text, context->a), context->a, &pieces, &count, err);
    if (st != STATUS_OK)
        return st;
    answer_clause *items = ARENA_ARRAY(context->a, answer_clause, count + 1);
    if (items == NULL)
        return error_memory(err);
    /* What one sentence needs is forgotten with it: a long text takes no more than a short one. */
    verify_context own = *context;
    own.passages_until = clock_monotonic_ns() + VERIFY_PASSAGES_SECONDS * UINT64_C(1000000000);
    own.a = arena_new(0);
    if (own.a == NULL)
        return error_memory(err);
    st = claims_prepare(context, context->a, &own.phrases, err);
    for (size_t i = 0; st == STATUS_OK && i < count;) {
        size_t used = 1, added = 0;
        st = verify_one(&own, context->a, pieces + i, count - i, items + n, &added, &used, err);
        n += added;
        i += used;
        arena_reset(own.a);
    }
    arena_free(own.a);
    if (st != STATUS_OK)
        return st;
    *out = (verify_clauses){items, n};
    return STATUS_OK;
}
