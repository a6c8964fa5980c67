/* See tokenizer.h: construction, special tokens, encoding, facts. Decoding lies in
 * tokenizer_decode.c, the families in tokenizer_spm.c and tokenizer_bpe.c. */
#include "llm/tokenizer.h"

#include <stdlib.h>
#include <string.h>

#include "core/compiler.h"
#include "llm/tokenizer_internal.h"

/* --- token_map --- */

bool token_map_init(token_map *m, size_t entries)
{
    size_t slots = 64;
    while (slots < entries * 2)
        slots *= 2;
    m->slots = calloc(slots, sizeof *m->slots);
    m->mask = slots - 1;
    m->longest = 0;
    return m->slots != NULL;
}

void token_map_free(token_map *m)
{
    free(m->slots);
    *m = (token_map){0};
}

static size_t map_slot(const token_map *m, const str *keys, str key)
{
    size_t at = (size_t)str_hash(key, 0) & m->mask;
    while (m->slots[at] != 0 && !str_equal(keys[m->slots[at] - 1], key))
        at = (at + 1) & m->mask;
    return at;
}

void token_map_put(token_map *m, const str *keys, int32_t index)
{
    m->slots[map_slot(m, keys, keys[index])] = index + 1;
    if (keys[index].length > m->longest)
        m->longest = keys[index].length;
}

int32_t token_map_find(const token_map *m, const str *keys, str key)
{
    if (key.length > m->longest)
        return LLM_TOKEN_NONE;
    return m->slots[map_slot(m, keys, key)] - 1;
}

/* --- lists of ids --- */

bool llm_tokens_add(llm_tokens *list, int32_t id)
{
    if (list->failed)
        return false;
    if (list->count == list->capacity) {
        size_t wanted = list->capacity < 32 ? 32 : list->capacity + list->capacity / 2;
        int32_t *grown =
            wanted > SIZE_MAX / sizeof id ? NULL : realloc(list->ids, wanted * sizeof id);
        if (grown == NULL) {
            list->failed = true;
            return false;
        }
        list->ids = grown;
        list->capacity = wanted;
    }
    list->ids[list->count++] = id;
    return true;
}

void llm_tokens_clear(llm_tokens *list)
{
    list->count = 0;
    list->failed = false;
}

void llm_tokens_free(llm_tokens *list)
{
    free(list->ids);
    *list = (llm_tokens){0};
}

/* --- construction --- */

llm_vocab_spec llm_vocab_spec_empty(void)
{
    return (llm_vocab_spec){.bos = LLM_TOKEN_NONE,
                            .eos = LLM_TOKEN_NONE,
                            .eot = LLM_TOKEN_NONE,
                            .unknown = LLM_TOKEN_NONE,
                            .pad = LLM_TOKEN_NONE,
                            .add_bos = -1,
                            .add_eos = -1,
                            .add_space_prefix = -1};
}

static status check_id(const llm_vocab_spec *spec, const char *name, int32_t id, error *err)
{
    if (id >= LLM_TOKEN_NONE && (id < 0 || (size_t)id < spec->count))
        return STATUS_OK;
    return error_set(err, STATUS_INVALID, "the %s token is %d, but the vocabulary has %zu tokens",
                     name, (int)id, spec->count);
}

static status check_spec(const llm_vocab_spec *spec, error *err)
{
    if (spec->count == 0 || spec->tokens == NULL)
        return error_set(err, STATUS_INVALID, "the vocabulary is empty");
    if (spec->count > (size_t)INT32_MAX / 8)
        return error_set(err, STATUS_LIMIT, "%zu tokens are more than vouch takes", spec->count);
    const struct {
        const char *name;
        int32_t id;
    } ids[] = {{"BOS", spec->bos},
               {"EOS", spec->eos},
               {"EOT", spec->eot},
               {"unknown", spec->unknown},
               {"padding", spec->pad}};
    for (size_t i = 0; i < CORE_COUNT(ids); i++) {
        status s = check_id(spec, ids[i].name, ids[i].id, err);
        if (s != STATUS_OK)
            return s;
    }
    for (size_t i = 0; i < spec->count; i++) {
        int32_t type = spec->types == NULL ? LLM_TOKEN_NORMAL : spec->types[i];
        if (type < LLM_TOKEN_NORMAL || type > LLM_TOKEN_BYTE)
            return error_set(err, STATUS_INVALID, "token %zu has the type %d; types are 1 to 6", i,
                             (int)type);
        if (spec->scores != NULL && spec->scores[i] != spec->scores[i])
            return error_set(err, STATUS_INVALID, "the score of token %zu is not a number", i);
        if (spec->tokens[i].length > UINT16_MAX)
            return error_set(err, STATUS_INVALID, "token %zu has %zu bytes", i,
                             spec->tokens[i].length);
    }
    return STATUS_OK;
}

