/* fusion_verify: a text against an engine's graph. See engine.h. */
#include "core/utf8.h"
#include "fusion/internal.h"
#include "fusion/verify.h"

static status verify(fusion_engine *e, kg_read *read, str text, clock_day as_of, arena *a,
                     answer *out, error *err)
{
    cite_list *cites = cite_new(a);
    if (cites == NULL)
        return error_memory(err);
    verify_context c = {.read = read,
                        .retriever = e->retriever,
                        .pack = e->pack,
                        .glue = e->glue,
                        .as_of = as_of,
                        .a = a,
                        .cites = cites};
    status st = retriever_schema_of(e->retriever, read, &c.schema, err);
    verify_clauses clauses = {0};
    if (st == STATUS_OK)
        st = verify_text(&c, text, &clauses, err);
    answer_citation *citations = NULL;
    size_t count = 0;
    if (st == STATUS_OK)
        st = cite_finish(cites, read, e->pack, out->lang, &citations, &count, err);
    if (st != STATUS_OK)
        return st;
    out->clauses = clauses.items;
    out->clause_count = clauses.count;
    out->citations = citations;
    out->citation_count = count;
    out->status = clauses.count == 0 ? ANSWER_ABSTAINED : ANSWER_ANSWERED;
    for (size_t i = 0; i < clauses.count; i++)
        if (clauses.items[i].verdict != VERDICT_SUPPORTED)
            out->status = ANSWER_ABSTAINED;
    return STATUS_OK;
}

status fusion_verify(fusion_engine *engine, str text, str lang, clock_day as_of, arena *a,
                     answer *out, error *err)
{
    size_t bad = utf8_first_invalid(text.data == NULL ? "" : text.data, text.length);
    if (bad < text.length)
        return error_set_at(err, STATUS_SYNTAX, "the text", 1, bad + 1,
                            "not UTF-8; convert it first (iconv -t UTF-8)");
    answer made = {.lang = lang};
    for (size_t i = 0; str_empty(lang) && i < text.length;) {
        uint32_t c;
        i += utf8_decode(text.data + i, text.length - i, &c);
        if (utf8_is_han(c))
            made.lang = STR("zh");
    }
    if (str_empty(made.lang))
        made.lang = STR("en");
    uint64_t began = clock_monotonic_ns();
    kg_read *read = NULL;
    status st = kg_read_begin(engine->store, &read, err);
    if (st != STATUS_OK)
        return st;
    st = verify(engine, read, text, as_of, a, &made, err);
    kg_read_end(read);
    made.timings.verify = made.timings.total = clock_elapsed_ms(began);
    if (st == STATUS_OK)
        *out = made;
    return st;
}
