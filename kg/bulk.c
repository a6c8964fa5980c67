/* Sorting the first load's statements and writing their rows. See bulk.h. */
#include "kg/bulk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "kg/statement_id.h"

static int by_attribute(const kg_write *w, const kg_pending *x, const kg_pending *y)
{
    if (x->attribute == y->attribute)
        return 0;
    const kg_attribute *a = &w->attributes[x->attribute], *b = &w->attributes[y->attribute];
    if (a->g != b->g)
        return a->g < b->g ? -1 : 1;
    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    if (a->to != b->to)
        return a->to < b->to ? -1 : 1;
    return a->qualifiers == b->qualifiers ? 0 : a->qualifiers < b->qualifiers ? -1 : 1;
}

static int compare(const kg_write *w, const kg_pending *x, const kg_pending *y)
{
    if (x->p != y->p)
        return x->p < y->p ? -1 : 1;
    if (x->o != y->o)
        return x->o < y->o ? -1 : 1;
    return by_attribute(w, x, y);
}

/* Stable merge sort of one subject's statements; `spare` holds as many. */
static void sort_group(const kg_write *w, kg_pending *items, size_t count, kg_pending *spare)
{
    if (count <= 16) {
        for (size_t i = 1; i < count; i++) {
            kg_pending item = items[i];
            size_t j = i;
            for (; j > 0 && compare(w, &items[j - 1], &item) > 0; j--)
                items[j] = items[j - 1];
            items[j] = item;
        }
        return;
    }
    size_t half = count / 2, i = 0, j = half;
    sort_group(w, items, half, spare);
    sort_group(w, items + half, count - half, spare);
    for (size_t k = 0; k < count; k++) {
        bool left = j == count || (i < half && compare(w, &items[i], &items[j]) <= 0);
        spare[k] = left ? items[i++] : items[j++];
    }
    memcpy(items, spare, count * sizeof *items);
}

/* Counting sort by subject, then each subject's group. */
static status sort_pending(kg_bulk *b, error *err)
{
    kg_write *w = b->w;
    size_t count = w->pending_count;
    kg_pending *sorted = malloc((count + 1) * sizeof *sorted);
    b->first = calloc(b->terms + 2, sizeof *b->first);
    if (sorted == NULL || b->first == NULL) {
        free(sorted);
        return error_memory(err);
    }
    for (size_t i = 0; i < count; i++)
        b->first[w->pending[i].s + 2]++;
    for (size_t i = 2; i < b->terms + 2; i++)
        b->first[i] += b->first[i - 1];
    for (size_t i = 0; i < count; i++)
        sorted[b->first[w->pending[i].s + 1]++] = w->pending[i];
    size_t longest = 0;
    for (size_t s = 0; s < b->terms; s++)
        if (b->first[s + 1] - b->first[s] > longest)
            longest = b->first[s + 1] - b->first[s];
    free(w->pending);
    w->pending = NULL;
    w->pending_capacity = w->pending_count = 0;
    kg_pending *spare = malloc((longest + 1) * sizeof *spare);
    if (spare == NULL) {
        free(sorted);
        return error_memory(err);
    }
    for (size_t s = 0; s < b->terms; s++)
        sort_group(w, sorted + b->first[s], b->first[s + 1] - b->first[s], spare);
    free(spare);
    b->row = sorted;
    b->rows = count;
    return STATUS_OK;
}

/* --- rows ----------------------------------------------------------------------------------------
 */
static uint64_t hash_of(const kg_bulk *b, uint32_t index)
{
    return kg_dict_at(b->w->dict, index)->hash;
}

static kg_statement_id id_of(const kg_bulk *b, const kg_pending *row)
{
    const kg_attribute *a = &b->w->attributes[row->attribute];
    kg_statement_key key = {.s = hash_of(b, row->s),
                            .p = hash_of(b, row->p),
                            .o = hash_of(b, row->o),
                            .g = a->g == 0 ? 0 : hash_of(b, a->g - 1),
                            .valid_from = a->from,
                            .valid_to = a->to,
                            .qualifiers = a->qualifiers};
    return kg_statement_id_of(&key);
}

