/* Names that people use and the graph does not (离婚冷静期 for an article): a domain pack's
 * entities by the token chain of each alias, with the chain of the name that the graph knows.
 * Read-only after building; lives in the caller's arena. A name that the graph lacks is harmless:
 * it finds nothing. */
#ifndef VOUCH_RETRIEVER_NICKNAMES_H
#define VOUCH_RETRIEVER_NICKNAMES_H

#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/error.h"
#include "core/str.h"

struct pack;

typedef struct nickname {
    uint64_t alias, name; /* text_chain of the alias and of the entity's own name */
    str text;             /* the alias as the pack writes it */
} nickname;

typedef struct nicknames {
    const nickname *items; /* by alias */
    size_t count;
    size_t longest; /* tokens of the longest alias */
} nicknames;

/* `domain` may be NULL: no names. The texts of the pack must outlive the result. */
status nicknames_build(const struct pack *domain, arena *a, nicknames *out, error *err);
/* The first of those with that chain; `count` is how many follow one another. */
const nickname *nicknames_find(const nicknames *all, uint64_t alias, size_t *count);

#endif
