/* One micro-batch per few episodes; verdicts come back in the order of the candidates. */
#define _GNU_SOURCE /* qsort_r */
#include "llm/train/evaluate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/utf8.h"

enum { UNITS = 192, MAX_TOKENS = 2048, MAX_TARGETS = 1900 };

typedef struct unit {
    uint64_t hash;
    double weight;
} unit;

static bool is_stop_word(str w)
{
    static const char *const words[] = {
        "the", "of",   "is",   "a",     "an",   "what", "which", "who", "in", "to",   "and", "s",
        "are", "was",  "does", "did",   "have", "has",  "its",   "for", "me", "tell", "by",  "on",
        "do",  "with", "that", "whose", "how",  "many", "as",    "at",  "my", "you",  "can"};
    for (size_t i = 0; i < CORE_COUNT(words); i++)
        if (str_equal(w, str_from(words[i])))
            return true;
    return false;
}

/* Content units of canonical text: stems of words, single Han characters; placeholders skipped. */
static size_t read_units(str text, unit *out)
{
    size_t n = 0;
    for (size_t i = 0; i < text.length && n < UNITS;) {
        uint32_t c;
        size_t bytes = utf8_decode(text.data + i, text.length - i, &c);
        if (text.data[i] == '<') {
            size_t end = str_find(text, STR(">"), i);
            i = end == STR_NONE ? text.length : end + 1;
            continue;
        }
        if (utf8_is_han(c)) {
            str one = str_slice(text, i, i + bytes);
            bool stop =
                str_find(STR("的是了吗呢有哪些什么谁请问我在个和与为其"), one, 0) != STR_NONE;
            if (!stop)
                out[n++] = (unit){str_hash(one, 1), 1.0};
            i += bytes;
            continue;
        }
        size_t end = i;
        while (end < text.length && text.data[end] != ' ' && text.data[end] != '<' &&
               (unsigned char)text.data[end] < 0x80)
            end++;
        str word = str_slice(text, i, end);
        if (!str_empty(word) && !is_stop_word(word))
            out[n++] = (unit){str_hash(str_slice(word, 0, 5), 1), 2.0};
        i = end == i ? i + (bytes == 0 ? 1 : bytes) : end;
    }
    return n;
}

/* The weight of the units of `a` (each counted once) and, of it, what `b` holds too. */
static void cover(const unit *a, size_t na, const unit *b, size_t nb, double *all, double *hit)
{
    *all = *hit = 0;
    for (size_t i = 0; i < na; i++) {
        bool seen = false, found = false;
        for (size_t j = 0; j < i && !seen; j++)
            seen = a[j].hash == a[i].hash;
        for (size_t j = 0; j < nb && !found && !seen; j++)
            found = b[j].hash == a[i].hash;
        *all += seen ? 0 : a[i].weight;
        *hit += found ? a[i].weight : 0;
    }
}

double evaluate_overlap(str question, str candidate)
{
    unit q[UNITS], z[UNITS];
    size_t nq = read_units(question, q), nz = read_units(candidate, z);
    double all_q, hit_q, all_z, hit_z;
    cover(q, nq, z, nz, &all_q, &hit_q);
    cover(z, nz, q, nq, &all_z, &hit_z);
    double f = all_q + all_z <= 0 ? 0 : (hit_q + hit_z) / (all_q + all_z);
    return f - 0.0005 * (double)candidate.length;
}

/* The ways to score a candidate, in the order of evaluate_cell. */
enum { BY_FIT, BY_GEN, BY_LEXICAL, BY_ALL, WAYS };

typedef struct judged {
    double best[WAYS], second[WAYS];
    bool answerable, right[WAYS];
    int language;
} judged;

static double auroc(const judged *j, size_t n, int way)
{
    double wins = 0, pairs = 0;
    for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b < n; b++) {
            if (!j[a].answerable || j[b].answerable)
                continue;
            pairs += 1;
            wins += j[a].best[way] > j[b].best[way] ? 1 : j[a].best[way] < j[b].best[way] ? 0 : 0.5;
        }
    return pairs == 0 ? 0 : wins / pairs;
}

/* Orders by how far the best form of `way` leads, the surest first. */
static int surer(const void *a, const void *b, void *context)
{
    const judged *x = a, *y = b;
    int way = *(int *)context;
    double dx = x->best[way] - x->second[way], dy = y->best[way] - y->second[way];
    return (dx < dy) - (dx > dy);
}

