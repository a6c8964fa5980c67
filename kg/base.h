/* The packed base: how the rows of a graph's first load are found. Inside kg/.
 *
 * Rows are numbered 1..N in the order (s, p, o), so a subject's rows are a range: base_out holds,
 * for each 500 subjects, the first row of each (501 little-endian 32-bit numbers). An object's rows
 * are a list: base_in holds groups of varints (p, count, first row, steps ...) for objects with few
 * rows, base_hub one relation's rows by pieces for the others, base_relation a relation's; these
 * two take the pieces of later loads as well (later.h has the other lists of those). The
 * buckets of base_id (rows) and base_term (lower 32 bits of the hash, term) are chosen by the upper
 * bits of the hash. Lists may name rows and terms that are gone since: who reads the row sees it.
 * Every decoder checks its bounds: the bytes may be damaged. */
#ifndef VOUCH_KG_BASE_H
#define VOUCH_KG_BASE_H

#include "core/buf.h"
#include "kg/internal.h"

#define KG_BASE_PAGE 500
#define KG_BASE_FEW 256              /* rows of an object that go into base_in */
#define KG_BASE_PIECE 400            /* rows in one piece of a list: stays on a SQLite page */
#define KG_LATER INT64_C(2147483648) /* the first row number of later loads */

/* Reads base_rows and the like out of meta. */
status kg_base_load(kg_db *db, error *err);
/* [*first, *end): rows of a subject; empty when it has none. */
status kg_base_out(kg_db *db, kg_id s, int64_t *first, int64_t *end, error *err);
/* A page of base_out, for many subjects that follow one another; zeros when there is none. */
status kg_base_firsts(kg_db *db, uint64_t page, uint32_t firsts[KG_BASE_PAGE + 1], error *err);

/* Rows of one relation in a list; the callback returns false to stop. */
typedef struct kg_base_group {
    kg_id p;
    size_t count;
    const uint32_t *rows;     /* NULL when only counts were asked for */
    const uint32_t *subjects; /* of the rows, in pieces of later loads that hold them; else NULL */
} kg_base_group;
typedef bool (*kg_base_visit)(void *context, const kg_base_group *group);
/* An object's rows by relation (p = KG_ANY: all relations), in pieces; those of later loads come
 * behind, so a relation may come more than once. */
status kg_base_in(kg_db *db, kg_id o, kg_id p, bool counts_only, kg_base_visit visit, void *context,
                  error *err);
status kg_base_relation(kg_db *db, kg_id p, bool counts_only, kg_base_visit visit, void *context,
                        error *err);
/* Rows whose id may be `id`, at most `most`. */
status kg_base_id(kg_db *db, kg_statement_id id, uint32_t *rows, size_t most, size_t *count,
                  error *err);
/* The bucket of a hash (empty when there is none), and the terms in it whose hash may be `hash`. */
status kg_base_term_bucket(kg_db *db, uint64_t hash, buf *out, error *err);
size_t kg_base_bucket_terms(str bucket, uint64_t hash, kg_id *terms, size_t most);

/* Row numbers (the lower 32 bits), ascending: the first, then steps. */
void kg_base_pack_rows(buf *out, const uint64_t *rows, size_t count);
/* keys: p << 32 | row, ascending -> groups of (p, count, rows). */
void kg_base_pack_groups(buf *out, const uint64_t *keys, size_t count);

void kg_varint_put(buf *out, uint64_t value);
/* false at the end or at damage. */
bool kg_varint_get(const unsigned char **at, const unsigned char *end, uint64_t *out);

#endif