static bool is_special(const llm_tokenizer *t, size_t id)
{
    return t->types[id] == LLM_TOKEN_CONTROL || t->types[id] == LLM_TOKEN_USER_DEFINED ||
           t->types[id] == LLM_TOKEN_UNKNOWN;
}

typedef struct text_id {
    str text;
    int32_t id;
} text_id;

static int compare_text_id(const void *a, const void *b)
{
    const text_id *x = a, *y = b;
    int order = str_compare(x->text, y->text);
    return order != 0 ? order : (x->id > y->id) - (x->id < y->id);
}

/* Specials sorted by text, so that a match narrows a range byte by byte. */
static status load_specials(llm_tokenizer *t, error *err)
{
    size_t count = 0;
    for (size_t i = 0; i < t->count; i++)
        count += is_special(t, i) && t->texts[i].length > 0;
    text_id *list = calloc(count + 1, sizeof *list);
    t->specials = ARENA_ARRAY(t->memory, int32_t, count + 1);
    if (list == NULL || t->specials == NULL) {
        free(list);
        return error_memory(err);
    }
    size_t n = 0;
    for (size_t i = 0; i < t->count; i++)
        if (is_special(t, i) && t->texts[i].length > 0)
            list[n++] = (text_id){t->texts[i], (int32_t)i};
    qsort(list, count, sizeof *list, compare_text_id);
    for (size_t i = 0; i < count; i++) {
        t->specials[i] = list[i].id;
        t->special_first[(unsigned char)list[i].text.data[0]] = 1;
    }
    t->special_count = count;
    free(list);
    return STATUS_OK;
}

static status load_ends(llm_tokenizer *t, error *err)
{
    static const str names[] = {
        {"<|im_end|>", 10},    {"<|eot_id|>", 10},      {"<|eom_id|>", 10},    {"<|end|>", 7},
        {"<|endoftext|>", 13}, {"<|end_of_text|>", 15}, {"<end_of_turn>", 13}, {"<EOT>", 5},
    };
    if (t->eos >= 0)
        t->ends[t->eos] = 1;
    if (t->eot >= 0)
        t->ends[t->eot] = 1;
    for (size_t i = 0; i < CORE_COUNT(names); i++) {
        int32_t id = llm_tokenizer_find(t, names[i]);
        if (id != LLM_TOKEN_NONE && is_special(t, (size_t)id))
            t->ends[id] = 1;
    }
    for (size_t i = 0; i < t->count; i++)
        t->ending_count += t->ends[i];
    t->ending = ARENA_ARRAY(t->memory, int32_t, t->ending_count + 1);
    if (t->ending == NULL)
        return error_memory(err);
    for (size_t i = 0, n = 0; i < t->count; i++)
        if (t->ends[i])
            t->ending[n++] = (int32_t)i;
    return STATUS_OK;
}