/* Of the answerable questions of a language (-1: all), the share that is right among the surest. */
static double selective(judged *j, size_t n, int way, int language, double coverage)
{
    size_t kept = 0, right = 0;
    qsort_r(j, n, sizeof *j, surer, &way);
    for (size_t i = 0; i < n; i++)
        kept += j[i].answerable && (language < 0 || j[i].language == language);
    size_t most = (size_t)((double)kept * coverage + 0.5), seen = 0;
    for (size_t i = 0; i < n && seen < most; i++)
        if (j[i].answerable && (language < 0 || j[i].language == language)) {
            seen++;
            right += j[i].right[way];
        }
    return seen == 0 ? 0 : (double)right / (double)seen;
}

static void count_cell(evaluate_cell *cell, const bool hit[WAYS])
{
    cell->n += 1;
    cell->fit += hit[BY_FIT];
    cell->gen += hit[BY_GEN];
    cell->lexical += hit[BY_LEXICAL];
    cell->all += hit[BY_ALL];
}

/* What the form does, but for its relations: its reserved tokens other than slots and hops. */
static uint64_t operators_of(str form)
{
    static const char *const kept[] = {"type", "flt", "max", "min",   "cmp",   "eq",  "ne",
                                       "lt",   "le",  "gt",  "ge",    "in",    "and", "or",
                                       "at",   "ask", "*",   "minus", "count", "desc"};
    uint64_t seen = 0;
    for (size_t at = str_find(form, STR("<"), 0); at != STR_NONE;
         at = str_find(form, STR("<"), at + 1)) {
        size_t end = str_find(form, STR(">"), at);
        if (end == STR_NONE)
            break;
        str name = str_slice(form, at + 1, end);
        for (size_t i = 0; i < CORE_COUNT(kept); i++)
            if (str_equal(name, str_from(kept[i])))
                seen |= (uint64_t)1 << i;
    }
    return seen;
}

/* Has each way's best form the operators of the right one? */
static void compare_operators(const episode *e, const size_t best[WAYS], bool same[WAYS])
{
    uint64_t wanted = 0, operators[EPISODE_CANDIDATES] = {0};
    for (size_t i = 0; i < e->candidates; i++) {
        const episode_candidate *c = &e->candidate[i];
        operators[i] = operators_of(
            str_slice(buf_str(&e->text), c->text_start, c->text_start + c->text_length));
        wanted = c->gold ? operators[i] : wanted;
    }
    for (int way = 0; way < WAYS; way++)
        same[way] = operators[best[way]] == wanted;
}

static judged judge(const episode *e, const float *verdicts, const float *losses,
                    evaluate_report *out)
{
    str text = buf_str(&e->text);
    str question = str_slice(text, 0, e->prefix_text_length);
    size_t at = str_find(question, STR("<Q>"), 0), best[WAYS] = {0};
    question = str_slice(question, at == STR_NONE ? 0 : at, question.length);
    judged j = {.answerable = e->answerable, .language = e->language};
    for (int way = 0; way < WAYS; way++)
        j.best[way] = j.second[way] = -1e30;
    for (size_t i = 0; i < e->candidates; i++) {
        const episode_candidate *c = &e->candidate[i];
        double gen = 0;
        for (size_t k = 0; k <= c->length; k++)
            gen -= (double)*losses++;
        gen /= pow((double)c->length + 1, 0.7);
        double overlap = evaluate_overlap(
            question, str_slice(text, c->text_start, c->text_start + c->text_length));
        double fit = (double)verdicts[i];
        double score[WAYS] = {fit, gen, overlap, fit + 6.0 * overlap};
        for (int way = 0; way < WAYS; way++)
            if (score[way] > j.best[way]) {
                j.second[way] = j.best[way];
                j.best[way] = score[way];
                best[way] = i;
            } else if (score[way] > j.second[way]) {
                j.second[way] = score[way];
            }
    }
    if (!e->answerable) {
        out->unanswerable += 1;
        return j;
    }
    for (int way = 0; way < WAYS; way++)
        j.right[way] = e->candidate[best[way]].gold;
    bool same[WAYS];
    compare_operators(e, best, same);
    count_cell(&out->operators, same);
    count_cell(&out->all, j.right);
    count_cell(&out->kind[e->kind], j.right);
    count_cell(&out->language[e->language], j.right);
    return j;
}

static status run(const net *n, evaluate_next next, void *context, size_t count, pass *p, batch *b,
                  judged *judgements, size_t *judged_count, evaluate_report *out, error *err)
{
    float verdicts[EPISODE_CANDIDATES], losses[MAX_TARGETS];
    batch_weights weights = {.group = 1, .form = 1, .wrong = 1};
    episode e = {0};
    status st = STATUS_OK;
    batch_want_losses(b, losses);
    for (size_t i = 0; i < count && st == STATUS_OK; i++) {
        pass_loss loss = {0};
        st = next(context, i, &e, err);
        if (st != STATUS_OK || e.candidates == 0)
            continue;
        batch_clear(b);
        if (!batch_add(b, &e, BATCH_ALL, &weights))
            continue;
        st = pass_run(p, n, batch_view(b), verdicts, &loss, NULL, err);
        if (st == STATUS_OK)
            judgements[(*judged_count)++] = judge(&e, verdicts, losses, out);
    }
    episode_free(&e);
    return st == STATUS_NOT_FOUND && !error_is_set(err) ? STATUS_OK : st;
}

