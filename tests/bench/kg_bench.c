/* Measures the store: kg_bench load GRAPH.nt G.kg [SOURCE] | query G.kg SAMPLES SEED | baseline
 * GRAPH.nt G.db. Prints one JSON object. The baseline is a plain SQLite table of integers with
 * three indexes, a dictionary with a unique index and FTS5 (trigram) over the labels. */
#include <inttypes.h>
#include <serd/serd.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "core/clock.h"
#include "kg/dict.h"
#include "kg/store.h"

static void die(const char *what, const char *why)
{
    fprintf(stderr, "kg_bench: %s: %s\n", what, why);
    exit(1);
}

static void must(status code, const error *err)
{
    if (code != STATUS_OK)
        die(status_name(code), err->message);
}

static double peak_mb(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024;
}

static double size_of(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? (double)info.st_size : 0;
}

static kg_term term_of(const SerdNode *node, const SerdNode *datatype, const SerdNode *lang)
{
    kg_term term = {.lexical = str_make((const char *)node->buf, node->n_bytes)};
    term.kind = node->type == SERD_URI     ? KG_TERM_IRI
                : node->type == SERD_BLANK ? KG_TERM_BLANK
                                           : KG_TERM_LITERAL;
    if (datatype != NULL && datatype->buf != NULL)
        term.datatype = str_make((const char *)datatype->buf, datatype->n_bytes);
    if (lang != NULL && lang->buf != NULL)
        term.lang = str_make((const char *)lang->buf, lang->n_bytes);
    return term;
}

/* --- load ------------------------------------------------------------------------------------ */
typedef struct loading {
    kg_write *write;
    uint64_t count;
} loading;

static SerdStatus take(void *handle, SerdStatementFlags flags, const SerdNode *graph,
                       const SerdNode *s, const SerdNode *p, const SerdNode *o,
                       const SerdNode *datatype, const SerdNode *lang)
{
    loading *l = handle;
    error err = {0};
    (void)flags;
    (void)graph;
    kg_new_statement st = {.s = term_of(s, NULL, NULL),
                           .p = term_of(p, NULL, NULL),
                           .o = term_of(o, datatype, lang),
                           .valid_from = CLOCK_DAY_UNKNOWN,
                           .valid_to = CLOCK_DAY_UNKNOWN,
                           .confidence = -1,
                           .line = ++l->count};
    must(kg_write_add(l->write, &st, &err), &err);
    return SERD_SUCCESS;
}

static void read_file(const char *path, void *handle, SerdStatementSink sink)
{
    SerdReader *reader = serd_reader_new(SERD_NTRIPLES, handle, NULL, NULL, NULL, sink, NULL);
    SerdNode uri = serd_node_new_file_uri((const uint8_t *)path, NULL, NULL, false);
    FILE *file = fopen(path, "rb");
    if (file == NULL || serd_reader_read_file_handle(reader, file, uri.buf) != SERD_SUCCESS)
        die(path, "cannot be read");
    (void)fclose(file);
    serd_node_free(&uri);
    serd_reader_free(reader);
}

static void load(const char *from, const char *to, const char *source)
{
    error err = {0};
    kg_store *store = NULL;
    loading l = {0};
    kg_write_report report = {0};
    uint64_t begun = clock_monotonic_ns();
    must(kg_open(to, &(kg_open_options){.create = true}, &store, &err), &err);
    must(kg_write_begin(store, &l.write, &err), &err);
    must(kg_write_source(l.write, str_from(source), STR("ntriples"), 0.5, &err), &err);
    read_file(from, &l, take);
    double parsed = clock_elapsed_ms(begun);
    must(kg_write_commit(l.write, &report, &err), &err);
    double all = clock_elapsed_ms(begun);
    kg_close(store);
    printf("{\"read\": %" PRIu64 ", \"added\": %" PRIu64 ", \"statements\": %" PRIu64
           ", \"parse_s\": %.2f, \"all_s\": %.2f, \"statements_per_s\": %.0f, \"peak_mb\": %.0f, "
           "\"bytes_per_statement\": %.1f}\n",
           l.count, report.added, report.statements, parsed / 1e3, all / 1e3,
           (double)l.count / all * 1e3, peak_mb(), size_of(to) / (double)report.statements);
}

/* --- baseline ----------------------------------------------------------------------------------
 */
typedef struct plain {
    sqlite3 *db;
    sqlite3_stmt *statement, *term, *label;
    kg_dict *dict;
    uint64_t count;
} plain;

