/* See reword.h. The texts are those of docs/MODEL_FORMAT.md, 'Wording'. */
#include "fusion/reword.h"

#include "core/utf8.h"
#include "llm/modeltext.h"

static const char *const slots[] = {"<E1>", "<X1>"};

/* "<W><en> the synonym of<E1> is<X1>.<A>" */
static void write_prompt(const reword_request *q, buf *out)
{
    buf text = {0};
    bool zh = str_equal(q->lang, STR("zh"));
    if (zh)
        buf_printf(&text, "<E1>的%.*s是<X1>。", STR_ARG(q->relation));
    else
        buf_printf(&text, "the %.*s of <E1> is <X1> .", STR_ARG(q->relation));
    buf_add_cstr(out, zh ? "<W><zh>" : "<W><en>");
    modeltext_add_slotted(out, buf_str(&text), true);
    buf_add_cstr(out, "<A>");
    buf_free(&text);
}

static void add_name(buf *out, str name, bool zh)
{
    if (!zh && out->length > 0 && out->data[out->length - 1] != ' ')
        buf_add_char(out, ' ');
    buf_add(out, name);
}

static bool joins(char c)
{
    return c == '.' || c == ',' || c == ';' || c == ':' || c == '?' || c == '!' || c == '\'';
}

/* Names for placeholders; spaces and the first letter as a sentence has them. */
static str put_back(const reword_request *q, str said, arena *a)
{
    buf out = {0};
    bool zh = str_equal(q->lang, STR("zh"));
    for (size_t i = 0; i < said.length;) {
        str rest = str_slice(said, i, said.length);
        if (str_starts(rest, str_from(slots[0])) || str_starts(rest, str_from(slots[1]))) {
            add_name(&out, rest.data[1] == 'E' ? q->subject : q->list, zh);
            i += strlen(slots[0]);
            continue;
        }
        while (joins(said.data[i]) && out.length > 0 && out.data[out.length - 1] == ' ')
            out.length--;
        buf_add_char(&out, said.data[i++]);
    }
    str text = str_trim(buf_str(&out));
    static const char *const stops[] = {"。", "."};
    for (size_t i = 0; i < CORE_COUNT(stops); i++)
        if (str_ends(text, str_from(stops[i])))
            text = str_trim(str_slice(text, 0, text.length - strlen(stops[i])));
    str copy = out.failed ? str_make(NULL, 0) : arena_str(a, text);
    buf_free(&out);
    if (copy.length > 0 && copy.data[0] >= 'a' && copy.data[0] <= 'z')
        ((char *)(uintptr_t)copy.data)[0] = (char)(copy.data[0] - 'a' + 'A');
    return copy;
}

static status check(const reword_request *q, str said, reword_result *out, error *err)
{
    buf text = {0};
    gate_result gate = {0};
    buf_printf(&text, "%.*s ", STR_ARG(said));
    cite_print(q->clause->citations, q->clause->citation_count, &text);
    buf_add_cstr(&text, str_equal(q->lang, STR("zh")) ? "。" : ".");
    status st = text.failed
                    ? error_memory(err)
                    : gate_check(q->verify, buf_str(&text), q->values, q->value_count, &gate, err);
    buf_free(&text);
    if (st != STATUS_OK)
        return st;
    out->kept = gate.complete && gate.passed_count == 1 && str_empty(gate.broken);
    if (out->kept)
        out->clause = gate.passed[0];
    return STATUS_OK;
}

status reword_make(const reword_request *q, reword_result *out, error *err)
{
    buf prompt = {0}, said = {0};
    *out = (reword_result){0};
    write_prompt(q, &prompt);
    bool whole =
        !prompt.failed && brain_reword(q->brain, buf_str(&prompt), slots, CORE_COUNT(slots), &said);
    if (whole)
        out->said = put_back(q, buf_str(&said), q->verify->a);
    buf_free(&prompt);
    buf_free(&said);
    return str_empty(out->said) ? STATUS_OK : check(q, out->said, out, err);
}
