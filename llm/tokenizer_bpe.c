/* The "gpt2" family (byte-level BPE): the pre-tokenizer cuts the text into pieces, each piece
 * starts as its bytes, and the neighbour pair of lowest rank is merged until none is left. The
 * vocabulary is written in GPT-2's printable alphabet (a character for each byte); it is turned
 * into bytes once, at load. */
#include <stdlib.h>
#include <string.h>

#include "core/utf8.h"
#include "llm/tokenizer_internal.h"

/* The byte that a character of GPT-2's alphabet stands for: printable Latin-1 stands for itself,
 * the 68 others follow from U+0100 on, in order. */
static int byte_of(uint32_t c)
{
    if ((c >= 0x21 && c <= 0x7e) || (c >= 0xa1 && c <= 0xac) || (c >= 0xae && c <= 0xff))
        return (int)c;
    if (c < 0x100 || c > 0x143)
        return -1;
    uint32_t n = c - 0x100;
    if (n <= 0x20) /* 00-20 */
        return (int)n;
    if (n <= 0x42) /* 7f-a0 */
        return (int)(n - 0x21 + 0x7f);
    return 0xad;
}

/* The bytes that a text of the alphabet stands for, in the arena; the text itself where a
 * character is outside of the alphabet. data NULL when out of memory. */
static str unprint(arena *memory, str text)
{
    char *out = arena_alloc(memory, text.length + 1);
    if (out == NULL)
        return (str){NULL, 0};
    size_t n = 0;
    for (size_t at = 0; at < text.length;) {
        uint32_t c;
        at += utf8_decode(text.data + at, text.length - at, &c);
        int byte = byte_of(c);
        if (byte < 0)
            return text;
        out[n++] = (char)byte;
    }
    return str_make(out, n);
}

static status load_pieces(llm_tokenizer *t, error *err)
{
    if (!token_map_init(&t->by_piece, t->count))
        return error_memory(err);
    for (size_t i = 0; i < t->count; i++) {
        if (t->types[i] != LLM_TOKEN_NORMAL && t->types[i] != LLM_TOKEN_BYTE)
            continue;
        t->pieces[i] = unprint(t->memory, t->texts[i]);
        if (t->pieces[i].data == NULL)
            return error_memory(err);
        token_map_put(&t->by_piece, t->pieces, (int32_t)i);
        if (t->pieces[i].length == 1)
            t->byte_token[(unsigned char)t->pieces[i].data[0]] = (int32_t)i;
    }
    return STATUS_OK;
}

/* While loading: symbols that are no tokens but occur inside merges. */
typedef struct extra_symbols {
    arena *scratch;
    str *texts;
    size_t count;
    token_map map;
} extra_symbols;

static int32_t symbol_of(const llm_tokenizer *t, extra_symbols *x, str bytes)
{
    int32_t id = token_map_find(&t->by_piece, t->pieces, bytes);
    if (id != LLM_TOKEN_NONE)
        return id;
    int32_t extra = token_map_find(&x->map, x->texts, bytes);
    if (extra == LLM_TOKEN_NONE) {
        extra = (int32_t)x->count++;
        x->texts[extra] = bytes;
        token_map_put(&x->map, x->texts, extra);
    }
    return (int32_t)t->count + extra;
}

static size_t pair_slot(const merge_map *m, uint64_t pair)
{
    uint64_t h = pair * 0x9e3779b97f4a7c15u;
    h ^= h >> 29;
    size_t at = (size_t)(h * 0xbf58476d1ce4e5b9u >> 20) & m->mask;
    while (m->slots[at].merged >= 0 && m->slots[at].pair != pair)
        at = (at + 1) & m->mask;
    return at;
}

static status load_merge(llm_tokenizer *t, extra_symbols *x, str text, size_t rank, error *err)
{
    size_t space = text.length < 3 ? STR_NONE : str_find(text, STR(" "), 1);
    if (space == STR_NONE || space + 1 >= text.length)
        return error_set(err, STATUS_INVALID, "merge %zu, '%.*s', is not two symbols", rank,
                         text.length > 40 ? 40 : STR_ARG(text));
    str left = unprint(x->scratch, str_slice(text, 0, space));
    str right = unprint(x->scratch, str_slice(text, space + 1, text.length));
    char *both = left.data == NULL || right.data == NULL
                     ? NULL
                     : arena_alloc(x->scratch, left.length + right.length);
    if (both == NULL)
        return error_memory(err);
    memcpy(both, left.data, left.length);
    memcpy(both + left.length, right.data, right.length);
    uint64_t l = (uint32_t)symbol_of(t, x, left), r = (uint32_t)symbol_of(t, x, right);
    int32_t merged = symbol_of(t, x, str_make(both, left.length + right.length));
    merge_slot *slot = &t->merges.slots[pair_slot(&t->merges, l << 32 | r)];
    if (slot->merged < 0)
        *slot = (merge_slot){l << 32 | r, (uint32_t)rank, merged};
    return STATUS_OK;
}

