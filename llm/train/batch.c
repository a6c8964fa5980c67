/* Arrays of fixed size, filled front to back. */
#include "llm/train/batch.h"

#include <stdlib.h>

struct batch {
    size_t max_tokens, max_targets, max_groups;
    int32_t *token, *position, *verdict_at, *group_start, *target_at, *target;
    ops_span *span;
    uint8_t *gold;
    float *group_weight, *target_weight;
    pass_batch view;
};

void batch_free(batch *b)
{
    if (b == NULL)
        return;
    free(b->token);
    free(b->position);
    free(b->verdict_at);
    free(b->group_start);
    free(b->target_at);
    free(b->target);
    free(b->span);
    free(b->gold);
    free(b->group_weight);
    free(b->target_weight);
    free(b);
}

status batch_new(size_t max_tokens, size_t max_targets, const vocab *v, batch **out, error *err)
{
    batch *b = calloc(1, sizeof *b);
    if (b == NULL)
        return error_memory(err);
    b->max_tokens = max_tokens;
    b->max_targets = max_targets;
    b->token = calloc(max_tokens, sizeof *b->token);
    b->position = calloc(max_tokens, sizeof *b->position);
    b->verdict_at = calloc(max_tokens, sizeof *b->verdict_at);
    b->group_start = calloc(max_tokens + 1, sizeof *b->group_start);
    b->target_at = calloc(max_targets, sizeof *b->target_at);
    b->target = calloc(max_targets, sizeof *b->target);
    b->span = calloc(max_tokens, sizeof *b->span);
    b->gold = calloc(max_tokens, sizeof *b->gold);
    b->group_weight = calloc(max_tokens, sizeof *b->group_weight);
    b->target_weight = calloc(max_targets, sizeof *b->target_weight);
    if (b->token == NULL || b->position == NULL || b->verdict_at == NULL ||
        b->group_start == NULL || b->target_at == NULL || b->target == NULL || b->span == NULL ||
        b->gold == NULL || b->group_weight == NULL || b->target_weight == NULL) {
        batch_free(b);
        return error_memory(err);
    }
    b->view.token_ok = vocab_find(v, STR("<ok>"));
    b->view.token_no = vocab_find(v, STR("<no>"));
    *out = b;
    return STATUS_OK;
}

void batch_clear(batch *b)
{
    b->view.tokens = b->view.verdicts = b->view.groups = b->view.targets = 0;
}

static void add_target(batch *b, size_t at, int32_t token, float weight)
{
    size_t i = b->view.targets;
    if (i == b->max_targets || weight <= 0)
        return;
    b->target_at[i] = (int32_t)at;
    b->target[i] = token;
    b->target_weight[i] = weight;
    b->view.targets++;
}

static void add_token(batch *b, int32_t token, size_t position, ops_span span)
{
    size_t t = b->view.tokens++;
    b->token[t] = token;
    b->position[t] = (int32_t)position;
    b->span[t] = span;
}

static void add_candidate(batch *b, const episode *e, const episode_candidate *c, size_t prefix,
                          batch_part part, const batch_weights *w)
{
    size_t from = b->view.tokens, before = prefix + e->prefix_length - 1;
    const int32_t *tokens = e->candidate_tokens + c->start;
    float weight = c->gold ? w->form : w->wrong;
    ops_span span = {(int32_t)prefix, (int32_t)e->prefix_length, (int32_t)from};
    for (size_t i = 0; i < c->length; i++) {
        add_target(b, i == 0 ? before : from + i - 1, tokens[i], weight);
        add_token(b, tokens[i], e->prefix_length + i, span);
    }
    add_target(b, from + c->length - 1, VOCAB_EOS, weight);
    if (part == BATCH_RIGHT_ONLY)
        return;
    b->verdict_at[b->view.verdicts] = (int32_t)(from + c->length - 1);
    b->gold[b->view.verdicts++] = c->gold;
}

static bool fits(const batch *b, const episode *e, batch_part part, const batch_weights *w)
{
    size_t tokens = e->prefix_length, targets = e->output_from > 0 ? e->prefix_length : 0;
    for (size_t i = 0; i < e->candidates; i++) {
        const episode_candidate *c = &e->candidate[i];
        tokens += part == BATCH_ALL || c->gold ? c->length : 0;
        targets += c->gold || w->wrong > 0 ? c->length + 1 : 0;
    }
    return b->view.tokens + tokens <= b->max_tokens && b->view.targets + targets <= b->max_targets;
}

bool batch_add(batch *b, const episode *e, batch_part part, const batch_weights *w)
{
    if (!fits(b, e, part, w))
        return false;
    size_t prefix = b->view.tokens;
    ops_span span = {(int32_t)prefix, 0, (int32_t)prefix};
    for (size_t i = 0; i < e->prefix_length; i++) {
        if (e->output_from > 0 && i >= e->output_from)
            add_target(b, prefix + i - 1, e->prefix[i], w->wording);
        add_token(b, e->prefix[i], i, span);
    }
    if (part == BATCH_ALL && e->candidates > 0) {
        b->group_start[b->view.groups] = (int32_t)b->view.verdicts;
        b->group_weight[b->view.groups++] = w->group;
    }
    for (size_t i = 0; i < e->candidates; i++)
        if (part == BATCH_ALL || e->candidate[i].gold)
            add_candidate(b, e, &e->candidate[i], prefix, part, w);
    b->group_start[b->view.groups] = (int32_t)b->view.verdicts;
    b->view.bce_weight = w->bce;
    return true;
}

void batch_want_losses(batch *b, float *losses)
{
    b->view.target_loss = losses;
}

const pass_batch *batch_view(batch *b)
{
    pass_batch *v = &b->view;
    v->token = b->token;
    v->position = b->position;
    v->span = b->span;
    v->verdict_at = b->verdict_at;
    v->verdict_gold = b->gold;
    v->group_start = b->group_start;
    v->group_weight = b->group_weight;
    v->target_at = b->target_at;
    v->target = b->target;
    v->target_weight = b->target_weight;
    return v;
}
