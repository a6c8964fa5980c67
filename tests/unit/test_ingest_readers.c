/* Every reader on small texts: what it yields, from which line, and what it does with bad input. */
#include "ingest/apoc_nodes.h"
#include "ingest/mapping.h"
#include "ingest/rdftext.h"
#include "tests/unit/collect.h"

#define FLU_MARK "51e3ea40"

#define E "urn:vouch:e:"
#define R "urn:vouch:r:"

static collected read_all(const char *text, ingest_format format, const char *mapping,
                          status expected)
{
    error err = {0};
    collected c = {0};
    ingest_mapping *m = NULL;
    if (mapping != NULL)
        assert_int_equal(ingest_mapping_parse(str_from(mapping), "map", &m, &err), STATUS_OK);
    status st = collect_text(str_from(text), format, m, '\0', &c, &err);
    if (st != expected)
        print_message("%s\n", err.message);
    assert_int_equal(st, expected);
    ingest_mapping_free(m);
    return c;
}

static void test_iri_characters(void **state)
{
    (void)state;
    for (uint32_t c = 0; c < 0x80; c++) {
        bool forbidden = c <= 0x20 || strchr("<>\"{}|^`\\", (int)c) != NULL;
        assert_int_equal(rdftext_iri_char(c), !forbidden);
    }
}

static void test_ntriples(void **state)
{
    (void)state;
    collected c = read_all("# comment\n"
                           "<a:s> <a:p> \"\\u4e2d\\n\"@ZH .\r\n"
                           "<a:s> <a:p> \"broken .\n"
                           "<a:s> <a:p> <rel> .\n"
                           "<a:s> <a:p> _:x.y. # tail\n"
                           "<a:s> <a:p> \"last\"",
                           INGEST_NTRIPLES, NULL, STATUS_OK);
    assert_int_equal(c.count, 2);
    assert_true(collected_has(&c, "<a:s> <a:p> \"\xe4\xb8\xad\n\"@zh "));
    assert_true(collected_has(&c, "<a:s> <a:p> _:x.y "));
    assert_int_equal(c.at[0], 2);
    assert_int_equal(c.at[1], 5);
    assert_int_equal(c.rejected, 3);
    assert_int_equal(c.first_problem_line, 3);
    assert_true(c.first_problem_column > 12);
    collected_free(&c);
}

static void test_turtle(void **state)
{
    (void)state;
    collected c = read_all("@prefix x: <http://x/> .\nx:a x:p 1 ,\n \"t\"@en .\n\n<r> a x:C .\n",
                           INGEST_TURTLE, NULL, STATUS_OK);
    assert_int_equal(c.count, 3);
    assert_int_equal(c.at[0], 2);
    assert_int_equal(c.at[1], 3);
    assert_int_equal(c.at[2], 5);
    assert_true(collected_has(&c, "<http://example.org/r> <" INGEST_RDF "type> <http://x/C> "));
    collected_free(&c);
    const char *bad[] = {
        "<a:s> <a:p> \"\\uD800\" .", "<a:s> <a:p> <a b> .",    "x:a x:b x:c .",
        "<a:s> <a:p> \"open",        "<a:s> <a:p> '''open'' ", "<a:s> <a:p> \"\xff\" ."};
    for (size_t i = 0; i < CORE_COUNT(bad); i++) {
        c = read_all(bad[i], INGEST_TURTLE, NULL, STATUS_SYNTAX);
        collected_free(&c);
    }
}

static void test_turtle_long_texts(void **state)
{
    (void)state;
    collected c = read_all("<a:s> <a:p> \"\"\"a\"\\\\n\"\"\\\\'\"b\"\"\", '''x'\\\"''y''' .\n",
                           INGEST_TURTLE, NULL, STATUS_OK);
    assert_int_equal(c.count, 2);
    assert_true(collected_has(&c, "<a:s> <a:p> \"a\"\\n\"\"\\'\"b\" "));
    assert_true(collected_has(&c, "<a:s> <a:p> \"x'\"''y\" "));
    collected_free(&c);
}

static void test_deep_nesting(void **state)
{
    (void)state;
    buf b = {0};
    buf_add_cstr(&b, "<a:s> <a:p> ");
    for (size_t i = 0; i < 100000; i++)
        buf_add_cstr(&b, "[ <a:p> ");
    collected c = read_all(b.data, INGEST_TURTLE, NULL, STATUS_SYNTAX);
    collected_free(&c);
    buf_clear(&b);
    for (size_t i = 0; i < 100000; i++)
        buf_add_char(&b, '[');
    c = read_all(b.data, INGEST_JSON, "{\"subject\":{\"column\":\"s\"}}", STATUS_LIMIT);
    collected_free(&c);
    buf_free(&b);
}