static kg_source_state *source_of(kg_write *w, const kg_pending *row)
{
    int64_t id = w->loads[w->attributes[row->attribute].load].source;
    for (size_t i = 0; i < w->source_count; i++)
        if (w->sources[i].id == id)
            return &w->sources[i];
    return &w->sources[0];
}

static status put_origin(kg_bulk *b, const kg_pending *row, int64_t n, error *err)
{
    const kg_attribute *a = &b->w->attributes[row->attribute];
    sqlite3_stmt *stmt =
        kg_db_stmt(b->w->db, "INSERT OR IGNORE INTO origin VALUES(?1,?2,?3,?4)", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, n);
    sqlite3_bind_int64(stmt, 2, b->w->loads[a->load].id);
    kg_db_bind_id(stmt, 3, row->line);
    if (a->confidence < 0)
        sqlite3_bind_null(stmt, 4);
    else
        sqlite3_bind_double(stmt, 4, (double)a->confidence);
    return kg_db_run(b->w->db, stmt, err);
}

/* The sayings [i, end) are of one statement: the first becomes the row, those of other sources
 * further origins. */
static status put_sayings(kg_bulk *b, size_t i, size_t end, int64_t n, error *err)
{
    const kg_source_state *seen[64];
    size_t seen_count = 0;
    status code = STATUS_OK;
    for (size_t j = i; j < end && code == STATUS_OK; j++) {
        kg_source_state *source = source_of(b->w, &b->row[j]);
        bool known = false;
        for (size_t k = 0; k < seen_count; k++)
            known |= seen[k] == source;
        if (known || seen_count == CORE_COUNT(seen))
            continue;
        seen[seen_count++] = source;
        source->delta++;
        if (j > i)
            code = put_origin(b, &b->row[j], n, err);
    }
    return code;
}

/* Takes out what is said twice; numbers the rows and gives them their ids. */
static status make_distinct(kg_bulk *b, error *err)
{
    kg_write *w = b->w;
    size_t rows = 0, total = b->rows;
    b->ids = malloc((total + 1) * sizeof *b->ids);
    if (b->ids == NULL)
        return error_memory(err);
    uint32_t subject = 0;
    status code = STATUS_OK;
    for (size_t i = 0; i < total && code == STATUS_OK;) {
        size_t end = i + 1;
        while (end < total && b->row[end].s == b->row[i].s &&
               compare(w, &b->row[end], &b->row[i]) == 0)
            end++;
        while (subject <= b->row[i].s)
            b->first[subject++] = (uint32_t)rows;
        if (end > i + 1 || w->source_count > 1)
            code = put_sayings(b, i, end, (int64_t)rows + 1, err);
        b->row[rows] = b->row[i];
        b->ids[rows] = id_of(b, &b->row[rows]);
        kg_load *load = &w->loads[w->attributes[b->row[rows].attribute].load];
        load->last_n = (int64_t)++rows;
        load->first_n = load->first_n == 0 ? load->last_n : load->first_n;
        i = end;
    }
    while (subject <= b->terms)
        b->first[subject++] = (uint32_t)rows;
    if (total > 0 && w->source_count == 1) /* one source: each distinct row once */
        w->sources[0].delta = (int64_t)rows;
    b->rows = rows;
    w->statements = (int64_t)rows;
    w->report.added = rows;
    return code;
}

static void put_day(kg_tree *tree, clock_day day)
{
    if (day == CLOCK_DAY_UNKNOWN)
        kg_tree_null(tree);
    else
        kg_tree_int(tree, day);
}

static void put_id(kg_tree *tree, uint64_t id)
{
    if (id == 0)
        kg_tree_null(tree);
    else
        kg_tree_int(tree, (int64_t)id);
}

