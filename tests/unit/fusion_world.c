/* See fusion_world.h. */
#include "tests/unit/fusion_world.h"

#include <unistd.h>

#include "kg/store.h"
#include "tests/unit/unit.h"

static kg_term iri(char *out, size_t bytes, const char *name, const char *prefix)
{
    snprintf(out, bytes, strncmp(name, "http", 4) == 0 ? "%.0s%s" : "urn:vouch:%s%s", prefix, name);
    return (kg_term){.kind = KG_TERM_IRI, .lexical = str_from(out)};
}

static void add(kg_write *w, kg_term s, kg_term p, kg_term o)
{
    error err = {0};
    const kg_new_statement n = {.s = s,
                                .p = p,
                                .o = o,
                                .valid_from = CLOCK_DAY_UNKNOWN,
                                .valid_to = CLOCK_DAY_UNKNOWN,
                                .confidence = 1,
                                .line = 1};
    assert_int_equal(kg_write_add(w, &n, &err), STATUS_OK);
}

static void add_class(kg_write *w, const char *name)
{
    char s[256], class_name[64], o[128];
    const char *colon = strchr(name, ':');
    if (strncmp(name, "http", 4) == 0 || colon == NULL)
        return;
    snprintf(class_name, sizeof class_name, "%.*s", (int)(colon - name), name);
    add(w, iri(s, sizeof s, name, ""),
        (kg_term){.kind = KG_TERM_IRI,
                  .lexical = STR("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")},
        iri(o, sizeof o, class_name, "c:"));
}

fusion_world *fusion_world_new(const fusion_fact *facts, const char *pack)
{
    fusion_world *w = calloc(1, sizeof *w);
    error err = {0};
    kg_store *store = NULL;
    kg_write *write = NULL;
    kg_write_report report;
    const kg_open_options create = {.create = true};
    snprintf(w->folder, sizeof w->folder, "/tmp/vouch-world-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    snprintf(w->path, sizeof w->path, "%s/g.kg", w->folder);
    assert_int_equal(kg_open(w->path, &create, &store, &err), STATUS_OK);
    assert_int_equal(kg_write_begin(store, &write, &err), STATUS_OK);
    assert_int_equal(kg_write_source(write, STR("t.csv"), STR("csv"), 0.5, &err), STATUS_OK);
    for (; facts->s != NULL; facts++) {
        char s[512], p[256], o[512];
        kg_term object = facts->o[0] == '='
                             ? (kg_term){.kind = KG_TERM_LITERAL, .lexical = str_from(facts->o + 1)}
                             : iri(o, sizeof o, facts->o, "");
        add(write, iri(s, sizeof s, facts->s, ""), iri(p, sizeof p, facts->p, "r:"), object);
        add_class(write, facts->s);
        if (facts->o[0] != '=')
            add_class(write, facts->o);
    }
    assert_int_equal(kg_write_meta(write, STR("pack"), str_from(pack), &err), STATUS_OK);
    assert_int_equal(kg_write_commit(write, &report, &err), STATUS_OK);
    kg_close(store);
    const fusion_options options = {.graph_path = w->path, .model = "none"};
    if (fusion_open(&options, &w->engine, &err) != STATUS_OK)
        fail_msg("%s", err.message);
    return w;
}

void fusion_world_free(fusion_world *w)
{
    char command[128];
    fusion_close(w->engine);
    snprintf(command, sizeof command, "rm -r %s", w->folder);
    assert_int_equal(system(command), 0);
    free(w);
}