static const char table_map[] =
    "{\"lang\":\"zh\",\"extra_cells\":\"reject\","
    "\"cells\":{\"strip\":[\"[详细]\"],\"drop\":[\"暂无\"]},"
    "\"subject\":{\"column\":\"name\",\"class\":\"disease\"},"
    "\"columns\":["
    "{\"column\":\"sym\",\"relation\":\"symptom\",\"class\":\"symptom\",\"split\":\" \","
    "\"reject_ending\":\"...\"},"
    "{\"column\":\"rate\",\"relation\":\"rate\",\"object\":\"literal\",\"value\":\"percent\"},"
    "{\"column\":\"dose\",\"relation\":\"dose\",\"object\":\"literal\",\"unit\":\"mg\"}]}";

static void test_mapped_table(void **state)
{
    (void)state;
    collected c = read_all("name,sym,rate,dose,\n"
                           "甲病,\"发热 咳嗽... [详细]\",85%,5,\n"
                           "\n"
                           "乙病,\"暂无\",\"不,\n明\",,\n"
                           "丙病,x,y,z,shifted\n"
                           ",x,y,z,\n",
                           INGEST_CSV, table_map, STATUS_OK);
    assert_true(
        collected_has(&c, "<urn:vouch:disease:甲病> <" R "symptom> <urn:vouch:symptom:发热> "));
    assert_true(collected_has(&c, "<urn:vouch:disease:甲病> <" R "rate> \"85%\" "));
    assert_true(collected_has(&c, "<urn:vouch:disease:甲病> <" R "dose> \"5 mg\"@zh "));
    assert_true(
        collected_has(&c, "<urn:vouch:disease:甲病> <" INGEST_RDF "type> <urn:vouch:c:disease> "));
    assert_int_equal(c.rejected, 3); /* cut name, shifted row, row without a name */
    assert_int_equal(c.noted, 1);    /* a rate that is none */
    assert_int_equal(c.first_problem_line, 2);
    for (size_t i = 0; i < c.count; i++)
        if (strstr(c.lines[i], "乙病") != NULL)
            assert_int_equal(c.at[i], 4);
    collected_free(&c);
    c = read_all("nom,sym\n", INGEST_CSV, table_map, STATUS_INVALID);
    collected_free(&c);
    c = read_all("name,sym,rate,dose\nx,\"never closed", INGEST_CSV, table_map, STATUS_SYNTAX);
    collected_free(&c);
}

static void test_three_columns(void **state)
{
    (void)state;
    collected c = read_all("subject\trelation\tobject\n"
                           "A\tborn\t1908-05-20\n"
                           "1999\tnext\tB\n"
                           "A\tyear\t1999\n"
                           "\"quoted\"\tis\t\"part\" quoted\n"
                           "only\ttwo\n",
                           INGEST_TSV, NULL, STATUS_OK);
    assert_int_equal(c.count, 4);
    assert_true(collected_has(&c, "<" E "A> <" R "born> \"1908-05-20\" "));
    assert_true(collected_has(&c, "<" E "A> <" R "year> <" E "1999> "));
    assert_true(collected_has(&c, "<" E "quoted> <" R "is> <" E "%22part%22%20quoted> "));
    assert_int_equal(c.rejected, 1);
    collected_free(&c);
}

static void test_json(void **state)
{
    (void)state;
    const char *map = "{\"subject\":{\"column\":\"n\"},\"records\":\"rows\",\"columns\":["
                      "{\"column\":\"a.b\",\"relation\":\"r\"}]}";
    collected c = read_all("{\"skip\":[1,{\"x\":\"]\"}],\"rows\":[\n"
                           "{\"n\":\"x\",\"a\":{\"b\":[\"1\",\"two\"]}},\n"
                           "{\"n\":\"y\",\"n\":\"z\"},\n"
                           "{\"n\":\"w\",\"a\":[{\"b\":true}]}]}",
                           INGEST_JSON, map, STATUS_OK);
    assert_int_equal(c.count, 3);
    assert_int_equal(c.at[0], 2);
    assert_int_equal(c.at[2], 4);
    assert_int_equal(c.rejected, 1); /* a duplicate key */
    assert_int_equal(c.first_problem_line, 3);
    collected_free(&c);
    c = read_all("[{\"n\":\"x\"", INGEST_JSON, map, STATUS_SYNTAX);
    collected_free(&c);
    c = read_all("{\"subject\":\"a\",\"predicate\":\"b\",\"object\":\"c\"}\nnonsense\n",
                 INGEST_JSONL, NULL, STATUS_OK);
    assert_int_equal(c.count, 1);
    assert_int_equal(c.rejected, 1);
    collected_free(&c);
}