static status copy_spec(llm_tokenizer *t, const llm_vocab_spec *spec, error *err)
{
    t->memory = arena_new(0);
    if (t->memory == NULL)
        return error_memory(err);
    t->family = spec->family;
    t->count = spec->count;
    t->bos = spec->bos, t->eos = spec->eos, t->eot = spec->eot;
    t->unknown = spec->unknown, t->pad = spec->pad;
    t->texts = ARENA_ARRAY(t->memory, str, t->count);
    t->pieces = ARENA_ARRAY(t->memory, str, t->count);
    t->scores = ARENA_ARRAY(t->memory, float, t->count);
    t->types = ARENA_ARRAY(t->memory, uint8_t, t->count);
    t->ends = ARENA_ARRAY(t->memory, uint8_t, t->count);
    if (t->texts == NULL || t->pieces == NULL || t->scores == NULL || t->types == NULL ||
        t->ends == NULL || !token_map_init(&t->by_text, t->count))
        return error_memory(err);
    for (size_t i = 0; i < t->count; i++) {
        t->texts[i] = arena_str(t->memory, spec->tokens[i]);
        if (t->texts[i].data == NULL)
            return error_memory(err);
        t->types[i] = (uint8_t)(spec->types == NULL ? LLM_TOKEN_NORMAL : spec->types[i]);
        t->scores[i] = spec->scores == NULL ? 0 : spec->scores[i];
        if (is_special(t, i))
            t->pieces[i] = t->texts[i];
        token_map_put(&t->by_text, t->texts, (int32_t)i);
    }
    for (int i = 0; i < 256; i++)
        t->byte_token[i] = t->byte_symbol[i] = LLM_TOKEN_NONE;
    return STATUS_OK;
}

/* What the family does unless the file says otherwise. */
static void apply_switches(llm_tokenizer *t, const llm_vocab_spec *spec)
{
    bool spm = t->family == LLM_TOKENIZER_SPM;
    bool bos = spm || llm_pretokenizer_adds_bos(t->pre);
    t->add_bos = (spec->add_bos < 0 ? bos : spec->add_bos != 0) && t->bos >= 0;
    t->add_eos = spec->add_eos > 0 && t->eos >= 0;
    t->add_space_prefix = spm && spec->add_space_prefix != 0;
}

status llm_tokenizer_new(const llm_vocab_spec *spec, llm_tokenizer **out, error *err)
{
    status s = check_spec(spec, err);
    if (s != STATUS_OK)
        return s;
    llm_tokenizer *t = calloc(1, sizeof *t);
    if (t == NULL)
        return error_memory(err);
    pthread_mutex_init(&t->order_lock, NULL);
    s = copy_spec(t, spec, err);
    if (s == STATUS_OK)
        s = t->family == LLM_TOKENIZER_SPM ? tokenizer_spm_load(t, err)
                                           : tokenizer_bpe_load(t, spec, err);
    if (s == STATUS_OK)
        s = load_specials(t, err);
    if (s == STATUS_OK)
        s = load_ends(t, err);
    if (s != STATUS_OK) {
        llm_tokenizer_free(t);
        return s;
    }
    apply_switches(t, spec);
    *out = t;
    return STATUS_OK;
}

void llm_tokenizer_free(llm_tokenizer *t)
{
    if (t == NULL)
        return;
    token_map_free(&t->by_piece);
    token_map_free(&t->by_text);
    free(t->merges.slots);
    llm_pretokenizer_free(t->pre);
    free(t->order_ids);
    free(t->order_shared);
    pthread_mutex_destroy(&t->order_lock);
    arena_free(t->memory);
    free(t);
}

/* --- encoding --- */

status tokenizer_add_bytes(const llm_tokenizer *t, str bytes, llm_tokens *out, error *err)
{
    for (size_t i = 0; i < bytes.length; i++) {
        unsigned char byte = (unsigned char)bytes.data[i];
        int32_t id = t->byte_token[byte] >= 0 ? t->byte_token[byte] : t->unknown;
        if (id < 0)
            return error_set(err, STATUS_INVALID,
                             "the vocabulary has no token for the byte 0x%02X and no unknown token",
                             byte);
        if (!llm_tokens_add(out, id))
            return error_memory(err);
    }
    return STATUS_OK;
}

static bool may_match(const llm_tokenizer *t, int32_t id, unsigned flags)
{
    if (t->types[id] == LLM_TOKEN_USER_DEFINED)
        return (flags & LLM_ENCODE_NO_USER) == 0;
    return (flags & LLM_ENCODE_SPECIAL) != 0;
}

