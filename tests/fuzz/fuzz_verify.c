/* Fuzzes the verifier over two small graphs made once, one of facts and one of statutes (inputs of
 * odd length go to it): no text may crash it or run away, and what it cites exists. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/utf8.h"
#include "fusion/engine.h"
#include "kg/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const facts[][3] = {
    {"disease:cholera", "symptom", "disease:diarrhea"},
    {"disease:肺结核", "symptom", "disease:咳嗽"},
    {"disease:肺结核", "department", "department:传染科"},
    {"disease:gout", "http://www.w3.org/2000/01/rdf-schema#subClassOf", "disease:arthritis"},
};

static void add(kg_write *w, str s, str p, kg_term o, error *err)
{
    const kg_new_statement n = {.s = {.kind = KG_TERM_IRI, .lexical = s},
                                .p = {.kind = KG_TERM_IRI, .lexical = p},
                                .o = o,
                                .valid_from = CLOCK_DAY_UNKNOWN,
                                .valid_to = CLOCK_DAY_UNKNOWN,
                                .confidence = 1};
    if (kg_write_add(w, &n, err) != STATUS_OK)
        abort();
}

static void add_facts(kg_write *w, error *err)
{
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        char s[96], p[96], o[96];
        snprintf(s, sizeof s, "urn:vouch:%s", facts[i][0]);
        snprintf(p, sizeof p, facts[i][1][0] == 'h' ? "%s" : "urn:vouch:r:%s", facts[i][1]);
        snprintf(o, sizeof o, "urn:vouch:%s", facts[i][2]);
        add(w, str_from(s), str_from(p), (kg_term){.kind = KG_TERM_IRI, .lexical = str_from(o)},
            err);
    }
    add(w, STR("urn:vouch:disease:肺结核"), STR("urn:vouch:r:cure_rate"),
        (kg_term){.kind = KG_TERM_LITERAL, .lexical = STR("79%")}, err);
}

static void add_statute(kg_write *w, error *err)
{
    static const char *const articles[][2] = {
        {"urn:vouch:article:林木法#第一条", "盗伐林木，数量较大的，处三年以下有期徒刑，并处罚金；数"
                                            "量巨大的，处三年以上七年以下有期徒刑。"
                                            "不得买卖许可证，可以依法转让林木。"},
        {"urn:vouch:article:林木法#第二条", "有下列情形之一的，应当自三十日内登记：\n（一）承包人；"
                                            "\n（二）所有人，但是另有约定的除外。"}};
    for (size_t i = 0; i < sizeof articles / sizeof articles[0]; i++) {
        add(w, str_from(articles[i][0]), STR("urn:vouch:r:law"),
            (kg_term){.kind = KG_TERM_IRI, .lexical = STR("urn:vouch:law:林木法")}, err);
        add(w, str_from(articles[i][0]), STR("urn:vouch:r:text"),
            (kg_term){.kind = KG_TERM_LITERAL, .lexical = str_from(articles[i][1])}, err);
    }
}

static fusion_engine *make_engine(bool statute)
{
    char folder[] = "/tmp/vouch-fuzz-XXXXXX", path[64];
    error err = {0};
    kg_store *store = NULL;
    kg_write *w = NULL;
    fusion_engine *engine = NULL;
    kg_write_report report;
    if (mkdtemp(folder) == NULL)
        abort();
    snprintf(path, sizeof path, "%s/g.kg", folder);
    const kg_open_options create = {.create = true};
    if (kg_open(path, &create, &store, &err) != STATUS_OK ||
        kg_write_begin(store, &w, &err) != STATUS_OK ||
        kg_write_source(w, STR("f"), STR("nt"), 0.5, &err) != STATUS_OK)
        abort();
    statute ? add_statute(w, &err) : add_facts(w, &err);
    if (kg_write_commit(w, &report, &err) != STATUS_OK)
        abort();
    kg_close(store);
    const fusion_options options = {
        .graph_path = path, .pack = statute ? "legal" : "medical", .model = "none"};
    if (fusion_open(&options, &engine, &err) != STATUS_OK)
        abort();
    return engine;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static fusion_engine *engines[2];
    const bool statute = size % 2 == 1;
    if (engines[statute] == NULL)
        engines[statute] = make_engine(statute);
    error err = {0};
    answer a = {0};
    arena *memory = arena_new((size_t)256 << 20);
    if (fusion_verify(engines[statute], str_make((const char *)data, size), (str){0},
                      CLOCK_DAY_UNKNOWN, memory, &a, &err) == STATUS_OK)
        for (size_t i = 0; i < a.clause_count; i++) {
            if (a.clauses[i].verdict == VERDICT_SUPPORTED && a.clauses[i].citation_count == 0 &&
                a.citation_count > 0 &&
                !utf8_valid(a.clauses[i].text.data, a.clauses[i].text.length))
                abort();
            for (size_t n = 0; n < a.clauses[i].citation_count; n++)
                if (a.clauses[i].citations[n] < 1 ||
                    (size_t)a.clauses[i].citations[n] > a.citation_count)
                    abort();
        }
    arena_free(memory);
    return 0;
}