static int64_t plain_term(plain *b, kg_term term)
{
    size_t before = kg_dict_count(b->dict), index = kg_dict_add(b->dict, term);
    if (index == before) {
        sqlite3_bind_int64(b->term, 1, (int64_t)index + 1);
        sqlite3_bind_text(b->term, 2, term.lexical.data, (int)term.lexical.length, SQLITE_STATIC);
        sqlite3_bind_text(b->term, 3, term.datatype.data, (int)term.datatype.length, SQLITE_STATIC);
        sqlite3_bind_text(b->term, 4, term.lang.data, (int)term.lang.length, SQLITE_STATIC);
        (void)sqlite3_step(b->term);
        sqlite3_reset(b->term);
    }
    return (int64_t)index + 1;
}

static SerdStatus plain_take(void *handle, SerdStatementFlags flags, const SerdNode *graph,
                             const SerdNode *s, const SerdNode *p, const SerdNode *o,
                             const SerdNode *datatype, const SerdNode *lang)
{
    plain *b = handle;
    (void)flags;
    (void)graph;
    int64_t object = plain_term(b, term_of(o, datatype, lang));
    sqlite3_bind_int64(b->statement, 1, plain_term(b, term_of(s, NULL, NULL)));
    sqlite3_bind_int64(b->statement, 2, plain_term(b, term_of(p, NULL, NULL)));
    sqlite3_bind_int64(b->statement, 3, object);
    (void)sqlite3_step(b->statement);
    sqlite3_reset(b->statement);
    if (lang != NULL && lang->buf != NULL) {
        sqlite3_bind_int64(b->label, 1, (int64_t)++b->count);
        sqlite3_bind_text(b->label, 2, (const char *)o->buf, (int)o->n_bytes, SQLITE_STATIC);
        (void)sqlite3_step(b->label);
        sqlite3_reset(b->label);
    }
    return SERD_SUCCESS;
}

