/* See conversation.h. Two arenas take turns: the new state is made in one while the old is still
 * read from the other. */
#include "fusion/conversation.h"

#include <stdlib.h>

enum { FOCUS = 6, TURNS = 6 };

struct fusion_conversation {
    arena *now, *spare;
    str form; /* as lf_print with IRIs */
    retriever_sense focus[FOCUS];
    size_t focus_count;
    str questions[TURNS], answers[TURNS];
    size_t turns;
    str whole; /* the question of the last turn, where a text answered it */
    uint64_t nonce;
};

fusion_conversation *fusion_conversation_new(void)
{
    fusion_conversation *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->now = arena_new(0);
    c->spare = arena_new(0);
    if (c->now == NULL || c->spare == NULL) {
        fusion_conversation_free(c);
        return NULL;
    }
    return c;
}

void fusion_conversation_free(fusion_conversation *c)
{
    if (c == NULL)
        return;
    arena_free(c->now);
    arena_free(c->spare);
    free(c);
}

void conversation_recall(const fusion_conversation *c, kg_read *read, arena *a,
                         retriever_request *request)
{
    if (c == NULL)
        return;
    request->focus = c->focus;
    request->focus_count = c->focus_count;
    const lf_node *form = NULL;
    error ignored = {0};
    if (!str_empty(c->form) && lf_parse(c->form, a, &form, &ignored) == STATUS_OK &&
        lf_resolve(read, form, a, &form, &ignored) == STATUS_OK)
        request->previous = form;
}

static str copy(arena *a, str s)
{
    return arena_str(a, s);
}

static void add_focus(fusion_conversation *next, const retriever_sense *s)
{
    for (size_t i = 0; i < next->focus_count; i++)
        if (next->focus[i].id == s->id)
            return;
    if (next->focus_count == FOCUS)
        return;
    retriever_sense kept = *s;
    kept.label = copy(next->now, s->label);
    kept.matched = copy(next->now, s->matched);
    kept.class_label = copy(next->now, s->class_label);
    kept.match = RETRIEVER_MATCH_FOCUS;
    next->focus[next->focus_count++] = kept;
}

static void keep_turns(const fusion_conversation *c, fusion_conversation *next)
{
    next->turns = c->turns;
    for (size_t i = 0; i < c->turns; i++) {
        next->questions[i] = copy(next->now, c->questions[i]);
        next->answers[i] = copy(next->now, c->answers[i]);
    }
}

status conversation_keep(fusion_conversation *c, const retriever_result *found, error *err)
{
    if (c == NULL)
        return STATUS_OK;
    fusion_conversation next = {.now = c->spare, .spare = c->now};
    arena_reset(next.now);
    for (size_t i = 0; i < found->mention_count; i++)
        if (found->mentions[i].kind == RETRIEVER_MENTION_ENTITY &&
            found->mentions[i].sense_count > 0)
            add_focus(&next, &found->mentions[i].senses[0]);
    for (size_t i = 0; i < c->focus_count; i++)
        add_focus(&next, &c->focus[i]);
    buf text = {0};
    if (found->form != NULL)
        lf_print(found->form, true, &text);
    next.form = found->form == NULL ? copy(next.now, c->form) : copy(next.now, buf_str(&text));
    bool failed = text.failed;
    buf_free(&text);
    keep_turns(c, &next);
    if (failed)
        return error_memory(err);
    *c = next;
    return STATUS_OK;
}

size_t conversation_turns(const fusion_conversation *c, const str **questions, const str **answers)
{
    if (c == NULL)
        return 0;
    *questions = c->questions;
    *answers = c->answers;
    return c->turns;
}

status conversation_keep_text(fusion_conversation *c, str question, str reply, error *err)
{
    if (c == NULL)
        return STATUS_OK;
    if (c->turns == TURNS) {
        memmove(c->questions, c->questions + 1, (TURNS - 1) * sizeof *c->questions);
        memmove(c->answers, c->answers + 1, (TURNS - 1) * sizeof *c->answers);
        c->turns--;
    }
    c->questions[c->turns] = copy(c->now, question);
    c->answers[c->turns] = copy(c->now, reply);
    if (c->questions[c->turns].data == NULL || c->answers[c->turns].data == NULL)
        return error_memory(err);
    c->turns++;
    return STATUS_OK;
}

str conversation_whole(const fusion_conversation *c)
{
    return c == NULL ? str_make(NULL, 0) : c->whole;
}

status conversation_keep_whole(fusion_conversation *c, str question, error *err)
{
    if (c == NULL)
        return STATUS_OK;
    c->whole = copy(c->now, question);
    return c->whole.data == NULL ? error_memory(err) : STATUS_OK;
}

uint64_t *conversation_nonce(fusion_conversation *c)
{
    return c == NULL ? NULL : &c->nonce;
}
