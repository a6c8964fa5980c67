/* See nicknames.h. */
#include "retriever/nicknames.h"

#include <stdlib.h>

#include "kg/pack.h"
#include "retriever/text.h"

static status chain_of(str text, arena *a, uint64_t *chain, size_t *tokens, error *err)
{
    text_tokens t = {0};
    status s = text_tokenise(text, false, a, &t, err);
    *chain = 0;
    for (size_t i = 0; s == STATUS_OK && i < t.count; i++)
        *chain = text_chain(*chain, t.items[i].hash);
    *tokens = t.count;
    return s;
}

static int by_alias(const void *x, const void *y)
{
    const nickname *a = x, *b = y;
    if (a->alias != b->alias)
        return a->alias < b->alias ? -1 : 1;
    return a->name < b->name ? -1 : a->name > b->name;
}

status nicknames_build(const struct pack *domain, arena *a, nicknames *out, error *err)
{
    size_t entities = 0, most = 0;
    const pack_entity *e = domain == NULL ? NULL : pack_entities(domain, &entities);
    *out = (nicknames){0};
    for (size_t i = 0; i < entities; i++)
        most += e[i].aliases.count;
    nickname *items = ARENA_ARRAY(a, nickname, most + 1);
    if (items == NULL)
        return error_memory(err);
    for (size_t i = 0; i < entities; i++) {
        uint64_t name = 0;
        size_t tokens = 0;
        status s = chain_of(e[i].name, a, &name, &tokens, err);
        for (size_t k = 0; s == STATUS_OK && k < e[i].aliases.count; k++) {
            nickname *n = &items[out->count];
            *n = (nickname){.name = name, .text = e[i].aliases.items[k].text};
            s = chain_of(n->text, a, &n->alias, &tokens, err);
            out->count += tokens > 0;
            out->longest = tokens > out->longest ? tokens : out->longest;
        }
        if (s != STATUS_OK)
            return s;
    }
    qsort(items, out->count, sizeof *items, by_alias);
    out->items = items;
    return STATUS_OK;
}

const nickname *nicknames_find(const nicknames *all, uint64_t alias, size_t *count)
{
    size_t low = 0, high = all->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (all->items[middle].alias < alias)
            low = middle + 1;
        else
            high = middle;
    }
    size_t n = low;
    while (n < all->count && all->items[n].alias == alias)
        n++;
    *count = n - low;
    return *count == 0 ? NULL : &all->items[low];
}
