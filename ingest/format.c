/* Which format a text is in. The name proposes, the text disposes: a page of HTML saved as .ttl is
 * told as such instead of as a syntax error in line 1. */
#include "ingest/format.h"

#include "ingest/statutes.h"

static const struct {
    const char *name;
    ingest_format format;
} names[] = {
    {"nt", INGEST_NTRIPLES},       {"ntriples", INGEST_NTRIPLES}, {"nq", INGEST_NQUADS},
    {"nquads", INGEST_NQUADS},     {"ttl", INGEST_TURTLE},        {"turtle", INGEST_TURTLE},
    {"n3", INGEST_TURTLE},         {"trig", INGEST_TRIG},         {"rdfxml", INGEST_RDFXML},
    {"rdf", INGEST_RDFXML},        {"owl", INGEST_RDFXML},        {"xml", INGEST_RDFXML},
    {"obo", INGEST_OBO},           {"apoc", INGEST_APOC},         {"neo4j", INGEST_APOC},
    {"csv", INGEST_CSV},           {"tsv", INGEST_TSV},           {"tab", INGEST_TSV},
    {"txt", INGEST_TSV},           {"json", INGEST_JSON},         {"jsonl", INGEST_JSONL},
    {"ndjson", INGEST_JSONL},      {"statutes", INGEST_STATUTES}, {"md", INGEST_STATUTES},
    {"markdown", INGEST_STATUTES}, {"jsonld", INGEST_JSONLD},     {"json-ld", INGEST_JSONLD},
};

static const struct {
    const char *name;
    ingest_reader reader;
} formats[] = {
    [INGEST_UNKNOWN] = {"unknown", NULL},         [INGEST_NTRIPLES] = {"nt", ingest_read_ntriples},
    [INGEST_NQUADS] = {"nq", ingest_read_nquads}, [INGEST_TURTLE] = {"ttl", ingest_read_turtle},
    [INGEST_TRIG] = {"trig", ingest_read_trig},   [INGEST_RDFXML] = {"rdfxml", ingest_read_rdfxml},
    [INGEST_OBO] = {"obo", ingest_read_obo},      [INGEST_APOC] = {"apoc", ingest_read_apoc},
    [INGEST_CSV] = {"csv", ingest_read_csv},      [INGEST_TSV] = {"tsv", ingest_read_tsv},
    [INGEST_JSON] = {"json", ingest_read_json},   [INGEST_JSONL] = {"jsonl", ingest_read_jsonl},
    [INGEST_STATUTES] = {"statutes", NULL},       [INGEST_JSONLD] = {"jsonld", NULL},
};

const char *ingest_format_name(ingest_format format)
{
    return formats[format].name;
}

ingest_reader ingest_format_reader(ingest_format format)
{
    return formats[format].reader;
}

ingest_format ingest_format_named(str name)
{
    for (size_t i = 0; i < CORE_COUNT(names); i++)
        if (str_equal_nocase(name, str_from(names[i].name)))
            return names[i].format;
    return INGEST_UNKNOWN;
}

static str first_line(str head)
{
    str line = {0};
    while (str_split(&head, '\n', &line)) {
        line = str_trim(line);
        if (!str_empty(line) && line.data[0] != '#')
            return line;
    }
    return (str){"", 0};
}

static bool has(str head, const char *text)
{
    return str_find(head, str_from(text), 0) != STR_NONE;
}

static ingest_format json_kind(str head)
{
    str start = str_slice(head, 0, 4096);
    if (has(start, "\"@context\"") || has(start, "\"@graph\"") || has(start, "\"@id\""))
        return INGEST_JSONLD;
    str line = first_line(head);
    bool apoc = has(line, "\"type\":\"node\"") || has(line, "\"type\": \"node\"") ||
                has(line, "\"type\":\"relationship\"") || has(line, "\"type\": \"relationship\"");
    if (apoc)
        return INGEST_APOC;
    return str_starts(line, STR("{")) && str_ends(line, STR("}")) &&
                   str_find(head, STR("\n{"), 0) != STR_NONE
               ? INGEST_JSONL
               : INGEST_JSON;
}

