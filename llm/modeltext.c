/* Canonical text by utf8proc (NFKC, case folding, general categories); everything else is
 * appending. */
#include "llm/modeltext.h"

#include <stdio.h>
#include <stdlib.h>
#include <utf8proc.h>

#include "core/utf8.h"

/* The ids of a shipped model depend on this order: append only. */
const char *const modeltext_reserved[] = {
    "<Q>",      "<A>",   "<H>",     "<W>",     "<ok>",  "<no>",   "<E1>", "<E2>", "<E3>",   "<E4>",
    "<E5>",     "<E6>",  "<V1>",    "<V2>",    "<V3>",  "<V4>",   "<T1>", "<T2>", "<T3>",   "<X1>",
    "<X2>",     "<X3>",  "<X4>",    "<X5>",    "<X6>",  "<+>",    "<->",  "<|>",  "<type>", "<flt>",
    "<max>",    "<min>", "<cmp>",   "<eq>",    "<ne>",  "<lt>",   "<le>", "<gt>", "<ge>",   "<in>",
    "<and>",    "<or>",  "<minus>", "<count>", "<ask>", "<desc>", "<at>", "<zh>", "<en>",   "<*>",
    "<search>", "<r1>",  "<r2>",    "<r3>",    "<r4>",  "<r5>",   "<r6>", NULL};

static bool is_wordlike(utf8proc_int32_t c)
{
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
        return true;
    default:
        return false;
    }
}

/* Appends folded text: words with a space before each, Han as it stands, the rest dropped. */
static void add_folded(buf *out, const char *text, size_t length)
{
    bool in_word = false;
    for (size_t i = 0; i < length;) {
        uint32_t c;
        size_t bytes = utf8_decode(text + i, length - i, &c);
        if (bytes == 0)
            break;
        bool han = c != UINT32_MAX && utf8_is_han(c);
        bool word = c != UINT32_MAX && !han && is_wordlike((utf8proc_int32_t)c);
        if (word && !in_word)
            buf_add_char(out, ' ');
        if (word || han)
            buf_add(out, str_make(text + i, bytes));
        in_word = word;
        i += bytes;
    }
}

/* The valid part of the text, so that one bad byte does not lose the whole question. */
static void add_valid(buf *out, str text)
{
    for (size_t i = 0; i < text.length;) {
        uint32_t c;
        size_t bytes = utf8_decode(text.data + i, text.length - i, &c);
        if (bytes == 0)
            break;
        if (c == UINT32_MAX)
            buf_add_char(out, ' ');
        else
            buf_add(out, str_make(text.data + i, bytes));
        i += bytes;
    }
}

void modeltext_add_text(buf *out, str text)
{
    bool ascii = true;
    for (size_t i = 0; i < text.length && ascii; i++)
        ascii = (unsigned char)text.data[i] < 0x80;
    if (ascii) { /* the common case of English, without the general machinery */
        bool in_word = false;
        for (size_t i = 0; i < text.length; i++) {
            char c = text.data[i];
            if (c >= 'A' && c <= 'Z')
                c = (char)(c - 'A' + 'a');
            bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
            if (word && !in_word)
                buf_add_char(out, ' ');
            if (word)
                buf_add_char(out, c);
            in_word = word;
        }
        return;
    }
    buf valid = {0};
    add_valid(&valid, text);
    utf8proc_uint8_t *folded = NULL;
    utf8proc_ssize_t length = valid.failed ? -1
                                           : utf8proc_map((const utf8proc_uint8_t *)valid.data,
                                                          (utf8proc_ssize_t)valid.length, &folded,
                                                          UTF8PROC_STABLE | UTF8PROC_COMPOSE |
                                                              UTF8PROC_COMPAT | UTF8PROC_CASEFOLD);
    if (length >= 0)
        add_folded(out, (const char *)folded, (size_t)length);
    else
        out->failed = true;
    free(folded);
    buf_free(&valid);
}

