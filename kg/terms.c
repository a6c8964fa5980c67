/* Terms, values and labels of a graph, by id and by text. See store.h. */
#include "kg/base.h"
#include "kg/internal.h"
#include "kg/statement_id.h"

static const struct {
    const char *iri;
    int kind;
} label_predicates[] = {
    {"http://www.w3.org/2000/01/rdf-schema#label", KG_LABEL_PRIMARY},
    {"http://www.w3.org/2004/02/skos/core#prefLabel", KG_LABEL_PRIMARY},
    {"http://schema.org/name", KG_LABEL_PRIMARY},
    {"https://schema.org/name", KG_LABEL_PRIMARY},
    {"http://xmlns.com/foaf/0.1/name", KG_LABEL_PRIMARY},
    {"http://purl.org/dc/terms/title", KG_LABEL_PRIMARY},
    {"http://purl.org/dc/elements/1.1/title", KG_LABEL_PRIMARY},
    {"urn:vouch:r:name", KG_LABEL_PRIMARY},
    {"urn:vouch:r:label", KG_LABEL_PRIMARY},
    {"http://www.w3.org/2004/02/skos/core#altLabel", KG_LABEL_ALIAS},
    {"http://www.w3.org/2004/02/skos/core#hiddenLabel", KG_LABEL_ALIAS},
    {"http://schema.org/alternateName", KG_LABEL_ALIAS},
    {"https://schema.org/alternateName", KG_LABEL_ALIAS},
    {"http://www.geneontology.org/formats/oboInOwl#hasExactSynonym", KG_LABEL_ALIAS},
    {"http://www.geneontology.org/formats/oboInOwl#hasRelatedSynonym", KG_LABEL_ALIAS},
    {"http://www.geneontology.org/formats/oboInOwl#hasNarrowSynonym", KG_LABEL_ALIAS},
    {"http://www.geneontology.org/formats/oboInOwl#hasBroadSynonym", KG_LABEL_ALIAS},
    {"http://purl.obolibrary.org/obo/IAO_0000118", KG_LABEL_ALIAS},
    {"urn:vouch:r:alias", KG_LABEL_ALIAS},
};

int kg_label_predicate(str iri)
{
    for (size_t i = 0; i < CORE_COUNT(label_predicates); i++)
        if (str_equal(iri, str_from(label_predicates[i].iri)))
            return label_predicates[i].kind;
    return 0;
}

#define TERM_SQL                                                                                   \
    "SELECT t.kind, t.lexical, d.iri, t.lang FROM term t LEFT JOIN datatype d ON d.id=t.datatype " \
    "WHERE t.id=?1"

status kg_db_term(kg_db *db, kg_id id, arena *a, kg_term *out, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(db, TERM_SQL, err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, (int64_t)id);
    int code = sqlite3_step(stmt);
    if (code == SQLITE_ROW) {
        int kind = sqlite3_column_int(stmt, 0);
        *out = (kg_term){kind >= KG_TERM_IRI && kind <= KG_TERM_LITERAL ? (kg_term_kind)kind
                                                                        : KG_TERM_LITERAL,
                         kg_db_str(stmt, 1, a), kg_db_str(stmt, 2, a), kg_db_str(stmt, 3, a)};
    }
    sqlite3_reset(stmt);
    if (code == SQLITE_DONE)
        return error_set(err, STATUS_NOT_FOUND, "the graph has no term number %llu",
                         (unsigned long long)id);
    return code == SQLITE_ROW ? STATUS_OK : kg_db_error(db, code, "term", err);
}

status kg_terms(kg_read *read, const kg_id *ids, size_t count, arena *a, kg_term *out, error *err)
{
    for (size_t i = 0; i < count; i++) {
        status code = kg_db_term(read->db, ids[i], a, &out[i], err);
        if (code != STATUS_OK)
            return code;
    }
    return STATUS_OK;
}

static bool column_is(sqlite3_stmt *stmt, int column, str text)
{
    const char *data = (const char *)sqlite3_column_text(stmt, column);
    size_t length = data == NULL ? 0 : (size_t)sqlite3_column_bytes(stmt, column);
    return str_equal(str_make(data, length), text);
}