/* Columns behind the statement's id; most rows have none of them, which costs nothing. */
static void put_rare(kg_bulk *b, kg_tree *tree, const kg_attribute *a)
{
    b->named |= a->g != 0 || a->qualifiers != 0;
    if (a->g == 0 && a->qualifiers == 0 && a->from == CLOCK_DAY_UNKNOWN &&
        a->to == CLOCK_DAY_UNKNOWN && a->confidence < 0)
        return;
    put_id(tree, a->g);
    put_day(tree, a->from);
    put_day(tree, a->to);
    put_id(tree, a->qualifiers);
    if (a->confidence < 0)
        kg_tree_null(tree);
    else
        kg_tree_real(tree, (double)a->confidence);
}

static status put_rows(kg_bulk *b, error *err)
{
    kg_tree *tree = NULL;
    status code = kg_bulk_tree(b, KG_TREE_TABLE, "statement", &tree, err);
    if (code != STATUS_OK)
        return code;
    for (size_t i = 0; i < b->rows; i++) {
        const kg_pending *row = &b->row[i];
        const kg_attribute *a = &b->w->attributes[row->attribute];
        kg_tree_null(tree);
        kg_tree_int(tree, (int64_t)row->s + 1);
        kg_tree_int(tree, (int64_t)row->p + 1);
        kg_tree_int(tree, (int64_t)row->o + 1);
        kg_tree_int(tree, b->w->loads[a->load].id);
        put_id(tree, row->line);
        kg_tree_int(tree, (int64_t)b->ids[i]);
        put_rare(b, tree, a);
        kg_tree_row(tree, (int64_t)i + 1);
    }
    return kg_tree_end(tree, err);
}

/* --- terms ----------------------------------------------------------------------------------- */
static status put_terms(kg_bulk *b, error *err)
{
    kg_tree *tree = NULL;
    status code = kg_bulk_tree(b, KG_TREE_TABLE, "term", &tree, err);
    if (code != STATUS_OK)
        return code;
    for (size_t i = 0; i < b->terms; i++) {
        const kg_dict_entry *e = kg_dict_at(b->w->dict, i);
        kg_tree_null(tree);
        kg_tree_int(tree, e->kind);
        kg_tree_text(tree, e->text, e->length);
        if (e->datatype != 0 || e->lang != 0)
            put_id(tree, e->datatype == 0 ? 0 : (uint64_t)b->w->datatype_ids[e->datatype - 1]);
        if (e->lang != 0) {
            str lang = kg_dict_term(b->w->dict, i).lang;
            kg_tree_text(tree, lang.data, lang.length);
        }
        kg_tree_row(tree, (int64_t)i + 1);
    }
    return kg_tree_end(tree, err);
}

static status put_values(kg_bulk *b, error *err)
{
    kg_tree *tree = NULL;
    status code = kg_bulk_tree(b, KG_TREE_TABLE, "term_value", &tree, err);
    if (code != STATUS_OK)
        return code;
    for (size_t i = 0; i < b->w->value_count; i++) {
        const kg_value *value = &b->w->values[i].value;
        kg_tree_null(tree);
        kg_tree_int(tree, value->kind);
        kg_tree_real(tree, value->low);
        kg_tree_real(tree, value->high);
        if (value->unit.length > 0)
            kg_tree_text(tree, value->unit.data, value->unit.length);
        kg_tree_row(tree, (int64_t)b->w->values[i].term + 1);
    }
    return kg_tree_end(tree, err);
}

/* The text index is SQLite's own. */
static status put_passages(kg_bulk *b, error *err)
{
    status code = STATUS_OK;
    for (size_t i = 0; i < b->terms && code == STATUS_OK; i++)
        if (kg_dict_at(b->w->dict, i)->kind == KG_TERM_LITERAL)
            code = kg_put_passage(b->w, kg_dict_term(b->w->dict, i), (int64_t)i + 1, err);
    return code;
}

/* --- the file ------------------------------------------------------------------------------------
 */