static bool ascii_lower(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool ascii_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

void modeltext_add_label(buf *out, str label)
{
    buf split = {0};
    for (size_t i = 0; i < label.length; i++) {
        char c = label.data[i];
        bool hump = i > 0 && ascii_upper(c) && ascii_lower(label.data[i - 1]);
        bool acronym_end = i > 0 && i + 1 < label.length && ascii_upper(c) &&
                           ascii_upper(label.data[i - 1]) && label.data[i + 1] >= 'a' &&
                           label.data[i + 1] <= 'z';
        if (hump || acronym_end)
            buf_add_char(&split, ' ');
        buf_add_char(&split, c);
    }
    out->failed |= split.failed;
    modeltext_add_text(out, buf_str(&split));
    buf_free(&split);
}

/* How many placeholders of a kind there are. */
static int slots_of(char kind)
{
    return kind == 'E' || kind == 'X' ? 6 : kind == 'V' ? 4 : kind == 'T' ? 3 : 0;
}

void modeltext_add_slot(buf *out, char kind, int number)
{
    if (number >= 1 && number <= slots_of(kind))
        buf_printf(out, "<%c%d>", kind, number);
}

/* Bytes of the placeholder at the head of the text; 0 when there is none. */
static size_t slot_length(str text)
{
    if (text.length < 4 || text.data[0] != '<' || text.data[3] != '>')
        return 0;
    int most = slots_of(text.data[1]);
    return text.data[2] >= '1' && text.data[2] <= '0' + most ? 4 : 0;
}

/* Bytes of the punctuation mark at the head of the text; 0 when there is none. */
static size_t mark_length(str text)
{
    static const str wide = {"，。、；：！？“”（）《》％", 3 * 14};
    if (strchr(".,;:!?'\"()-%/", text.data[0]) != NULL && text.data[0] != 0)
        return 1;
    for (size_t i = 0; i < wide.length && text.length >= 3; i += 3)
        if (memcmp(text.data, wide.data + i, 3) == 0)
            return 3;
    return 0;
}

void modeltext_add_slotted(buf *out, str text, bool punctuation)
{
    size_t from = 0;
    for (size_t i = 0; i < text.length;) {
        str rest = str_slice(text, i, text.length);
        size_t kept = slot_length(rest);
        if (kept == 0 && punctuation)
            kept = mark_length(rest);
        if (kept == 0) {
            i++;
            continue;
        }
        modeltext_add_text(out, str_slice(text, from, i));
        buf_add(out, str_slice(rest, 0, kept));
        i += kept;
        from = i;
    }
    modeltext_add_text(out, str_slice(text, from, text.length));
}

void modeltext_add_question(buf *out, str history, str question, const modeltext_mention *mentions,
                            size_t count)
{
    if (!str_empty(history)) {
        buf_add_cstr(out, "<H>");
        buf_add(out, history);
    }
    for (size_t i = 0; i < count; i++) {
        if (str_empty(mentions[i].type))
            continue;
        modeltext_add_slot(out, mentions[i].kind, mentions[i].number);
        modeltext_add_label(out, mentions[i].type);
    }
    buf_add_cstr(out, "<Q>");
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        const modeltext_mention *m = &mentions[i];
        if (m->start < at || m->start > question.length || m->length > question.length - m->start)
            continue;
        modeltext_add_text(out, str_slice(question, at, m->start));
        modeltext_add_slot(out, m->kind, m->number);
        at = m->start + m->length;
    }
    modeltext_add_text(out, str_slice(question, at, question.length));
    buf_add_cstr(out, "<A>");
}

void modeltext_add_relation(buf *out, str label, str alias)
{
    modeltext_add_label(out, label);
    if (!str_empty(alias)) {
        buf_add_cstr(out, "<|>");
        modeltext_add_label(out, alias);
    }
}

void modeltext_add_hop(buf *out, bool forward, str label, str alias)
{
    buf_add_cstr(out, forward ? "<+>" : "<->");
    modeltext_add_relation(out, label, alias);
}
