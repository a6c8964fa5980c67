/* Helpers over terms that need no dictionary. See term.h. */
#include "kg/term.h"

#include "core/buf.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Percent-decoding; what is no valid escape stays as it is. */
static str decode(str text, arena *a)
{
    if (text.length == 0 || memchr(text.data, '%', text.length) == NULL)
        return text;
    char *out = arena_alloc(a, text.length + 1);
    if (out == NULL)
        return text;
    size_t n = 0;
    for (size_t i = 0; i < text.length; i++) {
        int high = i + 2 < text.length ? hex_digit(text.data[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(text.data[i + 2]) : -1;
        if (text.data[i] == '%' && low >= 0) {
            out[n++] = (char)(high * 16 + low);
            i += 2;
        } else {
            out[n++] = text.data[i];
        }
    }
    return str_make(out, n);
}

str kg_iri_label(str iri, arena *a)
{
    if (str_starts(iri, STR(KG_IRI_BASE))) {
        size_t colon = str_find(iri, STR(":"), sizeof(KG_IRI_BASE) - 1);
        if (colon != STR_NONE && colon + 1 < iri.length)
            return decode(str_slice(iri, colon + 1, iri.length), a);
    }
    size_t end = iri.length;
    while (end > 0 && strchr("#/:", iri.data[end - 1]) != NULL)
        end--;
    size_t start = end;
    while (start > 0 && strchr("#/:", iri.data[start - 1]) == NULL)
        start--;
    str tail = str_slice(iri, start, end);
    return str_empty(tail) ? iri : decode(tail, a);
}

/* RFC 3987 forbids these in an IRI; '%' is escaped so that decoding gives the text back. */
static bool must_escape(unsigned char c)
{
    return c <= 0x20 || c == 0x7f || strchr("<>\"{}|\\^`%", (int)c) != NULL;
}

static void encode(buf *out, str text, bool escape_colon)
{
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (must_escape(c) || (escape_colon && c == ':'))
            (void)buf_printf(out, "%%%02X", c);
        else
            (void)buf_add_char(out, (char)c);
    }
}

str kg_iri_make(str class_name, str text, arena *a)
{
    buf out = {0};
    (void)buf_add_cstr(&out, KG_IRI_BASE);
    encode(&out, str_empty(class_name) ? STR("e") : class_name, true);
    (void)buf_add_char(&out, ':');
    encode(&out, text, false);
    str result = out.failed ? str_make(NULL, 0) : arena_str(a, buf_str(&out));
    buf_free(&out);
    return result;
}

str kg_common_label(str iri, str lang)
{
    static const struct {
        const char *iri, *zh, *en;
    } known[] = {
        {"http://www.w3.org/1999/02/22-rdf-syntax-ns#type", "类型", "type"},
        {"http://www.w3.org/2000/01/rdf-schema#label", "名称", "label"},
        {"http://www.w3.org/2000/01/rdf-schema#comment", "说明", "comment"},
        {"http://www.w3.org/2000/01/rdf-schema#subClassOf", "上位", "subclass of"},
        {"http://www.w3.org/2004/02/skos/core#prefLabel", "名称", "preferred label"},
        {"http://www.w3.org/2004/02/skos/core#altLabel", "别名", "alias"},
    };
    bool chinese = str_equal(lang, STR("zh"));
    if (!chinese && !str_equal(lang, STR("en")))
        return STR("");
    for (size_t i = 0; i < CORE_COUNT(known); i++)
        if (str_equal(iri, str_from(known[i].iri)))
            return str_from(chinese ? known[i].zh : known[i].en);
    return STR("");
}
