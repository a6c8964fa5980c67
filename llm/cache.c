/* Prefixes shared across sessions: a list in order of use. Each entry is a run of whole pages with
 * the tokens that they hold; an entry that another one continues is replaced by it. Bytes are
 * counted per entry, so pages that entries share are counted for each: the bound is kept from
 * above. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "llm/session_inside.h"

typedef struct entry {
    struct entry *next; /* used less recently */
    const llm_model *model;
    llm_kv_type kv;
    size_t pages_held, bytes;
    kv_page **pages;
    int32_t *tokens; /* pages_held * KV_PAGE */
} entry;

struct llm_cache {
    pthread_mutex_t lock;
    entry *first; /* used most recently */
    llm_cache_stats stats;
};

status llm_cache_new(size_t limit_bytes, llm_cache **out, error *err)
{
    llm_cache *c = calloc(1, sizeof *c);
    if (c == NULL)
        return error_memory(err);
    pthread_mutex_init(&c->lock, NULL);
    c->stats.limit_bytes = limit_bytes;
    *out = c;
    return STATUS_OK;
}

static void free_entry(entry *e)
{
    for (size_t i = 0; i < e->pages_held; i++)
        kv_page_drop(e->pages[i]);
    free(e->pages);
    free(e->tokens);
    free(e);
}

void llm_cache_free(llm_cache *c)
{
    if (c == NULL)
        return;
    while (c->first != NULL) {
        entry *e = c->first;
        c->first = e->next;
        free_entry(e);
    }
    pthread_mutex_destroy(&c->lock);
    free(c);
}

void llm_cache_get_stats(llm_cache *c, llm_cache_stats *out)
{
    pthread_mutex_lock(&c->lock);
    *out = c->stats;
    pthread_mutex_unlock(&c->lock);
}

/* Whole pages at the start of both token runs that are equal. */
static size_t common_pages(const entry *e, const int32_t *tokens, size_t pages)
{
    size_t n = e->pages_held < pages ? e->pages_held : pages, same = 0;
    while (same < n && memcmp(e->tokens + same * KV_PAGE, tokens + same * KV_PAGE,
                              KV_PAGE * sizeof *tokens) == 0)
        same++;
    return same;
}

static void move_to_front(llm_cache *c, entry **link)
{
    entry *e = *link;
    *link = e->next;
    e->next = c->first;
    c->first = e;
}

size_t cache_find(llm_cache *c, const llm_model *model, llm_kv_type kv, const int32_t *tokens,
                  size_t count, size_t beyond, kv_page **pages)
{
    entry **best = NULL;
    size_t most = beyond / KV_PAGE;
    pthread_mutex_lock(&c->lock);
    for (entry **link = &c->first; *link != NULL; link = &(*link)->next) {
        if ((*link)->model != model || (*link)->kv != kv)
            continue;
        size_t n = common_pages(*link, tokens, count / KV_PAGE);
        if (n * KV_PAGE > beyond && n > most) {
            best = link;
            most = n;
        }
    }
    if (best != NULL) {
        for (size_t i = 0; i < most; i++) {
            pages[i] = (*best)->pages[i];
            kv_page_keep(pages[i]);
        }
        move_to_front(c, best);
        c->stats.hits++;
    } else {
        c->stats.misses++;
    }
    pthread_mutex_unlock(&c->lock);
    return best == NULL ? 0 : most;
}

static entry *make_entry(const llm_model *model, const kv_shape *kv, const int32_t *tokens,
                         size_t held, kv_page *const *pages)
{
    entry *e = calloc(1, sizeof *e);
    if (e == NULL)
        return NULL;
    e->pages = calloc(held, sizeof(kv_page *));
    e->tokens = malloc(held * KV_PAGE * sizeof *tokens);
    if (e->pages == NULL || e->tokens == NULL) {
        free_entry(e);
        return NULL;
    }
    e->model = model;
    e->kv = kv->type;
    e->bytes = held * (kv->page_bytes + KV_PAGE * sizeof *tokens) + sizeof *e;
    memcpy(e->tokens, tokens, held * KV_PAGE * sizeof *tokens);
    for (size_t i = 0; i < held; i++) {
        e->pages[i] = pages[i];
        kv_page_keep(pages[i]);
    }
    e->pages_held = held;
    return e;
}

static void remove_entry(llm_cache *c, entry **link)
{
    entry *e = *link;
    *link = e->next;
    c->stats.bytes -= e->bytes;
    c->stats.prefixes--;
    free_entry(e);
}

/* Drops entries that the new one, at the front, continues; true when one of the others continues
 * the new one. */
static bool has_longer(llm_cache *c, const entry *new_entry)
{
    for (entry **link = &c->first; *link != NULL;) {
        entry *e = *link;
        size_t same = e->model == new_entry->model && e->kv == new_entry->kv
                          ? common_pages(e, new_entry->tokens, new_entry->pages_held)
                          : 0;
        if (same == new_entry->pages_held) {
            move_to_front(c, link);
            return true;
        }
        if (same > 0 && same == e->pages_held)
            remove_entry(c, link);
        else
            link = &e->next;
    }
    return false;
}

static void evict(llm_cache *c)
{
    while (c->stats.bytes > c->stats.limit_bytes) {
        entry **link = &c->first;
        while ((*link)->next != NULL)
            link = &(*link)->next;
        remove_entry(c, link);
        c->stats.evicted++;
    }
}

void cache_offer(llm_cache *c, const llm_model *model, const kv_shape *kv, const int32_t *tokens,
                 size_t count, kv_page *const *pages)
{
    size_t held = count / KV_PAGE;
    if (held == 0)
        return;
    entry *e = make_entry(model, kv, tokens, held, pages);
    if (e == NULL)
        return;
    pthread_mutex_lock(&c->lock);
    if (e->bytes > c->stats.limit_bytes || has_longer(c, e)) {
        pthread_mutex_unlock(&c->lock);
        free_entry(e);
        return;
    }
    e->next = c->first;
    c->first = e;
    c->stats.bytes += e->bytes;
    c->stats.prefixes++;
    evict(c);
    pthread_mutex_unlock(&c->lock);
}
