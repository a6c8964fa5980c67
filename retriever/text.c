/* See text.h. ASCII takes a short path; other characters are normalised cluster by cluster (a base
 * character and the marks on it), so that offsets into the given text survive. */
#include "retriever/text.h"

#include <stdio.h>
#include <utf8proc.h>

#include "core/buf.h"
#include "core/compiler.h"
#include "core/utf8.h"
#include "kg/store.h"

typedef struct scanner {
    str text;
    bool name; /* split camelCase */
    arena *a;
    text_token *items;
    size_t count, capacity;
    buf word; /* the token being read */
    size_t word_start, word_end;
    bool word_digits; /* only digits so far */
    bool last_lower;  /* the last character read was a lower-case letter */
} scanner;

uint64_t text_chain(uint64_t so_far, uint64_t token_hash)
{
    uint64_t h = (so_far ^ token_hash) * 0x9E3779B97F4A7C15ull;
    return h ^ (h >> 29);
}

static bool is_letter(uint32_t c)
{
    switch (utf8proc_category((utf8proc_int32_t)c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
        return true;
    default:
        return false;
    }
}

static bool is_mark(uint32_t c)
{
    if (c < 0x300)
        return false;
    int category = (int)utf8proc_category((utf8proc_int32_t)c);
    return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC;
}

str text_stem(str w, arena *a)
{
    if (w.length < 4)
        return w;
    const char *d = w.data;
    size_t n = w.length;
    if (n > 4 && str_ends(w, STR("ies"))) {
        char *out = arena_cstr(a, str_slice(w, 0, n - 2));
        if (out == NULL)
            return w;
        out[n - 3] = 'y';
        return str_make(out, n - 2);
    }
    if (str_ends(w, STR("sses")) || str_ends(w, STR("shes")) || str_ends(w, STR("ches")) ||
        str_ends(w, STR("xes")))
        return str_slice(w, 0, n - 2);
    if (d[n - 1] == 's' && d[n - 2] != 's' && d[n - 2] != 'u' && d[n - 2] != 'i')
        return str_slice(w, 0, n - 1);
    return w;
}

/* A str in a table. */
#define S(literal)                                                                                 \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

str text_root(str w)
{
    static const struct {
        str is, root;
    } irregular[] = {
        {S("wrote"), S("writ")},   {S("written"), S("writ")}, {S("sang"), S("sing")},
        {S("sung"), S("sing")},    {S("made"), S("mak")},     {S("gave"), S("giv")},
        {S("born"), S("birth")},   {S("spoke"), S("speak")},  {S("spoken"), S("speak")},
        {S("died"), S("dea")},     {S("dead"), S("dea")},     {S("death"), S("dea")},
        {S("dies"), S("dea")},     {S("won"), S("win")},      {S("held"), S("hold")},
        {S("led"), S("lead")},     {S("caught"), S("catch")}, {S("grew"), S("grow")},
        {S("wore"), S("wear")},    {S("worn"), S("wear")},    {S("aged"), S("age")},
        {S("taught"), S("teach")}, {S("built"), S("build")},  {S("began"), S("begin")},
        {S("begun"), S("begin")}};
    static const str endings[] = {S("ations"), S("ation"), S("ions"), S("ings"), S("ors"), S("ers"),
                                  S("ion"),    S("ing"),   S("ed"),   S("or"),   S("er"),  S("es"),
                                  S("ly"),     S("s"),     S("e"),    S("y")};
    for (size_t i = 0; i < CORE_COUNT(irregular); i++)
        if (str_equal(w, irregular[i].is))
            return irregular[i].root;
    for (size_t i = 0; i < CORE_COUNT(endings); i++)
        if (w.length >= endings[i].length + 3 && str_ends(w, endings[i])) {
            w.length -= endings[i].length;
            break;
        }
    return w.length > 6 ? str_slice(w, 0, 6) : w;
}

static bool push(scanner *s, text_kind kind, size_t start, size_t end, str norm)
{
    if (s->count == s->capacity) {
        size_t more = s->capacity == 0 ? 32 : s->capacity * 2;
        text_token *grown = ARENA_ARRAY(s->a, text_token, more);
        if (grown == NULL)
            return false;
        if (s->count > 0)
            memcpy(grown, s->items, s->count * sizeof *grown);
        s->items = grown;
        s->capacity = more;
    }
    str kept = arena_str(s->a, norm);
    if (kept.data == NULL)
        return false;
    uint64_t hash = str_hash(kept, 0);
    uint64_t stem = kind == TEXT_WORD ? str_hash(text_stem(kept, s->a), 0) : hash;
    size_t before = s->count > 0 ? s->items[s->count - 1].end : start;
    bool glued = s->count > 0 && str_empty(str_trim(str_slice(s->text, before, start)));
    s->items[s->count++] = (text_token){.kind = kind,
                                        .glued = glued,
                                        .start = (uint32_t)start,
                                        .end = (uint32_t)end,
                                        .norm = kept,
                                        .hash = hash,
                                        .stem = stem};
    return true;
}

static bool flush(scanner *s)
{
    if (s->word.length == 0)
        return true;
    bool ok = !s->word.failed && push(s, s->word_digits ? TEXT_NUMBER : TEXT_WORD, s->word_start,
                                      s->word_end, buf_str(&s->word));
    buf_clear(&s->word);
    return ok;
}

static bool add_character(scanner *s, uint32_t c, size_t start, size_t end)
{
    if (utf8_is_han(c)) {
        char bytes[4];
        size_t n = utf8_encode(c, bytes);
        return flush(s) && push(s, TEXT_HAN, start, end, str_make(bytes, n));
    }
    bool digit = c >= '0' && c <= '9';
    if (c >= 0x80 && !is_letter(c))
        return flush(s);
    if (c < 0x80 && !digit && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z'))
        return flush(s);
    if (s->word.length == 0) {
        s->word_start = start;
        s->word_digits = true;
    }
    s->word_digits = s->word_digits && digit;
    s->word_end = end;
    return c < 0x80 ? buf_add_char(&s->word, (char)(c >= 'A' && c <= 'Z' ? c + 32 : c))
                    : buf_add_codepoint(&s->word, c);
}

/* A character that is no ASCII, with the marks behind it: normalised, then added part by part. */
static bool add_cluster(scanner *s, size_t start, size_t end)
{
    str norm = kg_normalise(str_slice(s->text, start, end), s->a);
    if (str_empty(norm))
        return flush(s);
    for (size_t i = 0; i < norm.length;) {
        uint32_t c;
        i += utf8_decode(norm.data + i, norm.length - i, &c);
        if (!add_character(s, c, start, end))
            return false;
    }
    return true;
}

static bool camel_break(scanner *s, char c)
{
    bool upper = c >= 'A' && c <= 'Z';
    bool broke = s->name && upper && s->last_lower;
    s->last_lower = c >= 'a' && c <= 'z';
    return broke;
}

static bool scan(scanner *s)
{
    for (size_t i = 0; i < s->text.length;) {
        uint32_t c;
        size_t start = i;
        i += utf8_decode(s->text.data + i, s->text.length - i, &c);
        uint32_t next = 0;
        if (c < 0x80 && i < s->text.length && (unsigned char)s->text.data[i] >= 0x80)
            (void)utf8_decode(s->text.data + i, s->text.length - i, &next);
        if (c < 0x80 && (next == UINT32_MAX || !is_mark(next))) {
            if (camel_break(s, (char)c) && !flush(s))
                return false;
            if (!add_character(s, c, start, i))
                return false;
            continue;
        }
        s->last_lower = false;
        if (c == UINT32_MAX) {
            if (!flush(s))
                return false;
            continue;
        }
        for (size_t marks = 0; marks < 16 && i < s->text.length; marks++) {
            uint32_t mark;
            size_t n = utf8_decode(s->text.data + i, s->text.length - i, &mark);
            if (mark == UINT32_MAX || !is_mark(mark))
                break;
            i += n;
        }
        /* Unified Han has no compatibility form but its simplified one. */
        bool plain = c >= 0x4e00 && c <= 0x9fff && i == start + 3;
        if (!(plain ? add_character(s, kg_simplified(c), start, i) : add_cluster(s, start, i)) ||
            s->count > TEXT_MAX_TOKENS)
            return false;
    }
    return flush(s);
}

/* --- Chinese numerals --------------------------------------------------------------------------
 */
static uint32_t only_character(str c)
{
    uint32_t out;
    return c.length >= 3 && utf8_decode(c.data, c.length, &out) == c.length ? out : 0;
}

static int han_digit(str c)
{
    static const uint32_t digits[] = {U'零', U'一', U'二', U'三', U'四',
                                      U'五', U'六', U'七', U'八', U'九'};
    uint32_t character = only_character(c);
    for (int i = 0; i < 10; i++)
        if (character == digits[i])
            return i;
    return character == U'〇' ? 0 : character == U'两' ? 2 : -1;
}

static uint64_t han_unit(str c)
{
    switch (only_character(c)) {
    case U'十':
        return 10;
    case U'百':
        return 100;
    case U'千':
        return 1000;
    case U'万':
        return 10000;
    default:
        return 0;
    }
}

bool text_chinese_number(str han, uint64_t *out)
{
    uint64_t total = 0, section = 0, digit = 0, plain = 0;
    bool any = false, units = false;
    for (size_t i = 0; i < han.length;) {
        uint32_t c;
        size_t n = utf8_decode(han.data + i, han.length - i, &c);
        str one = str_slice(han, i, i + n);
        int d = han_digit(one);
        uint64_t unit = han_unit(one);
        i += n;
        if (d >= 0) {
            digit = (uint64_t)d;
            plain = plain * 10 + digit;
        } else if (unit == 10000) {
            total = (total + section + digit) * unit;
            section = digit = 0;
            units = true;
        } else if (unit > 0) {
            section += (digit == 0 ? 1 : digit) * unit;
            digit = 0;
            units = true;
        } else {
            return false;
        }
        any = true;
        if (total > 1000000000000ull || plain > 1000000000000ull)
            return false;
    }
    if (!any)
        return false;
    *out = units ? total + section + digit : plain;
    return true;
}

static bool counts_articles(const text_token *t)
{
    static const char *const words[] = {"条", "章", "节", "编", "款", "项"};
    for (size_t i = 0; i < CORE_COUNT(words); i++)
        if (str_equal(t->norm, str_from(words[i])))
            return true;
    return false;
}

/* The end of the run of Chinese numerals at `from`. */
static size_t numerals_end(const scanner *s, size_t from)
{
    size_t end = from;
    while (end < s->count && s->items[end].kind == TEXT_HAN && end - from < 11 &&
           (han_digit(s->items[end].norm) >= 0 || han_unit(s->items[end].norm) > 0))
        end++;
    return end;
}

/* Puts the numerals [from, end) into `out` as one number; false when they spell none. */
static bool numerals_merged(const scanner *s, size_t from, size_t end, text_token *out,
                            bool *memory)
{
    char joined[64];
    size_t length = 0;
    for (size_t k = from; k < end && length + 4 < sizeof joined; k++) {
        memcpy(joined + length, s->items[k].norm.data, s->items[k].norm.length);
        length += s->items[k].norm.length;
    }
    uint64_t value;
    if (!text_chinese_number(str_make(joined, length), &value))
        return false;
    char *digits = arena_printf(s->a, "%llu", (unsigned long long)value);
    *memory = digits != NULL;
    if (digits == NULL)
        return false;
    *out = s->items[from];
    out->kind = TEXT_NUMBER;
    out->end = s->items[end - 1].end;
    out->norm = str_from(digits);
    out->hash = out->stem = str_hash(out->norm, 0);
    return true;
}

/* 第 + Chinese numerals + 条 (章, 节 ...), and two or more numerals + 条 as people leave 第 out:
 * the numerals become one number token. */
static bool merge_ordinals(scanner *s)
{
    size_t kept = 0;
    bool memory = true;
    for (size_t i = 0; memory && i < s->count;) {
        bool ordinal = kept > 0 && str_equal(s->items[kept - 1].norm, STR("第"));
        size_t end = numerals_end(s, i);
        bool counted = end > i && end < s->count &&
                       (ordinal ? counts_articles(&s->items[end])
                                : end > i + 1 && str_equal(s->items[end].norm, STR("条")));
        text_token number;
        if (counted && numerals_merged(s, i, end, &number, &memory)) {
            s->items[kept++] = number;
            i = end;
        } else {
            s->items[kept++] = s->items[i++];
        }
    }
    s->count = kept;
    return memory;
}

status text_tokenise(str text, bool name, arena *a, text_tokens *out, error *err)
{
    if (text.length > UINT32_MAX)
        return error_set(err, STATUS_LIMIT, "text is too long");
    scanner s = {.text = text, .name = name, .a = a};
    bool ok = scan(&s);
    buf_free(&s.word);
    if (s.count > TEXT_MAX_TOKENS)
        return error_set(err, STATUS_LIMIT, "text has more than %d words", TEXT_MAX_TOKENS);
    if (!ok || !merge_ordinals(&s))
        return error_memory(err);
    out->items = s.items;
    out->count = s.count;
    return STATUS_OK;
}

str text_language(const text_tokens *tokens)
{
    size_t han = 0, words = 0;
    for (size_t i = 0; i < tokens->count; i++) {
        han += tokens->items[i].kind == TEXT_HAN;
        words += tokens->items[i].kind == TEXT_WORD;
    }
    return han > 0 && han * 2 >= words ? STR("zh") : STR("en");
}
