/* See pretokenizer.h. The patterns are those that the vocabularies were trained with, as published
 * by their makers; white space is spelt out (WS) because PCRE2's \s also takes U+180E. Text is
 * validated once and PCRE2 told not to check again, else each match would scan the whole text. */
#include "llm/pretokenizer.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/compiler.h"
#include "core/utf8.h"

#define WS                                                                                         \
    "\\t-\\r\\x{20}\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}"          \
    "\\x{205f}\\x{3000}"
#define S "[" WS "]"
#define NOT_SLN "[^" WS "\\p{L}\\p{N}]"
#define LONE_SPACES S "+(?![^" WS "])|" S "+"

/* "'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+" */
#define GPT2 "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?" NOT_SLN "+|" LONE_SPACES
/* GPT-4's: digits in runs of at most DIGITS. */
#define GPT4(DIGITS)                                                                               \
    "'(?:[sS]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" DIGITS    \
    "| ?" NOT_SLN "+[\\r\\n]*|" S "*[\\r\\n]+|" LONE_SPACES

#define MAX_PASSES 2

typedef struct pattern {
    const char *name;
    const char *passes[MAX_PASSES]; /* each cuts the pieces of the one before */
    bool whole_pieces;
    bool adds_bos;
} pattern;

static const pattern patterns[] = {
    {"gpt-2", {GPT2, NULL}, false, false},
    {"default", {GPT2, NULL}, false, false},
    {"mpt", {GPT2, NULL}, false, false},
    {"olmo", {GPT2, NULL}, false, false},
    {"qwen2", {GPT4("\\p{N}"), NULL}, false, false},
    {"deepseek-r1-qwen", {GPT4("\\p{N}"), NULL}, false, false},
    {"stablelm2", {GPT4("\\p{N}"), NULL}, false, false},
    {"llama-bpe", {GPT4("\\p{N}{1,3}"), NULL}, true, true},
    {"llama3", {GPT4("\\p{N}{1,3}"), NULL}, true, true},
    {"llama-v3", {GPT4("\\p{N}{1,3}"), NULL}, true, true},
    {"smollm", {"\\p{N}", GPT2}, false, false},
    {"starcoder", {"\\p{N}", GPT2}, false, false},
    {"refact", {"\\p{N}", GPT2}, false, false},
    {"codeshell", {"\\p{N}", GPT2}, false, false},
};

struct llm_pretokenizer {
    const pattern *spec;
    size_t pass_count;
    pcre2_code *codes[MAX_PASSES];
    pcre2_match_context *limits;
};

static const pattern *find_pattern(str name)
{
    if (str_empty(name))
        return &patterns[0];
    for (size_t i = 0; i < CORE_COUNT(patterns); i++)
        if (str_equal(name, str_from(patterns[i].name)))
            return &patterns[i];
    return NULL;
}

static status compile(const char *text, pcre2_code **out, error *err)
{
    int code = 0;
    PCRE2_SIZE offset = 0;
    pcre2_code *c = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, PCRE2_UTF | PCRE2_UCP,
                                  &code, &offset, NULL);
    if (c == NULL) {
        PCRE2_UCHAR message[128] = {0};
        pcre2_get_error_message(code, message, sizeof message);
        return error_set(err, STATUS_INTERNAL, "pre-tokenizer pattern, offset %zu: %s", offset,
                         (const char *)message);
    }
    /* Without a JIT (some platforms) matching is slower and gives the same. */
    (void)pcre2_jit_compile(c, PCRE2_JIT_COMPLETE);
    *out = c;
    return STATUS_OK;
}

