/* See gate.h. Each sentence is verified with citations of its own, so that what verification finds
 * beside the evidence is known and not cited. */
#include "fusion/gate.h"

#include "core/utf8.h"

enum { MARKS = 64 };

typedef struct marks {
    int n[MARKS];
    size_t count;
} marks;

/* [3], [1, 2], [1-4] */
static void read_marks(str text, marks *out)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] != '[')
            continue;
        int64_t number = -1, from = -1;
        for (size_t k = i + 1; k < text.length; k++) {
            char c = text.data[k];
            if (c >= '0' && c <= '9') {
                number = (number < 0 ? 0 : number) * 10 + (c - '0');
                if (number > 100000)
                    break;
                continue;
            }
            for (int64_t n = from >= 0 && number >= from ? from : number;
                 number >= 0 && n <= number && out->count < MARKS && (c != '-' || from >= 0); n++)
                out->n[out->count++] = (int)n;
            if (c == '-')
                from = number;
            else if (c == ',' || c == ' ')
                from = -1;
            else
                break;
            number = -1;
        }
    }
}

/* The evidence's number of a statement; 0 when it is not evidence. */
static int number_of(const cite_list *evidence, kg_statement_id id)
{
    for (size_t n = 1; n <= cite_count(evidence); n++)
        if (cite_statement(evidence, (int)n)->id == id)
            return (int)n;
    return 0;
}

static bool ends_sentence(str text, size_t i, uint32_t c)
{
    if (c == 0x3002 || c == 0xff01 || c == 0xff1f || c == '\n' || c == '!' || c == '?')
        return true;
    return c == '.' && (i + 1 == text.length || text.data[i + 1] == ' ' ||
                        text.data[i + 1] == '\n' || text.data[i + 1] == '[');
}

/* The next sentence, with the marks that stand behind its full stop; false at the end. While more
 * text may come (not `last`), a sentence is whole only when something stands behind it. */
static bool next_sentence(str *rest, bool last, str *out)
{
    *rest = str_trim(*rest);
    for (size_t i = 0; i < rest->length;) {
        uint32_t c;
        size_t n = utf8_decode(rest->data + i, rest->length - i, &c);
        bool end = ends_sentence(*rest, i, c);
        i += n;
        if (!end && i < rest->length)
            continue;
        size_t k = i;
        while (k < rest->length && rest->data[k] == ' ')
            k++;
        while (k < rest->length && rest->data[k] == '[') {
            size_t close = str_find(*rest, STR("]"), k);
            if (close == STR_NONE && !last)
                return false;
            if (close == STR_NONE)
                break;
            i = k = close + 1;
        }
        if (i == rest->length && !last)
            return false;
        *out = str_trim(str_slice(*rest, 0, i));
        *rest = str_slice(*rest, i, rest->length);
        return !str_empty(*out);
    }
    return false;
}

static void add_number(int *numbers, size_t *count, int n)
{
    for (size_t i = 0; i < *count; i++)
        if (numbers[i] == n)
            return;
    if (n > 0 && *count < MARKS)
        numbers[(*count)++] = n;
}

/* The text without marks and full stop, as a clause is shown. */
static str bare(str sentence, arena *a)
{
    buf out = {0};
    for (size_t i = 0; i < sentence.length; i++) {
        size_t close = sentence.data[i] == '[' ? str_find(sentence, STR("]"), i) : STR_NONE;
        if (close != STR_NONE) {
            i = close;
            while (out.length > 0 && out.data[out.length - 1] == ' ')
                out.length--;
            continue;
        }
        buf_add_char(&out, sentence.data[i]);
    }
    str text = str_trim(buf_str(&out));
    static const char *stops[] = {"。", ".", "！", "!"};
    for (size_t i = 0; i < CORE_COUNT(stops); i++)
        if (str_ends(text, str_from(stops[i])))
            text = str_slice(text, 0, text.length - strlen(stops[i]));
    str copy = out.failed ? str_make(NULL, 0) : arena_str(a, str_trim(text));
    buf_free(&out);
    return copy;
}