static void test_apoc(void **state)
{
    (void)state;
    collected c = read_all(
        "{\"type\":\"relationship\",\"id\":\"7\",\"label\":\"HAS\",\"start\":{\"id\":\"0\"},"
        "\"end\":{\"id\":\"1\"},\"properties\":{\"since\":1999}}\n"
        "{\"type\":\"node\",\"id\":\"0\",\"labels\":[\"Disease\"],\"properties\":{\"name\":\"flu\","
        "\"age\":3}}\n"
        "{\"type\":\"other\"}\n",
        INGEST_APOC, NULL, STATUS_OK);
    assert_true(collected_has(&c, "<urn:vouch:n:0:" FLU_MARK "> <" INGEST_RDFS "label> \"flu\" "));
    assert_true(collected_has(&c, "<urn:vouch:n:0:" FLU_MARK "> <" INGEST_RDF
                                  "type> <urn:vouch:c:Disease> "));
    assert_true(collected_has(&c, "<urn:vouch:n:0:" FLU_MARK "> <" R "HAS> <urn:vouch:n:1> "));
    assert_int_equal(c.rejected, 1);
    collected_free(&c);
}

/* The same id in another export is the same node only with the same labels and name; the mark is
 * that of every version and machine, since statements' ids rest on it. */
static void test_apoc_nodes(void **state)
{
    (void)state;
    static const struct {
        const char *name, *labels, *properties;
        bool same;
    } others[] = {
        {"flu", "[\"Ill\",\"Disease\"]", "{\"name\":\"flu\",\"age\":4}", true},
        {"plague", "[\"Disease\",\"Ill\"]", "{\"name\":\"plague\"}", false},
        {"flu", "[\"Song\"]", "{\"name\":\"flu\"}", false},
        {"", "[\"Disease\",\"Ill\"]", "{\"age\":3}", false},
    };
    arena *a = arena_new(0);
    str first = {0};
    for (size_t i = 0; i <= CORE_COUNT(others); i++) {
        ingest_apoc_nodes nodes = {0};
        json_t *labels =
            json_loads(i == 0 ? "[\"Disease\",\"Ill\"]" : others[i - 1].labels, 0, NULL);
        json_t *properties =
            json_loads(i == 0 ? "{\"name\":\"flu\",\"age\":3}" : others[i - 1].properties, 0, NULL);
        assert_true(str_equal(ingest_apoc_nodes_iri(&nodes, STR("0"), a), STR("urn:vouch:n:0")));
        assert_true(ingest_apoc_nodes_put(&nodes, STR("0"),
                                          i == 0 ? STR("flu") : str_from(others[i - 1].name),
                                          labels, properties));
        assert_false(ingest_apoc_nodes_has(&nodes, STR("1")));
        str iri = ingest_apoc_nodes_iri(&nodes, STR("0"), a);
        if (i == 0)
            first = iri;
        else
            assert_int_equal(str_equal(iri, first), others[i - 1].same);
        for (int k = 0; k < 3000; k++) {
            str id = str_from(arena_printf(a, "n%d", k));
            assert_true(ingest_apoc_nodes_put(&nodes, id, id, labels, properties));
        }
        assert_true(str_equal(ingest_apoc_nodes_iri(&nodes, STR("0"), a), iri));
        json_decref(labels);
        json_decref(properties);
        ingest_apoc_nodes_free(&nodes);
    }
    arena_free(a);
}

static void test_obo(void **state)
{
    (void)state;
    collected c =
        read_all("format-version: 1.2\ndefault-namespace: disease_ontology\n\n"
                 "[Term]\nid: DOID:1\nname: flu\ndef: \"a \\\"bad\\\" cold\" [url:x]\n"
                 "synonym: \"influenza\" EXACT []\nis_a: DOID:4 ! disease\nxref: MSH:D1\n\n"
                 "[Term]\nid: DOID:2\nname: obsolete x\nis_a: DOID:1\nis_obsolete: true\n"
                 "no colon here\n",
                 INGEST_OBO, NULL, STATUS_OK);
    const char *one = "<http://purl.obolibrary.org/obo/DOID_1> ";
    char line[512];
    snprintf(line, sizeof line,
             "%s<" INGEST_RDFS "subClassOf> <http://purl.obolibrary.org/obo/DOID_4> ", one);
    assert_true(collected_has(&c, line));
    snprintf(line, sizeof line,
             "%s<http://purl.obolibrary.org/obo/IAO_0000115> \"a \"bad\" cold\"@en ", one);
    assert_true(collected_has(&c, line));
    snprintf(line, sizeof line, "%s<" INGEST_RDF "type> <urn:vouch:c:disease> ", one);
    assert_true(collected_has(&c, line));
    for (size_t i = 0; i < c.count; i++)
        assert_false(strstr(c.lines[i], "DOID_2> <" INGEST_RDFS "subClassOf>") != NULL);
    assert_int_equal(c.rejected, 1);
    collected_free(&c);
}

