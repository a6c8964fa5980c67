/* The "llama" family (SentencePiece BPE): characters are merged into the neighbour pair with the
 * best score as long as the pair is a token; what no token spells falls back to byte tokens.
 * Tokens are kept as the file has them, with U+2581 for a space; the caller replaced the spaces. */
#include <ctype.h>
#include <string.h>

#include "core/utf8.h"
#include "llm/tokenizer_internal.h"

/* "<0x4F>" */
static int byte_of(str text)
{
    static const char digits[] = "0123456789ABCDEF";
    if (text.length != 6 || memcmp(text.data, "<0x", 3) != 0 || text.data[5] != '>')
        return -1;
    const char *high = strchr(digits, toupper((unsigned char)text.data[3]));
    const char *low = strchr(digits, toupper((unsigned char)text.data[4]));
    if (high == NULL || low == NULL || *high == 0 || *low == 0)
        return -1;
    return (int)((high - digits) * 16 + (low - digits));
}

/* The token's text with U+2581 turned into spaces. */
static str unescape(llm_tokenizer *t, str text)
{
    size_t at = str_find(text, STR("\xe2\x96\x81"), 0);
    if (at == STR_NONE)
        return text;
    char *out = arena_alloc(t->memory, text.length);
    if (out == NULL)
        return (str){NULL, 0};
    size_t n = 0;
    for (size_t i = 0; i < text.length;) {
        if (text.length - i >= 3 && memcmp(text.data + i, "\xe2\x96\x81", 3) == 0) {
            out[n++] = ' ';
            i += 3;
        } else {
            out[n++] = text.data[i++];
        }
    }
    return str_make(out, n);
}

status tokenizer_spm_load(llm_tokenizer *t, error *err)
{
    if (!token_map_init(&t->by_piece, t->count))
        return error_memory(err);
    for (size_t i = 0; i < t->count; i++) {
        int byte = t->types[i] == LLM_TOKEN_BYTE ? byte_of(t->texts[i]) : -1;
        if (t->types[i] == LLM_TOKEN_BYTE && byte < 0)
            return error_set(err, STATUS_INVALID,
                             "token %zu is of type byte but reads '%.*s', not '<0xNN>'", i,
                             t->texts[i].length > 40 ? 40 : STR_ARG(t->texts[i]));
        if (byte >= 0) {
            char *one = arena_alloc(t->memory, 1);
            if (one == NULL)
                return error_memory(err);
            *one = (char)byte;
            t->pieces[i] = str_make(one, 1);
            t->byte_token[byte] = (int32_t)i;
        } else if (t->types[i] == LLM_TOKEN_NORMAL) {
            t->pieces[i] = unescape(t, t->texts[i]);
            if (t->pieces[i].data == NULL && t->texts[i].length > 0)
                return error_memory(err);
            token_map_put(&t->by_piece, t->texts, (int32_t)i);
        }
    }
    return STATUS_OK;
}

/* Order of floats as unsigned integers, turned round: the best score gives the smallest key. */
static uint32_t score_key(float score)
{
    uint32_t bits;
    score += 0.0f; /* -0 is 0 */
    memcpy(&bits, &score, sizeof bits);
    bits = bits & 0x80000000u ? ~bits : bits | 0x80000000u;
    return ~bits;
}

static bool lookup(const llm_tokenizer *t, str text, const merge_symbol *left,
                   const merge_symbol *right, uint32_t *key, int32_t *merged)
{
    size_t end = (size_t)right->start + right->length;
    int32_t id = token_map_find(&t->by_piece, t->texts, str_slice(text, left->start, end));
    if (id == LLM_TOKEN_NONE)
        return false;
    *key = score_key(t->scores[id]);
    *merged = id;
    return true;
}

static status push_characters(const llm_tokenizer *t, str text, merge_scratch *m, error *err)
{
    for (size_t at = 0; at < text.length;) {
        uint32_t c;
        size_t n = utf8_decode(text.data + at, text.length - at, &c);
        int32_t id = token_map_find(&t->by_piece, t->texts, str_make(text.data + at, n));
        if (!merge_push(m, (uint32_t)at, (uint32_t)n, id))
            return error_memory(err);
        at += n;
    }
    return STATUS_OK;
}

static status emit(const llm_tokenizer *t, str text, const merge_scratch *m, llm_tokens *out,
                   error *err)
{
    for (int32_t i = m->symbol_count == 0 ? -1 : 0; i >= 0; i = m->symbols[i].next) {
        const merge_symbol *s = &m->symbols[i];
        status code = STATUS_OK;
        if (s->id == LLM_TOKEN_NONE)
            code = tokenizer_add_bytes(t, str_slice(text, s->start, (size_t)s->start + s->length),
                                       out, err);
        else if (!llm_tokens_add(out, s->id))
            code = error_memory(err);
        if (code != STATUS_OK)
            return code;
    }
    return STATUS_OK;
}

status tokenizer_spm_encode(const llm_tokenizer *t, str text, llm_tokens *out, error *err)
{
    merge_scratch m = {0};
    status s = push_characters(t, text, &m, err);
    if (s == STATUS_OK)
        s = merge_run(&m, t, text, lookup, err);
    if (s == STATUS_OK)
        s = emit(t, text, &m, out, err);
    merge_scratch_free(&m);
    return s;
}