/* One sentence; *passes tells whether it may be shown. */
static status check_sentence(const verify_context *c, str sentence, answer_clause *out,
                             gate_result *result, bool *passes, error *err)
{
    marks written = {0};
    verify_context own = *c;
    verify_clauses clauses = {0};
    int numbers[MARKS];
    size_t count = 0;
    read_marks(sentence, &written);
    own.cites = cite_new(c->a);
    status st = own.cites == NULL ? error_memory(err) : verify_text(&own, sentence, &clauses, err);
    if (st != STATUS_OK)
        return st;
    bool supported = clauses.count > 0;
    answer_verdict worst = VERDICT_SUPPORTED;
    for (size_t i = 0; i < clauses.count; i++) {
        const answer_clause *k = &clauses.items[i];
        size_t had = count;
        bool cited = k->verdict == VERDICT_SUPPORTED && k->citation_count == 0;
        for (size_t n = 0; n < k->citation_count; n++)
            add_number(numbers, &count,
                       number_of(c->cites, cite_statement(own.cites, k->citations[n])->id));
        supported = supported && k->verdict == VERDICT_SUPPORTED && (count > had || cited);
        if (k->verdict != VERDICT_SUPPORTED)
            worst = k->verdict;
    }
    bool right = false;
    for (size_t i = 0; i < written.count; i++) {
        bool supports = false;
        for (size_t n = 0; n < count; n++)
            supports = supports || numbers[n] == written.n[i];
        result->cited++;
        result->cited_right += supports ? 1 : 0;
        right = right || supports;
    }
    for (size_t i = 0; i < written.count; i++) /* a citation of nothing spoils its sentence */
        right = right && written.n[i] >= 1 && (size_t)written.n[i] <= cite_count(c->cites);
    *passes = supported && right && count > 0;
    int *copy = ARENA_ARRAY(c->a, int, count);
    if (copy == NULL)
        return error_memory(err);
    memcpy(copy, numbers, count * sizeof *copy);
    *out = (answer_clause){bare(sentence, c->a), *passes ? VERDICT_SUPPORTED : worst, copy, count};
    return STATUS_OK;
}

static bool names_all(const gate_result *r, const str *values, size_t count, arena *a)
{
    for (size_t v = 0; v < count; v++) {
        bool named = false;
        str value = kg_normalise(values[v], a);
        for (size_t i = 0; i < r->passed_count && !named; i++)
            named = str_find(kg_normalise(r->passed[i].text, a), value, 0) != STR_NONE;
        if (!named)
            return false;
    }
    return true;
}

static bool said_before(const gate_result *r, str text)
{
    for (size_t i = 0; i < r->passed_count; i++)
        if (str_equal(r->passed[i].text, text))
            return true;
    return false;
}

static status take_sentence(gate_reader *g, str sentence, error *err)
{
    gate_result *r = &g->result;
    answer_clause clause = {0};
    bool passes = false;
    status st = check_sentence(g->context, sentence, &clause, r, &passes, err);
    if (st != STATUS_OK || (passes && said_before(r, clause.text)))
        return st;
    r->sentences++;
    if (!passes) {
        if (str_empty(r->broken)) {
            r->broken = arena_str(g->context->a, sentence);
            r->broken_verdict = clause.verdict;
        }
        return STATUS_OK;
    }
    r->passed[r->passed_count++] = clause;
    if (g->on_passed != NULL)
        g->on_passed(g->user, &r->passed[r->passed_count - 1]);
    return STATUS_OK;
}

status gate_open(gate_reader *g, error *err)
{
    g->result = (gate_result){.passed = ARENA_ARRAY(g->context->a, answer_clause, GATE_SENTENCES)};
    g->text.length = g->at = 0;
    return g->result.passed == NULL ? error_memory(err) : STATUS_OK;
}

status gate_feed(gate_reader *g, str more, bool last, error *err)
{
    buf_add(&g->text, more);
    if (g->text.failed)
        return error_memory(err);
    str all = buf_str(&g->text), rest = str_slice(all, g->at, all.length), sentence;
    gate_result *r = &g->result;
    while (r->sentences < GATE_SENTENCES && next_sentence(&rest, last, &sentence)) {
        g->at = (size_t)(sentence.data + sentence.length - all.data);
        status st = take_sentence(g, sentence, err);
        if (st != STATUS_OK)
            return st;
    }
    if (!last)
        return STATUS_OK;
    if (!str_empty(str_trim(rest)) && str_empty(r->broken))
        r->broken = arena_str(g->context->a, str_trim(rest));
    r->complete = gate_complete(g);
    return STATUS_OK;
}

bool gate_complete(const gate_reader *g)
{
    return g->result.passed_count > 0 &&
           names_all(&g->result, g->values, g->value_count, g->context->a);
}

void gate_close(gate_reader *g)
{
    buf_free(&g->text);
}

status gate_check(const verify_context *context, str text, const str *values, size_t value_count,
                  gate_result *out, error *err)
{
    gate_reader g = {.context = context, .values = values, .value_count = value_count};
    status st = gate_open(&g, err);
    if (st == STATUS_OK)
        st = gate_feed(&g, text, true, err);
    if (st == STATUS_OK)
        *out = g.result;
    gate_close(&g);
    return st;
}