static status load_merges(llm_tokenizer *t, const llm_vocab_spec *spec, extra_symbols *x,
                          error *err)
{
    size_t slots = 64;
    while (slots < spec->merge_count * 2)
        slots *= 2;
    t->merges.slots = malloc(slots * sizeof *t->merges.slots);
    if (t->merges.slots == NULL)
        return error_memory(err);
    t->merges.mask = slots - 1;
    for (size_t i = 0; i < slots; i++)
        t->merges.slots[i] = (merge_slot){0, 0, -1};
    status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < spec->merge_count; i++)
        s = load_merge(t, x, spec->merges[i], i, err);
    for (int byte = 0; s == STATUS_OK && byte < 256; byte++) {
        char one = (char)byte;
        int32_t id = token_map_find(&t->by_piece, t->pieces, str_make(&one, 1));
        int32_t extra = token_map_find(&x->map, x->texts, str_make(&one, 1));
        if (id == LLM_TOKEN_NONE && extra != LLM_TOKEN_NONE)
            id = (int32_t)t->count + extra;
        t->byte_symbol[byte] = id;
    }
    return s;
}

status tokenizer_bpe_load(llm_tokenizer *t, const llm_vocab_spec *spec, error *err)
{
    if (spec->merge_count > (size_t)INT32_MAX / 8 || t->count > (size_t)INT32_MAX / 8)
        return error_set(err, STATUS_LIMIT, "%zu merges are more than vouch takes",
                         spec->merge_count);
    status s = load_pieces(t, err);
    if (s != STATUS_OK)
        return s;
    size_t most = spec->merge_count * 3 + 1;
    extra_symbols x = {.scratch = arena_new(0), .texts = calloc(most, sizeof(str))};
    if (x.scratch == NULL || x.texts == NULL || !token_map_init(&x.map, most))
        s = error_memory(err);
    else
        s = load_merges(t, spec, &x, err);
    token_map_free(&x.map);
    free(x.texts);
    arena_free(x.scratch);
    return s == STATUS_OK ? llm_pretokenizer_new(spec->pre, &t->pre, err) : s;
}

static bool lookup(const llm_tokenizer *t, str text, const merge_symbol *left,
                   const merge_symbol *right, uint32_t *key, int32_t *merged)
{
    (void)text;
    if (left->id < 0 || right->id < 0)
        return false;
    uint64_t pair = (uint64_t)(uint32_t)left->id << 32 | (uint32_t)right->id;
    const merge_slot *slot = &t->merges.slots[pair_slot(&t->merges, pair)];
    *key = slot->rank;
    *merged = slot->merged;
    return slot->merged >= 0;
}

typedef struct bpe_walk {
    const llm_tokenizer *t;
    merge_scratch merge;
    llm_tokens *out;
} bpe_walk;

static status emit(const bpe_walk *w, str piece, error *err)
{
    for (int32_t i = 0; i >= 0; i = w->merge.symbols[i].next) {
        const merge_symbol *s = &w->merge.symbols[i];
        status code = STATUS_OK;
        if (s->id < 0 || (size_t)s->id >= w->t->count)
            code = tokenizer_add_bytes(
                w->t, str_slice(piece, s->start, (size_t)s->start + s->length), w->out, err);
        else if (!llm_tokens_add(w->out, s->id))
            code = error_memory(err);
        if (code != STATUS_OK)
            return code;
    }
    return STATUS_OK;
}

static status encode_piece(void *user, str piece, error *err)
{
    bpe_walk *w = user;
    if (llm_pretokenizer_whole_pieces(w->t->pre)) {
        int32_t id = token_map_find(&w->t->by_piece, w->t->pieces, piece);
        if (id != LLM_TOKEN_NONE)
            return llm_tokens_add(w->out, id) ? STATUS_OK : error_memory(err);
    }
    w->merge.symbol_count = 0;
    for (size_t i = 0; i < piece.length; i++)
        if (!merge_push(&w->merge, (uint32_t)i, 1, w->t->byte_symbol[(unsigned char)piece.data[i]]))
            return error_memory(err);
    status s = merge_run(&w->merge, w->t, piece, lookup, err);
    return s == STATUS_OK ? emit(w, piece, err) : s;
}

status tokenizer_bpe_encode(const llm_tokenizer *t, str text, llm_tokens *out, error *err)
{
    bpe_walk w = {t, {0}, out};
    status s = llm_pretokenizer_split(t->pre, text, encode_piece, &w, err);
    merge_scratch_free(&w.merge);
    return s;
}