static ingest_format line_kind(str line)
{
    if ((str_starts(line, STR("<")) || str_starts(line, STR("_:"))) && str_ends(line, STR("."))) {
        size_t terms = 0;
        bool inside = false, quoted = false;
        for (size_t i = 0; i < line.length; i++) {
            char c = line.data[i];
            quoted = c == '"' && line.data[i - 1] != '\\' ? !quoted : quoted;
            if (!quoted && (c == ' ' || c == '\t'))
                inside = false;
            else if (!inside && c != '.') {
                inside = true;
                terms++;
            }
        }
        return terms > 3 ? INGEST_NQUADS : INGEST_NTRIPLES;
    }
    if (str_starts(line, STR("@prefix")) || str_starts(line, STR("@base")) ||
        str_equal_nocase(str_slice(line, 0, 7), STR("PREFIX ")) ||
        str_equal_nocase(str_slice(line, 0, 5), STR("BASE ")))
        return INGEST_TURTLE;
    if (str_starts(line, STR("format-version:")) || str_starts(line, STR("[Term]")))
        return INGEST_OBO;
    if (memchr(line.data, '\t', line.length) != NULL)
        return INGEST_TSV;
    if (memchr(line.data, ',', line.length) != NULL)
        return INGEST_CSV;
    return INGEST_UNKNOWN;
}

static ingest_format by_text(str head)
{
    str start = str_trim(head);
    if (str_starts(start, STR("<?xml")) || str_starts(start, STR("<rdf:RDF")))
        return INGEST_RDFXML;
    if (str_starts(start, STR("{")) || str_starts(start, STR("[{")) ||
        (str_starts(start, STR("[")) && !str_starts(start, STR("[Term]")) && has(start, "{")))
        return json_kind(start);
    if (ingest_statutes_looks(start))
        return INGEST_STATUTES;
    str line = first_line(start);
    return str_empty(line) ? INGEST_UNKNOWN : line_kind(line);
}

static str extension(str name)
{
    size_t dot = STR_NONE;
    for (size_t at = str_find(name, STR("."), 0); at != STR_NONE;
         at = str_find(name, STR("."), at + 1))
        dot = at;
    return dot == STR_NONE ? STR("") : str_slice(name, dot + 1, name.length);
}

static bool is_html(str head)
{
    str start = str_slice(str_trim(head), 0, 14);
    return str_equal_nocase(start, STR("<!DOCTYPE html")) ||
           str_equal_nocase(str_slice(start, 0, 5), STR("<html"));
}

status ingest_format_detect(str file_name, str head, const char *where, ingest_format *out,
                            error *err)
{
    ingest_format named = ingest_format_named(extension(file_name));
    ingest_format seen = by_text(head);
    if (is_html(head))
        return error_set_at(err, STATUS_UNSUPPORTED, where, 1, 0,
                            "is a page of HTML, which is no graph");
    ingest_format format = named != INGEST_UNKNOWN ? named : seen;
    if (named == INGEST_JSON && seen != INGEST_UNKNOWN)
        format =
            seen == INGEST_APOC || seen == INGEST_JSONLD || seen == INGEST_JSONL ? seen : named;
    if (named == INGEST_JSONL && seen == INGEST_APOC)
        format = seen;
    if (named == INGEST_TSV && seen != INGEST_UNKNOWN &&
        str_equal(extension(file_name), STR("txt")))
        format = seen;
    bool is_xml = seen == INGEST_RDFXML, wants_xml = format == INGEST_RDFXML;
    if (named != INGEST_UNKNOWN && !str_empty(str_trim(head)) && is_xml != wants_xml &&
        format != INGEST_JSONLD && (is_xml || str_trim(head).data[0] != '<'))
        return error_set_at(err, STATUS_SYNTAX, where, 1, 0,
                            "is named as %s, but does not look so; name the format with --format",
                            ingest_format_name(named));
    if (format == INGEST_UNKNOWN)
        return error_set_at(err, STATUS_UNSUPPORTED, where, 1, 0,
                            "cannot tell the format; name it with --format (nt, nq, ttl, trig, "
                            "rdfxml, obo, apoc, csv, tsv, json, jsonl, statutes)");
    *out = format;
    return STATUS_OK;
}