/* Locks NAME.kg-load, which one loader owns at a time; -1 with an error, or when time ran out. */
static status lock_file(kg_write *w, error *err)
{
    uint64_t begun = clock_monotonic_ns();
    for (;;) {
        struct stat opened, there;
        int fd = open(w->building, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (fd < 0)
            return error_errno(err, errno == EACCES || errno == EROFS ? STATUS_DENIED : STATUS_IO,
                               errno, w->building);
        bool mine = flock(fd, LOCK_EX | LOCK_NB) == 0;
        /* The one before may have put this very file into its place meanwhile. */
        if (mine && fstat(fd, &opened) == 0 && stat(w->building, &there) == 0 &&
            opened.st_ino == there.st_ino) {
            w->lock = fd;
            return STATUS_OK;
        }
        (void)close(fd);
        if (clock_elapsed_ms(begun) > w->store->options.wait_ms)
            return error_set(err, STATUS_BUSY,
                             "%s: another load is writing it; try again when it is done",
                             w->store->path);
        (void)nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
}

status kg_bulk_begin(kg_write *w, error *err)
{
    struct stat there;
    if (stat(w->store->path, &there) == 0)
        return STATUS_OK;
    if (snprintf(w->building, sizeof w->building, "%s-load", w->store->path) >=
        (int)sizeof w->building)
        return error_set(err, STATUS_USAGE, "%s: the path is too long", w->store->path);
    status code = lock_file(w, err);
    if (code != STATUS_OK)
        return code;
    if (stat(w->store->path, &there) == 0) { /* made while we waited */
        kg_bulk_rollback(w);
        return STATUS_OK;
    }
    if (ftruncate(w->lock, 0) != 0)
        return error_errno(err, STATUS_IO, errno, w->building);
    code = kg_db_open(w->building, KG_DB_BUILD, 0, &w->db, err);
    w->bulk = code == STATUS_OK;
    return code == STATUS_OK ? kg_db_create_schema(w->db, err) : code;
}

static status sync_folder(const char *path, error *err)
{
    char folder[4096];
    const char *slash = strrchr(path, '/');
    (void)snprintf(folder, sizeof folder, "%.*s", slash == NULL ? 1 : (int)(slash - path) + 1,
                   slash == NULL ? "." : path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_errno(err, STATUS_IO, errno, folder);
    int synced = fsync(fd), cause = errno;
    (void)close(fd);
    return synced == 0 ? STATUS_OK : error_errno(err, STATUS_IO, cause, folder);
}

status kg_bulk_commit(kg_write *w, error *err)
{
    status code = kg_db_exec(w->db, "PRAGMA locking_mode=NORMAL; PRAGMA journal_mode=WAL", err);
    kg_db_close(w->db);
    w->db = NULL;
    if (code == STATUS_OK && fsync(w->lock) != 0)
        code = error_errno(err, STATUS_IO, errno, w->building);
    if (code == STATUS_OK && link(w->building, w->store->path) != 0)
        code = errno == EEXIST
                   ? error_set(err, STATUS_BUSY,
                               "%s: was made by another load meanwhile; load again", w->store->path)
                   : error_errno(err, STATUS_IO, errno, w->store->path);
    if (code == STATUS_OK)
        code = sync_folder(w->store->path, err);
    kg_bulk_rollback(w);
    return code;
}

void kg_bulk_rollback(kg_write *w)
{
    kg_db_close(w->db);
    w->db = NULL;
    if (w->lock < 0)
        return;
    (void)unlink(w->building);
    (void)close(w->lock);
    w->lock = -1;
}

/* --- the build ------------------------------------------------------------------------------- */
static status read_roots(kg_bulk *b, error *err)
{
    sqlite3_stmt *stmt =
        kg_db_stmt(b->w->db, "SELECT name, rootpage FROM sqlite_schema WHERE rootpage>0", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    while (sqlite3_step(stmt) == SQLITE_ROW && b->root_count < CORE_COUNT(b->roots)) {
        (void)snprintf(b->roots[b->root_count].name, sizeof b->roots[0].name, "%s",
                       (const char *)sqlite3_column_text(stmt, 0));
        b->roots[b->root_count++].page = sqlite3_column_int64(stmt, 1);
    }
    sqlite3_reset(stmt);
    return STATUS_OK;
}

status kg_bulk_tree(kg_bulk *b, kg_tree_kind kind, const char *name, kg_tree **out, error *err)
{
    for (size_t i = 0; i < b->root_count; i++)
        if (strcmp(b->roots[i].name, name) == 0)
            return kg_tree_begin(b->pages, kind, b->roots[i].page, out, err);
    return error_set(err, STATUS_INTERNAL, "graph: there is no table %s", name);
}

/* What SQLite writes before it lets go of the file. */
static status prepare(kg_bulk *b, error *err)
{
    status code = sort_pending(b, err);
    if (code == STATUS_OK)
        code = make_distinct(b, err);
    if (code == STATUS_OK)
        code = kg_bulk_count(b, err);
    if (code == STATUS_OK)
        code = kg_bulk_names(b, err);
    if (code == STATUS_OK)
        code = kg_bulk_meta(b, err);
    if (code == STATUS_OK)
        code = read_roots(b, err);
    return code == STATUS_OK ? kg_db_exec(b->w->db, "COMMIT", err) : code;
}

static status write_pages(kg_bulk *b, error *err)
{
    status code = kg_pages_begin(b->w->lock, &b->pages, err);
    if (code == STATUS_OK)
        code = put_terms(b, err);
    if (code == STATUS_OK)
        code = put_values(b, err);
    if (code == STATUS_OK)
        code = put_rows(b, err);
    if (code == STATUS_OK)
        code = kg_bulk_indexes(b, err);
    free(b->ids);
    b->ids = NULL;
    if (code == STATUS_OK)
        code = kg_bulk_counted(b, err);
    if (code == STATUS_OK)
        code = kg_bulk_labels(b, err);
    error ignored = {0};
    status ended = kg_pages_end(b->pages, code == STATUS_OK ? err : &ignored);
    return code == STATUS_OK ? ended : code;
}

/* SQLite takes the file back, for what is its own business. */
static status take_back(kg_bulk *b, error *err)
{
    kg_write *w = b->w;
    status code = kg_db_open(w->building, KG_DB_BUILD, 0, &w->db, err);
    if (code == STATUS_OK)
        code = kg_db_exec(w->db, "BEGIN", err);
    if (code == STATUS_OK)
        code = kg_base_load(w->db, err);
    if (code == STATUS_OK)
        code = kg_bulk_statistics(b, err);
    if (code == STATUS_OK && b->named)
        code = kg_db_exec(w->db, "REINDEX statement_g; REINDEX statement_qualifiers", err);
    return code == STATUS_OK ? put_passages(b, err) : code;
}

status kg_bulk_build(kg_write *w, error *err)
{
    kg_bulk b = {.w = w, .type = UINT32_MAX, .terms = kg_dict_count(w->dict)};
    for (size_t i = 0; i < b.terms; i++)
        if ((kg_dict_at(w->dict, i)->flags & KG_DICT_TYPE) != 0)
            b.type = (uint32_t)i;
    status code = prepare(&b, err);
    if (code == STATUS_OK) {
        kg_db_close(w->db);
        w->db = NULL;
        code = write_pages(&b, err);
    }
    if (code == STATUS_OK)
        code = take_back(&b, err);
    kg_bulk_count_free(&b);
    free(b.names);
    free(b.ids);
    free(b.row);
    free(b.first);
    free(w->values);
    w->values = NULL;
    w->value_count = w->value_capacity = 0;
    w->built = true;
    w->first_new_term = w->last_term + 1;
    w->touched.count = 0;
    w->flushed = true;
    w->attribute_count = 0;
    return code;
}
