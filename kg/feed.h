/* Many rows into a table by one INSERT ... SELECT: the rows come from a callback through a virtual
 * table, which costs a third of stepping a bound INSERT for each. Inside kg/ only.
 *
 *     INSERT INTO term_hash SELECT c0, c1 FROM kg_feed(?1) */
#ifndef VOUCH_KG_FEED_H
#define VOUCH_KG_FEED_H

#include "kg/db.h"

#define KG_FEED_COLUMNS 12

typedef struct kg_feed {
    void *context;
    bool (*next)(void *context); /* goes to the first row, then to each next; false: no more */
    void (*column)(void *context, int column, sqlite3_context *out);
} kg_feed;

/* `sql` is a literal (see kg_db_stmt). */
status kg_feed_run(kg_db *db, const char *sql, const kg_feed *feed, error *err);

void kg_feed_id(sqlite3_context *out, uint64_t id);                /* 0 gives NULL */
void kg_feed_bytes(sqlite3_context *out, str bytes, bool as_text); /* borrowed until the next row */

#endif