status llm_pretokenizer_new(str name, llm_pretokenizer **out, error *err)
{
    const pattern *spec = find_pattern(name);
    if (spec == NULL)
        return error_set(err, STATUS_UNSUPPORTED,
                         "pre-tokenizer '%.*s' is not supported; vouch has gpt-2, qwen2, "
                         "llama-bpe, smollm, mpt, refact and starcoder",
                         name.length > 64 ? 64 : STR_ARG(name));
    llm_pretokenizer *p = calloc(1, sizeof *p);
    if (p == NULL)
        return error_memory(err);
    p->spec = spec;
    p->limits = pcre2_match_context_create(NULL);
    status s = p->limits == NULL ? error_memory(err) : STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < MAX_PASSES && spec->passes[i] != NULL; i++) {
        s = compile(spec->passes[i], &p->codes[i], err);
        p->pass_count = i + 1;
    }
    if (s != STATUS_OK) {
        llm_pretokenizer_free(p);
        return s;
    }
    /* The patterns backtrack over one run of white space at most; the default bound (10 million)
     * would refuse a 10 MB run of spaces. */
    pcre2_set_match_limit(p->limits, UINT32_MAX);
    pcre2_set_heap_limit(p->limits, 1u << 20);
    *out = p;
    return STATUS_OK;
}

void llm_pretokenizer_free(llm_pretokenizer *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < MAX_PASSES; i++)
        pcre2_code_free(p->codes[i]);
    pcre2_match_context_free(p->limits);
    free(p);
}

bool llm_pretokenizer_whole_pieces(const llm_pretokenizer *p)
{
    return p->spec->whole_pieces;
}

bool llm_pretokenizer_adds_bos(const llm_pretokenizer *p)
{
    return p->spec->adds_bos;
}

typedef struct walk {
    const llm_pretokenizer *p;
    pcre2_match_data *match;
    llm_piece_fn fn;
    void *user;
} walk;

/* One pass over a piece; what matches and what lies between matches go to the next pass. */
static status split_pass(const walk *w, size_t pass, str text, error *err)
{
    if (str_empty(text))
        return STATUS_OK;
    if (pass == w->p->pass_count)
        return w->fn(w->user, text, err);
    size_t at = 0;
    while (at < text.length) {
        int found = pcre2_match(w->p->codes[pass], (PCRE2_SPTR)text.data, text.length, at,
                                PCRE2_NO_UTF_CHECK, w->match, w->p->limits);
        if (found == PCRE2_ERROR_NOMATCH)
            break;
        if (found < 0)
            return error_set(err, STATUS_LIMIT, "the pre-tokenizer gave up (PCRE2 error %d)",
                             found);
        const PCRE2_SIZE *span = pcre2_get_ovector_pointer(w->match);
        size_t from = span[0], to = span[1];
        if (to <= from)
            return error_set(err, STATUS_INTERNAL, "the pre-tokenizer matched nothing");
        status s = split_pass(w, pass + 1, str_slice(text, at, from), err);
        if (s == STATUS_OK)
            s = split_pass(w, pass + 1, str_slice(text, from, to), err);
        if (s != STATUS_OK)
            return s;
        at = to;
    }
    return split_pass(w, pass + 1, str_slice(text, at, text.length), err);
}

/* Bytes from `from` on that no valid character covers. */
static size_t invalid_run(str text, size_t from)
{
    size_t at = from;
    while (at < text.length) {
        uint32_t c;
        size_t n = utf8_decode(text.data + at, text.length - at, &c);
        if (c != UINT32_MAX)
            break;
        at += n;
    }
    return at - from;
}

status llm_pretokenizer_split(const llm_pretokenizer *p, str text, llm_piece_fn fn, void *user,
                              error *err)
{
    /* The match data remembers the subject, and the first pass's spans are read before the second
     * pass overwrites them, so that one block serves both. */
    walk w = {p, pcre2_match_data_create(1, NULL), fn, user};
    if (w.match == NULL)
        return error_memory(err);
    status s = STATUS_OK;
    for (size_t at = 0; s == STATUS_OK && at < text.length;) {
        str rest = str_slice(text, at, text.length);
        size_t valid = utf8_first_invalid(rest.data, rest.length);
        s = split_pass(&w, 0, str_slice(rest, 0, valid), err);
        if (s != STATUS_OK || valid == rest.length)
            break;
        size_t bad = invalid_run(rest, valid);
        s = fn(user, str_slice(rest, valid, valid + bad), err);
        at += valid + bad;
    }
    pcre2_match_data_free(w.match);
    return s;
}