static status same_term(kg_db *db, kg_id id, kg_term term, bool *out, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(db, TERM_SQL, err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, (int64_t)id);
    int code = sqlite3_step(stmt);
    *out = code == SQLITE_ROW && sqlite3_column_int(stmt, 0) == (int)term.kind &&
           column_is(stmt, 1, term.lexical) && column_is(stmt, 2, term.datatype) &&
           column_is(stmt, 3, term.lang);
    sqlite3_reset(stmt);
    return code == SQLITE_ROW || code == SQLITE_DONE ? STATUS_OK
                                                     : kg_db_error(db, code, "term", err);
}

/* Terms of later loads. */
static status later_terms(kg_db *db, uint64_t hash, kg_id *ids, size_t most, size_t *count,
                          error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(db, "SELECT term FROM term_hash WHERE hash=?1", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, (int64_t)hash);
    while (*count < most && sqlite3_step(stmt) == SQLITE_ROW)
        ids[(*count)++] = (kg_id)sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    return STATUS_OK;
}

status kg_find_next(kg_term_finder *f, kg_term term, uint64_t hash, kg_id *out, error *err)
{
    kg_id ids[32], found = 0;
    size_t count = 0;
    status code = STATUS_OK;
    uint64_t number = f->db->term_bits == 0 ? 0 : hash >> (64 - f->db->term_bits);
    if (f->db->base_rows > 0 && (!f->loaded || number != f->number)) {
        code = kg_base_term_bucket(f->db, hash, &f->bucket, err);
        f->loaded = true;
        f->number = number;
    }
    if (code == STATUS_OK && f->db->base_rows > 0)
        count = kg_base_bucket_terms(buf_str(&f->bucket), hash, ids, CORE_COUNT(ids));
    if (code == STATUS_OK && f->later)
        code = later_terms(f->db, hash, ids, CORE_COUNT(ids), &count, err);
    for (size_t i = 0; i < count && found == 0 && code == STATUS_OK; i++) {
        bool same = false;
        code = same_term(f->db, ids[i], term, &same, err);
        found = same ? ids[i] : 0;
    }
    if (code == STATUS_OK)
        *out = found;
    return code;
}

status kg_db_find_term(kg_db *db, kg_term term, uint64_t hash, kg_id *out, error *err)
{
    kg_term_finder finder = {.db = db, .later = true};
    status code = kg_find_next(&finder, term, hash, out, err);
    buf_free(&finder.bucket);
    return code;
}

status kg_find(kg_read *read, kg_term term, kg_id *out, error *err)
{
    if (str_equal(term.datatype, STR(KG_XSD "string")) || term.lang.length > 0)
        term.datatype = str_make(NULL, 0);
    return kg_db_find_term(read->db, term, kg_term_hash(term), out, err);
}

status kg_value_get(kg_read *read, kg_id id, arena *a, kg_value *out, error *err)
{
    sqlite3_stmt *stmt =
        kg_db_stmt(read->db, "SELECT kind, low, high, unit FROM term_value WHERE term=?1", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, (int64_t)id);
    int code = sqlite3_step(stmt);
    kg_value value = {.unit = str_make("", 0)};
    if (code == SQLITE_ROW) {
        int kind = sqlite3_column_int(stmt, 0);
        value = (kg_value){kind >= 0 && kind <= KG_VALUE_BOOL ? (kg_value_kind)kind : KG_VALUE_NONE,
                           sqlite3_column_double(stmt, 1), sqlite3_column_double(stmt, 2),
                           kg_db_str(stmt, 3, a)};
    }
    sqlite3_reset(stmt);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return kg_db_error(read->db, code, "value", err);
    *out = value;
    return STATUS_OK;
}

/* --- labels ------------------------------------------------------------------------------------
 */
#define LABEL_COLUMNS                                                                              \
    "SELECT l.term, l.kind, l.literal, t.lexical, t.lang FROM label l JOIN term t "                \
    "ON t.id = CASE l.literal WHEN 0 THEN l.term ELSE l.literal END "