status evaluate_ranking(const net *n, const vocab *v, evaluate_next next, void *context,
                        size_t count, evaluate_report *out, error *err)
{
    pass *p = NULL;
    batch *b = NULL;
    evaluate_report report = {0};
    judged *all = calloc(count + 1, sizeof *all);
    size_t judged_count = 0;
    status st = all == NULL ? error_memory(err) : pass_new(n, MAX_TOKENS, MAX_TARGETS, &p, err);
    if (st == STATUS_OK)
        st = batch_new(MAX_TOKENS, MAX_TARGETS, v, &b, err);
    if (st == STATUS_OK)
        st = run(n, next, context, count, p, b, all, &judged_count, &report, err);
    if (st == STATUS_OK) {
        report.auroc_fit = auroc(all, judged_count, BY_FIT);
        report.auroc_gen = auroc(all, judged_count, BY_GEN);
        report.auroc_lexical = auroc(all, judged_count, BY_LEXICAL);
        report.auroc_all = auroc(all, judged_count, BY_ALL);
        for (int l = 0; l < CONCEPT_LANGUAGES; l++)
            report.surest[l] = selective(all, judged_count, BY_ALL, l, 0.8);
        *out = report;
    }
    free(all);
    batch_free(b);
    pass_free(p);
    return st;
}

status evaluate_from_source(void *context, uint64_t i, episode *out, error *err)
{
    return episode_make(context, i, out, err);
}

/* --- questions from a file ---------------------------------------------------------------------
 */

static bool read_line(evaluate_file *s, str *line)
{
    if (!s->ahead) {
        ssize_t length = getline(&s->line, &s->room, s->f);
        if (length < 0)
            return false;
        while (length > 0 && (s->line[length - 1] == '\n' || s->line[length - 1] == '\r'))
            length--;
        s->line[length] = 0;
    }
    s->ahead = false;
    *line = str_from(s->line);
    return true;
}

static bool begin_question(const vocab *v, str line, episode *e)
{
    str kind;
    str text = line;
    if (!str_split(&text, '\t', &kind))
        return false;
    e->kind = EPISODE_HOP1;
    for (int k = 0; k < EPISODE_KINDS; k++)
        if (str_equal(kind, str_from(episode_kind_name((episode_kind)k))))
            e->kind = (episode_kind)k;
    e->candidates = e->output_from = 0;
    e->answerable = false;
    buf_clear(&e->text);
    buf_add(&e->text, text);
    e->prefix_text_length = text.length;
    e->language = utf8_has_han(text.data, text.length) ? CONCEPT_ZH : CONCEPT_EN;
    e->prefix[0] = VOCAB_BOS;
    size_t n = vocab_encode(v, text, 0, NULL, e->prefix + 1, EPISODE_PREFIX - 1);
    e->prefix_length = n + 1;
    return n > 0 && n < EPISODE_PREFIX;
}

static void add_form(const vocab *v, str line, episode *e)
{
    str empty, right;
    str text = line;
    if (e->candidates == EPISODE_CANDIDATES || !str_split(&text, '\t', &empty) ||
        !str_split(&text, '\t', &right))
        return;
    episode_candidate *c = &e->candidate[e->candidates];
    *c = (episode_candidate){.start = e->candidates * EPISODE_CANDIDATE_TOKENS,
                             .gold = str_equal(right, STR("right")),
                             .text_start = e->text.length,
                             .text_length = text.length};
    c->length =
        vocab_encode(v, text, 0, NULL, e->candidate_tokens + c->start, EPISODE_CANDIDATE_TOKENS);
    if (c->length == 0 || c->length > EPISODE_CANDIDATE_TOKENS)
        return;
    buf_add(&e->text, text);
    e->answerable = e->answerable || c->gold;
    e->candidates++;
}

status evaluate_from_file(void *context, uint64_t i, episode *out, error *err)
{
    (void)i;
    evaluate_file *s = context;
    str line;
    if (!read_line(s, &line))
        return STATUS_NOT_FOUND;
    bool fits = begin_question(s->vocab, line, out);
    while (read_line(s, &line)) {
        if (str_empty(line) || line.data[0] != '\t') {
            s->ahead = true;
            break;
        }
        if (fits)
            add_form(s->vocab, line, out);
    }
    return out->text.failed ? error_memory(err) : STATUS_OK;
}
