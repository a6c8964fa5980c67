/* One micro-batch per few episodes; verdicts come back in the order of the candidates. */
#include "llm/train/evaluate.h"

#include <stdlib.h>
#include <string.h>

#include "core/utf8.h"

enum { UNITS = 192, MAX_TOKENS = 1536 };

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

typedef struct judged {
    double best_model, best_lexical;
    bool answerable;
} judged;

static double auroc(const judged *j, size_t n, bool model)
{
    double wins = 0, pairs = 0;
    for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b < n; b++) {
            if (!j[a].answerable || j[b].answerable)
                continue;
            double x = model ? j[a].best_model : j[a].best_lexical;
            double y = model ? j[b].best_model : j[b].best_lexical;
            pairs += 1;
            wins += x > y ? 1 : x < y ? 0 : 0.5;
        }
    return pairs == 0 ? 0 : wins / pairs;
}

static void count_cell(evaluate_cell *cell, bool model, bool lexical, bool both)
{
    cell->n += 1;
    cell->model += model;
    cell->lexical += lexical;
    cell->both += both;
}

static judged judge(const episode *e, const float *verdicts, evaluate_report *out)
{
    str text = buf_str(&e->text);
    str question = str_slice(text, 0, e->prefix_text_length);
    size_t at = str_find(question, STR("<Q>"), 0);
    question = str_slice(question, at == STR_NONE ? 0 : at, question.length);
    size_t best[3] = {0};
    double most[3] = {-1e30, -1e30, -1e30};
    for (size_t i = 0; i < e->candidates; i++) {
        const episode_candidate *c = &e->candidate[i];
        double overlap = evaluate_overlap(
            question, str_slice(text, c->text_start, c->text_start + c->text_length));
        double score[3] = {(double)verdicts[i], overlap, (double)verdicts[i] + 4.0 * overlap};
        for (int k = 0; k < 3; k++)
            if (score[k] > most[k]) {
                most[k] = score[k];
                best[k] = i;
            }
    }
    if (e->answerable) {
        bool hit[3];
        for (int k = 0; k < 3; k++)
            hit[k] = e->candidate[best[k]].gold;
        count_cell(&out->all, hit[0], hit[1], hit[2]);
        count_cell(&out->kind[e->kind], hit[0], hit[1], hit[2]);
        count_cell(&out->language[e->language], hit[0], hit[1], hit[2]);
    } else {
        out->unanswerable += 1;
    }
    return (judged){most[0], most[1], e->answerable};
}

static status run(const net *n, const episode_source *source, uint64_t from, size_t count, pass *p,
                  batch *b, judged *verdict_of, size_t *judged_count, evaluate_report *out,
                  error *err)
{
    float verdicts[EPISODE_CANDIDATES];
    batch_weights weights = {.group = 1};
    episode e = {0};
    status st = STATUS_OK;
    for (size_t i = 0; i < count && st == STATUS_OK; i++) {
        pass_loss loss = {0};
        st = episode_make(source, from + i, &e, err);
        if (st != STATUS_OK || e.candidates == 0)
            continue;
        batch_clear(b);
        if (!batch_add(b, &e, &weights))
            continue;
        st = pass_run(p, n, batch_view(b), verdicts, &loss, NULL, err);
        if (st == STATUS_OK)
            verdict_of[(*judged_count)++] = judge(&e, verdicts, out);
    }
    episode_free(&e);
    return st;
}

status evaluate_ranking(const net *n, const episode_source *source, uint64_t from, size_t count,
                        evaluate_report *out, error *err)
{
    pass *p = NULL;
    batch *b = NULL;
    evaluate_report report = {0};
    judged *all = calloc(count + 1, sizeof *all);
    size_t judged_count = 0;
    status st = all == NULL ? error_memory(err) : pass_new(n, MAX_TOKENS, 256, &p, err);
    if (st == STATUS_OK)
        st = batch_new(MAX_TOKENS, 256, source->vocab, &b, err);
    if (st == STATUS_OK)
        st = run(n, source, from, count, p, b, all, &judged_count, &report, err);
    if (st == STATUS_OK) {
        report.auroc_model = auroc(all, judged_count, true);
        report.auroc_lexical = auroc(all, judged_count, false);
        *out = report;
    }
    free(all);
    batch_free(b);
    pass_free(p);
    return st;
}