static void label_of_row(sqlite3_stmt *stmt, arena *a, kg_label *out)
{
    *out = (kg_label){.term = (kg_id)sqlite3_column_int64(stmt, 0),
                      .kind = sqlite3_column_int(stmt, 1) == KG_LABEL_PRIMARY ? KG_LABEL_PRIMARY
                                                                              : KG_LABEL_ALIAS,
                      .text = kg_db_str(stmt, 3, a),
                      .lang = kg_db_str(stmt, 4, a)};
    if (sqlite3_column_int64(stmt, 2) == 0)
        out->text = kg_iri_label(out->text, a);
}

status kg_label_list(kg_read *read, kg_id id, arena *a, kg_label **out, size_t *out_count,
                     error *err)
{
    sqlite3_stmt *stmt =
        kg_db_stmt(read->db, LABEL_COLUMNS "WHERE l.term=?1 ORDER BY l.kind, l.n", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, (int64_t)id);
    kg_label *items = NULL;
    size_t count = 0, capacity = 0;
    int code;
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        if (count == capacity) {
            capacity = capacity == 0 ? 4 : capacity * 2;
            kg_label *wider = ARENA_ARRAY(a, kg_label, capacity);
            if (wider == NULL)
                break;
            if (count > 0)
                memcpy(wider, items, count * sizeof *items);
            items = wider;
        }
        label_of_row(stmt, a, &items[count++]);
    }
    sqlite3_reset(stmt);
    if (code != SQLITE_DONE)
        return code == SQLITE_ROW ? error_memory(err) : kg_db_error(read->db, code, "labels", err);
    *out = items;
    *out_count = count;
    return STATUS_OK;
}

/* How well a label's language serves the wanted one; "zh-hans" serves "zh". */
static int language_fit(str have, str wanted)
{
    if (str_empty(wanted))
        return str_empty(have) ? 2 : 1;
    if (str_equal_nocase(have, wanted))
        return 4;
    if (str_starts(have, wanted) && have.data[wanted.length] == '-')
        return 3;
    return str_empty(have) ? 2 : 1;
}

static status best_label(kg_read *read, kg_id id, str lang, arena *a, str *out, error *err)
{
    kg_label *labels = NULL;
    size_t count = 0;
    status code = kg_label_list(read, id, a, &labels, &count, err);
    if (code != STATUS_OK)
        return code;
    int best = 0;
    for (size_t i = 0; i < count; i++) {
        int fit = language_fit(labels[i].lang, lang);
        if (labels[i].kind == KG_LABEL_PRIMARY && fit > best && labels[i].text.length > 0) {
            best = fit;
            *out = labels[i].text;
        }
    }
    if (best > 0)
        return STATUS_OK;
    kg_term term;
    code = kg_db_term(read->db, id, a, &term, err);
    if (code == STATUS_OK)
        *out = term.kind == KG_TERM_IRI ? kg_iri_label(term.lexical, a) : term.lexical;
    return code;
}

status kg_labels(kg_read *read, const kg_id *ids, size_t count, str lang, arena *a, str *out,
                 error *err)
{
    for (size_t i = 0; i < count; i++) {
        status code = best_label(read, ids[i], lang, a, &out[i], err);
        if (code != STATUS_OK)
            return code;
    }
    return STATUS_OK;
}

status kg_label_each(kg_read *read, kg_label_visit visit, void *context, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(read->db, LABEL_COLUMNS "ORDER BY l.term, l.kind, l.n", err);
    arena *a = arena_new(0);
    if (stmt == NULL || a == NULL) {
        arena_free(a);
        return error_memory(err);
    }
    int code;
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        kg_label label;
        arena_reset(a);
        label_of_row(stmt, a, &label);
        if (!visit(context, &label)) {
            code = SQLITE_DONE;
            break;
        }
    }
    status result = code == SQLITE_DONE ? STATUS_OK : kg_db_error(read->db, code, "labels", err);
    sqlite3_reset(stmt);
    arena_free(a);
    return result;
}