/* First index in [low, high) whose text has a byte >= `byte` at `depth` (all have the same bytes
 * before; a text that ends there sorts first). */
static size_t narrow(const llm_tokenizer *t, size_t low, size_t high, size_t depth, int byte)
{
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        str text = t->texts[t->specials[middle]];
        if (text.length > depth && (unsigned char)text.data[depth] >= byte)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* The longest special token that the text starts with. */
static int32_t match_special(const llm_tokenizer *t, str text, unsigned flags)
{
    size_t low = 0, high = t->special_count;
    int32_t best = LLM_TOKEN_NONE;
    for (size_t depth = 0; depth < text.length && low < high; depth++) {
        int byte = (unsigned char)text.data[depth];
        low = narrow(t, low, high, depth, byte);
        high = narrow(t, low, high, depth, byte + 1);
        for (size_t i = low; i < high; i++) {
            if (t->texts[t->specials[i]].length != depth + 1)
                break;
            if (may_match(t, t->specials[i], flags))
                best = t->specials[i];
        }
    }
    return best;
}

/* Where the next special token starts at or behind `from`; the text's length when none does. */
static size_t next_special(const llm_tokenizer *t, str text, size_t from, unsigned flags,
                           int32_t *id)
{
    for (size_t at = from; at < text.length; at++) {
        if (!t->special_first[(unsigned char)text.data[at]])
            continue;
        *id = match_special(t, str_slice(text, at, text.length), flags);
        if (*id != LLM_TOKEN_NONE)
            return at;
    }
    *id = LLM_TOKEN_NONE;
    return text.length;
}

/* SPM writes spaces as U+2581, and one before the text. */
static status encode_spm_fragment(const llm_tokenizer *t, str text, bool prefix, llm_tokens *out,
                                  error *err)
{
    buf escaped = {0};
    if (prefix)
        buf_add_cstr(&escaped, "\xe2\x96\x81");
    for (size_t at = 0; at < text.length;) {
        size_t space = str_find(text, STR(" "), at);
        size_t end = space == STR_NONE ? text.length : space;
        buf_add(&escaped, str_slice(text, at, end));
        if (space != STR_NONE)
            buf_add_cstr(&escaped, "\xe2\x96\x81");
        at = end + 1;
    }
    status s =
        escaped.failed ? error_memory(err) : tokenizer_spm_encode(t, buf_str(&escaped), out, err);
    buf_free(&escaped);
    return s;
}

static status encode_fragment(const llm_tokenizer *t, str text, bool after_special, llm_tokens *out,
                              error *err)
{
    if (str_empty(text))
        return STATUS_OK;
    if (t->family == LLM_TOKENIZER_BPE)
        return tokenizer_bpe_encode(t, text, out, err);
    return encode_spm_fragment(t, text, after_special && t->add_space_prefix, out, err);
}

status llm_tokenizer_encode(const llm_tokenizer *t, str text, unsigned flags, llm_tokens *out,
                            error *err)
{
    if (text.length > (size_t)INT32_MAX / 4)
        return error_set(err, STATUS_LIMIT, "a text of %zu bytes is too long to tokenize",
                         text.length);
    if ((flags & LLM_ENCODE_ENDS) && t->add_bos)
        llm_tokens_add(out, t->bos);
    bool after_special = (flags & LLM_ENCODE_CONTINUE) == 0;
    for (size_t at = 0; at < text.length;) {
        int32_t id;
        size_t end = next_special(t, text, at, flags, &id);
        status s = encode_fragment(t, str_slice(text, at, end), after_special, out, err);
        if (s != STATUS_OK)
            return s;
        at = end;
        if (id == LLM_TOKEN_NONE)
            continue;
        llm_tokens_add(out, id);
        after_special = true;
        at += t->texts[id].length;
    }
    if ((flags & LLM_ENCODE_ENDS) && t->add_eos)
        llm_tokens_add(out, t->eos);
    return out->failed ? error_memory(err) : STATUS_OK;
}

/* --- facts --- */

size_t llm_tokenizer_count(const llm_tokenizer *t)
{
    return t->count;
}

llm_tokenizer_family llm_tokenizer_kind(const llm_tokenizer *t)
{
    return t->family;
}

int32_t llm_tokenizer_bos(const llm_tokenizer *t)
{
    return t->bos;
}

int32_t llm_tokenizer_eos(const llm_tokenizer *t)
{
    return t->eos;
}

bool llm_tokenizer_adds_bos(const llm_tokenizer *t)
{
    return t->add_bos;
}

bool llm_tokenizer_adds_eos(const llm_tokenizer *t)
{
    return t->add_eos;
}

const int32_t *llm_tokenizer_ending(const llm_tokenizer *t, size_t *count)
{
    *count = t->ending_count;
    return t->ending;
}

bool llm_tokenizer_prefixes_space(const llm_tokenizer *t)
{
    return t->add_space_prefix;
}

static bool in_vocabulary(const llm_tokenizer *t, int32_t id)
{
    return id >= 0 && (size_t)id < t->count;
}

llm_token_type llm_tokenizer_type(const llm_tokenizer *t, int32_t id)
{
    return in_vocabulary(t, id) ? (llm_token_type)t->types[id] : LLM_TOKEN_UNUSED;
}

bool llm_tokenizer_ends(const llm_tokenizer *t, int32_t id)
{
    return in_vocabulary(t, id) && t->ends[id] != 0;
}

int32_t llm_tokenizer_find(const llm_tokenizer *t, str text)
{
    return token_map_find(&t->by_text, t->texts, text);
}

str llm_tokenizer_text(const llm_tokenizer *t, int32_t id)
{
    return in_vocabulary(t, id) ? t->texts[id] : STR("");
}

str llm_tokenizer_piece(const llm_tokenizer *t, int32_t id, bool special)
{
    if (!in_vocabulary(t, id))
        return STR("");
    bool hidden = t->types[id] == LLM_TOKEN_CONTROL || t->types[id] == LLM_TOKEN_UNKNOWN;
    return hidden && !special ? STR("") : t->pieces[id];
}

/* --- the vocabulary in order --- */

static size_t common_prefix(str a, str b)
{
    size_t n = 0, most = a.length < b.length ? a.length : b.length;
    while (n < most && a.data[n] == b.data[n])
        n++;
    return n;
}

static bool make_order(llm_tokenizer *t)
{
    text_id *list = calloc(t->count, sizeof *list);
    t->order_ids = malloc(t->count * sizeof *t->order_ids);
    t->order_shared = malloc(t->count * sizeof *t->order_shared);
    size_t n = 0;
    if (list == NULL || t->order_ids == NULL || t->order_shared == NULL) {
        free(list);
        free(t->order_ids);
        free(t->order_shared);
        t->order_ids = NULL;
        t->order_shared = NULL;
        return false;
    }
    for (size_t i = 0; i < t->count; i++) {
        str piece = llm_tokenizer_piece(t, (int32_t)i, false);
        if (piece.length > 0 && !t->ends[i] && t->types[i] != LLM_TOKEN_UNUSED)
            list[n++] = (text_id){piece, (int32_t)i};
    }
    qsort(list, n, sizeof *list, compare_text_id);
    for (size_t i = 0; i < n; i++) {
        t->order_ids[i] = list[i].id;
        t->order_shared[i] = i == 0 ? 0 : (uint16_t)common_prefix(list[i - 1].text, list[i].text);
    }
    free(list);
    t->order = (llm_vocab_order){n, t->order_ids, t->order_shared};
    return true;
}

const llm_vocab_order *llm_tokenizer_order(const llm_tokenizer *t)
{
    /* The one part made late: sorting a large vocabulary would slow every start. */
    llm_tokenizer *late = (llm_tokenizer *)t;
    pthread_mutex_lock(&late->order_lock);
    bool made = t->order_ids != NULL || make_order(late);
    pthread_mutex_unlock(&late->order_lock);
    return made ? &t->order : NULL;
}