static void test_rdfxml(void **state)
{
    (void)state;
    collected c = read_all("<rdf:RDF xmlns:rdf='" INGEST_RDF "' xmlns:x='http://x/'>"
                           "<rdf:Description rdf:about='http://a'><x:p>v</x:p>"
                           "</rdf:Description></rdf:RDF>",
                           INGEST_RDFXML, NULL, STATUS_OK);
    assert_int_equal(c.count, 1);
    collected_free(&c);
    c = read_all("<rdf:RDF xmlns:rdf='" INGEST_RDF "'><rdf:Desc", INGEST_RDFXML, NULL,
                 STATUS_SYNTAX);
    collected_free(&c);
    c = read_all(
        "<!DOCTYPE r [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><rdf:RDF xmlns:rdf='" INGEST_RDF
        "' xmlns:x='http://x/'><rdf:Description rdf:about='http://a'><x:p>&e;</x:p>"
        "</rdf:Description></rdf:RDF>",
        INGEST_RDFXML, NULL, STATUS_OK);
    for (size_t i = 0; i < c.count; i++)
        assert_null(strstr(c.lines[i], "root:"));
    collected_free(&c);
}

static void test_mapping_errors(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"{}", "/subject"},
        {"{\"subject\":{\"column\":\"a\"},\"colums\":[]}", "/colums"},
        {"{\"subject\":{\"column\":0}}", "/subject/column"},
        {"{\"subject\":{\"column\":\"a\"},\"columns\":[{\"column\":\"b\"}]}", "/columns/0"},
        {"{\"subject\":{\"column\":\"a\"},\"columns\":[{\"column\":\"b\",\"relation\":\"r\","
         "\"value\":\"colour\"}]}",
         "/columns/0/value"},
        {"{\"subject\":1", ""},
    };
    for (size_t i = 0; i < CORE_COUNT(bad); i++) {
        error err = {0};
        ingest_mapping *m = NULL;
        assert_int_not_equal(ingest_mapping_parse(str_from(bad[i][0]), "m", &m, &err), STATUS_OK);
        assert_non_null(strstr(err.message, bad[i][1]));
    }
}

static void test_detection(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
        ingest_format format; /* INGEST_UNKNOWN: an error */
    } cases[] = {
        {"x", "<a:s> <a:p> <a:o> .\n", INGEST_NTRIPLES},
        {"x", "<a:s> <a:p> \"a b c\" <a:g> .\n", INGEST_NQUADS},
        {"x", "@prefix a: <b:> .\n", INGEST_TURTLE},
        {"x", "<?xml version='1.0'?><rdf:RDF/>", INGEST_RDFXML},
        {"x.ttl", "<!DOCTYPE html><html>", INGEST_UNKNOWN},
        {"x.csv", "<?xml version='1.0'?>", INGEST_UNKNOWN},
        {"x.json", "{\"@context\": {}}", INGEST_JSONLD},
        {"x.json", "{\"type\":\"node\",\"id\":\"0\"}\n", INGEST_APOC},
        {"x", "# 法\n\n2020年5月28日 通过\n", INGEST_STATUTES},
        {"x", "a|b|c", INGEST_UNKNOWN},
        {"x.txt", "a\tb\tc\n", INGEST_TSV},
    };
    for (size_t i = 0; i < CORE_COUNT(cases); i++) {
        error err = {0};
        ingest_format f = INGEST_UNKNOWN;
        status st =
            ingest_format_detect(str_from(cases[i].name), str_from(cases[i].text), "x", &f, &err);
        assert_int_equal(st == STATUS_OK, cases[i].format != INGEST_UNKNOWN);
        assert_int_equal(f, cases[i].format);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_iri_characters),
        cmocka_unit_test(test_ntriples),
        cmocka_unit_test(test_turtle),
        cmocka_unit_test(test_turtle_long_texts),
        cmocka_unit_test(test_deep_nesting),
        cmocka_unit_test(test_mapped_table),
        cmocka_unit_test(test_three_columns),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_apoc),
        cmocka_unit_test(test_apoc_nodes),
        cmocka_unit_test(test_obo),
        cmocka_unit_test(test_rdfxml),
        cmocka_unit_test(test_mapping_errors),
        cmocka_unit_test(test_detection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