static void plain_exec(plain *b, const char *sql)
{
    if (sqlite3_exec(b->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        die(sql, sqlite3_errmsg(b->db));
}

static void baseline(const char *from, const char *to)
{
    plain b = {.dict = kg_dict_new()};
    uint64_t begun = clock_monotonic_ns();
    (void)remove(to);
    if (sqlite3_open(to, &b.db) != SQLITE_OK)
        die(to, sqlite3_errmsg(b.db));
    plain_exec(&b, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-64000;"
                   "CREATE TABLE term(id INTEGER PRIMARY KEY, text TEXT, datatype TEXT, lang TEXT);"
                   "CREATE TABLE statement(s INTEGER, p INTEGER, o INTEGER);"
                   "CREATE VIRTUAL TABLE label USING fts5(text, tokenize='trigram'); BEGIN");
    sqlite3_prepare_v2(b.db, "INSERT INTO term VALUES(?,?,?,?)", -1, &b.term, NULL);
    sqlite3_prepare_v2(b.db, "INSERT INTO statement VALUES(?,?,?)", -1, &b.statement, NULL);
    sqlite3_prepare_v2(b.db, "INSERT INTO label(rowid,text) VALUES(?,?)", -1, &b.label, NULL);
    read_file(from, &b, plain_take);
    plain_exec(&b, "CREATE UNIQUE INDEX term_text ON term(text,datatype,lang);"
                   "CREATE INDEX spo ON statement(s,p,o); CREATE INDEX pos ON statement(p,o,s);"
                   "CREATE INDEX osp ON statement(o,s,p); COMMIT; PRAGMA synchronous=FULL;");
    sqlite3_stmt *count = NULL;
    sqlite3_prepare_v2(b.db, "SELECT count(*) FROM statement", -1, &count, NULL);
    (void)sqlite3_step(count);
    double all = clock_elapsed_ms(begun), statements = sqlite3_column_double(count, 0);
    printf("{\"statements_per_s\": %.0f, \"all_s\": %.2f, \"peak_mb\": %.0f, "
           "\"bytes_per_statement\": %.1f}\n",
           statements / all * 1e3, all / 1e3, peak_mb(), size_of(to) / statements);
    sqlite3_finalize(count);
    sqlite3_finalize(b.term);
    sqlite3_finalize(b.statement);
    sqlite3_finalize(b.label);
    sqlite3_close(b.db);
    kg_dict_free(b.dict);
}

/* --- queries -------------------------------------------------------------------------------------
 */
static uint64_t state;

static uint64_t next(void)
{
    uint64_t z = (state += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

typedef struct stopwatch {
    uint64_t wall, cpu;
} stopwatch;

static uint64_t cpu_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static stopwatch start_watch(void)
{
    return (stopwatch){clock_monotonic_ns(), cpu_ns()};
}

typedef struct asker {
    kg_read *read;
    kg_totals totals;
    arena *a;
    kg_relation *relations;
    size_t relation_count, found, tried;
    double cpu_ms; /* of the last question: what it costs on a machine that others use too */
} asker;

static double stop_watch(asker *q, stopwatch begun)
{
    q->cpu_ms = (double)(cpu_ns() - begun.cpu) / 1e6;
    return clock_elapsed_ms(begun.wall);
}

static kg_id random_entity(asker *q)
{
    for (;;) {
        kg_id id = 1 + next() % q->totals.terms;
        kg_term term;
        error err = {0};
        if (kg_terms(q->read, &id, 1, q->a, &term, &err) == STATUS_OK && term.kind == KG_TERM_IRI &&
            str_find(term.lexical, STR("/resource/"), 0) != STR_NONE)
            return id;
    }
}

static bool random_label(asker *q, bool chinese, str *out)
{
    for (int i = 0; i < 1000; i++) {
        kg_label *labels;
        size_t count;
        error err = {0};
        must(kg_label_list(q->read, random_entity(q), q->a, &labels, &count, &err), &err);
        for (size_t j = 0; j < count; j++)
            if (str_equal(labels[j].lang, chinese ? STR("zh") : STR("en")) &&
                labels[j].text.length >= 6) {
                *out = labels[j].text;
                return true;
            }
    }
    return false;
}

static bool contains(const kg_hit *hits, size_t count, str text)
{
    for (size_t i = 0; i < count; i++)
        if (str_equal(hits[i].text, text))
            return true;
    return false;
}

/* One edit: a letter dropped, doubled, changed, or swapped with the next. */
static str misspell(asker *q, str text)
{
    char *out = arena_alloc(q->a, text.length + 2);
    size_t at = 1 + (size_t)(next() % (text.length - 2)), n = text.length;
    memcpy(out, text.data, n);
    switch (next() % 4) {
    case 0:
        memmove(out + at, out + at + 1, n - at - 1);
        n--;
        break;
    case 1:
        memmove(out + at + 1, out + at, n - at);
        n++;
        break;
    case 2:
        out[at] = (char)('a' + next() % 26);
        break;
    default: {
        char c = out[at];
        out[at] = out[at - 1];
        out[at - 1] = c;
    }
    }
    return str_make(out, n);
}

typedef double (*question)(asker *q);

static double ask_search(asker *q, str query, str wanted, bool exact)
{
    kg_hit *hits;
    size_t count;
    error err = {0};
    stopwatch begun = start_watch();
    must(kg_label_search(q->read, query, &(kg_search_options){.exact_only = exact}, q->a, &hits,
                         &count, &err),
         &err);
    double ms = stop_watch(q, begun);
    q->tried++;
    q->found += contains(hits, count, wanted);
    return ms;
}

static double ask_exact(asker *q)
{
    str label;
    return random_label(q, next() % 2 == 0, &label) ? ask_search(q, label, label, true) : -1;
}

static double ask_misspelt(asker *q)
{
    str label;
    return random_label(q, false, &label) ? ask_search(q, misspell(q, label), label, false) : -1;
}

static double ask_two_characters(asker *q)
{
    str label;
    if (!random_label(q, true, &label))
        return -1;
    size_t from = 3 * (size_t)(next() % (label.length / 3 - 1));
    str two = str_slice(label, from, from + 6);
    kg_hit *hits;
    size_t count;
    error err = {0};
    stopwatch begun = start_watch();
    must(kg_label_search(q->read, two, NULL, q->a, &hits, &count, &err), &err);
    double ms = stop_watch(q, begun);
    q->tried++;
    q->found += count > 0 && str_find(hits[0].text, two, 0) != STR_NONE;
    return ms;
}

static double ask_hop(asker *q)
{
    kg_id node = random_entity(q);
    kg_statement_list list;
    error err = {0};
    kg_expand_options options = {.direction = KG_BOTH, .limit = 200};
    stopwatch begun = start_watch();
    must(kg_expand(q->read, &node, 1, &options, q->a, &list, &err), &err);
    return stop_watch(q, begun);
}

static double ask_two_hops(asker *q)
{
    kg_id node = random_entity(q), nodes[200];
    kg_statement_list list, further;
    size_t count = 0;
    error err = {0};
    kg_expand_options first = {.direction = KG_BOTH, .limit = 20};
    kg_expand_options second = {.direction = KG_BOTH, .limit = 500};
    stopwatch begun = start_watch();
    must(kg_expand(q->read, &node, 1, &first, q->a, &list, &err), &err);
    for (size_t i = 0; i < list.count; i++)
        nodes[count++] = list.items[i].s == node ? list.items[i].o : list.items[i].s;
    must(kg_expand(q->read, nodes, count, &second, q->a, &further, &err), &err);
    return stop_watch(q, begun);
}

/* Two edges of one entity: who else has both? */
static double ask_intersection(asker *q, bool with_type)
{
    for (int i = 0; i < 1000; i++) {
        kg_id node = random_entity(q);
        kg_statement_list list;
        kg_id_list ids;
        error err = {0};
        must(kg_match(q->read, &(kg_pattern){.s = node}, q->a, &list, &err), &err);
        if (list.count < 3)
            continue;
        kg_statement one = list.items[with_type ? 0 : 1 + next() % (list.count - 1)];
        kg_statement two = list.items[1 + next() % (list.count - 1)];
        if (one.o == two.o)
            continue;
        kg_constraint both[] = {{one.p, one.o, KG_OUT}, {two.p, two.o, KG_OUT}};
        stopwatch begun = start_watch();
        must(kg_intersect(q->read, both, 2, (kg_when){0}, 100, q->a, &ids, &err), &err);
        q->tried++;
        q->found += ids.count > 0;
        return stop_watch(q, begun);
    }
    return -1;
}

static double ask_intersect(asker *q)
{
    return ask_intersection(q, false);
}

static double ask_intersect_type(asker *q)
{
    return ask_intersection(q, true);
}

static int by_ms(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void measure(kg_store *store, const char *name, question ask, size_t samples, bool last)
{
    double *ms = calloc(samples, sizeof *ms), *cpu = calloc(samples, sizeof *cpu);
    error err = {0};
    asker q = {.a = arena_new(0)};
    must(kg_read_begin(store, &q.read, &err), &err);
    must(kg_read_totals(q.read, &q.totals, &err), &err);
    for (size_t i = 0; i < samples / 10; i++) /* warm */
        (void)ask(&q);
    q.found = q.tried = 0;
    for (size_t i = 0; i < samples; i++) {
        arena_reset(q.a);
        ms[i] = ask(&q);
        cpu[i] = q.cpu_ms;
    }
    qsort(cpu, samples, sizeof *cpu, by_ms);
    qsort(ms, samples, sizeof *ms, by_ms);
    printf(
        "  \"%s\": {\"p50_ms\": %.4f, \"p99_ms\": %.4f, \"cpu_p99_ms\": %.4f, \"found\": %.4f}%s\n",
        name, ms[samples / 2], ms[samples * 99 / 100], cpu[samples * 99 / 100],
        q.tried == 0 ? 1 : (double)q.found / (double)q.tried, last ? "" : ",");
    (void)fflush(stdout);
    kg_read_end(q.read);
    arena_free(q.a);
    free(ms);
    free(cpu);
}

static void query(const char *path, size_t samples)
{
    error err = {0};
    kg_store *store = NULL;
    must(kg_open(path, &(kg_open_options){.read_only = true}, &store, &err), &err);
    printf("{\n");
    measure(store, "exact_label", ask_exact, samples, false);
    measure(store, "hop", ask_hop, samples, false);
    measure(store, "two_hops", ask_two_hops, samples, false);
    measure(store, "intersection", ask_intersect, samples, false);
    measure(store, "intersection_with_type", ask_intersect_type, samples, false);
    measure(store, "misspelt", ask_misspelt, samples, false);
    measure(store, "two_characters", ask_two_characters, samples, true);
    printf("}\n");
    kg_close(store);
}

int main(int argc, char **argv)
{
    state = 7;
    if (argc >= 4 && strcmp(argv[1], "load") == 0)
        load(argv[2], argv[3], argc > 4 ? argv[4] : argv[2]);
    else if (argc == 4 && strcmp(argv[1], "baseline") == 0)
        baseline(argv[2], argv[3]);
    else if (argc == 4 && strcmp(argv[1], "query") == 0)
        query(argv[2], strtoull(argv[3], NULL, 10));
    else
        return fprintf(stderr, "usage: kg_bench load|baseline FILE.nt OUT | query G.kg SAMPLES\n"),
               2;
    return 0;
}
