/* Statutes as Markdown: a title, lines of dated events, then parts, chapters, sections, articles
 * and their paragraphs. docs/GRAPH_TERMS.md lists the terms that come out.
 *
 * Files are read together, because what one says depends on the others: versions of one law follow
 * each other in time, an amending act gives the day from which the amended text holds, a law may
 * repeal another, and citations name laws by title. Add all files, link once, then emit each as a
 * source of its own. One thread; owns all it read. */
#ifndef VOUCH_INGEST_STATUTES_H
#define VOUCH_INGEST_STATUTES_H

#include "ingest/reader.h"

typedef struct ingest_statutes ingest_statutes;

status ingest_statutes_new(ingest_statutes **out, error *err);
void ingest_statutes_free(ingest_statutes *statutes);

/* Reads one file. *index is what emit takes; STATUS_SYNTAX when the text holds no law (no title, or
 * no article, paragraph or clause), or is no UTF-8. */
status ingest_statutes_add(ingest_statutes *statutes, ingest_source *source, size_t *index,
                           uint64_t *lines, error *err);
/* Takes in what the graph holds of other statutes, between the last add and link; `loading` names
 * the sources of this load. Behind the emits, ingest_statutes_held tells which of them (indexes
 * below ingest_statutes_count) speak anew, and ingest_statutes_relink says all that such a source
 * said, with its new dates. The read must see the graph as it was before this load. */
status ingest_statutes_hold(ingest_statutes *statutes, kg_read *read, const str *loading,
                            size_t count, error *err);
size_t ingest_statutes_count(const ingest_statutes *statutes);
bool ingest_statutes_held(const ingest_statutes *statutes, size_t index, str *source,
                          double *authority);
status ingest_statutes_relink(ingest_statutes *statutes, size_t index, kg_read *read,
                              const ingest_sink *sink, error *err);
void ingest_statutes_link(ingest_statutes *statutes);
status ingest_statutes_emit(ingest_statutes *statutes, size_t index, const ingest_sink *sink,
                            error *err);

/* How a statute's file begins: a title line, and a dated line or an article within the next ones.
 */
bool ingest_statutes_looks(str head);

#endif
