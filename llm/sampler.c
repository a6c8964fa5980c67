/* See sampler.h. Cuts work on a list of candidates that is kept as short as possible: top-k by a
 * bounded heap, and before top-p and min-p what cannot matter to them is left out unsorted. */
#include "llm/sampler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "llm/constraint.h"

typedef struct candidate {
    float logit;
    int32_t token;
    double weight; /* exp((logit - best) / temperature) */
} candidate;

struct llm_sampler {
    llm_sampling sampling;
    size_t vocabulary;
    float *logits;         /* a copy, when penalties move them */
    candidate *candidates; /* [vocabulary] */
    uint64_t random[4];    /* xoshiro256** (Blackman and Vigna, 2018) */
};

llm_sampling llm_sampling_default(void)
{
    return (llm_sampling){.temperature = 0, .top_p = 1, .repeat_penalty = 1, .repeat_window = 64};
}

status llm_sampling_check(const llm_sampling *s, error *err)
{
    const char *wrong = NULL;
    if (!(s->temperature >= 0 && s->temperature <= 100))
        wrong = "temperature must be between 0 and 100";
    else if (!(s->top_p > 0 && s->top_p <= 1))
        wrong = "top_p must be above 0 and at most 1";
    else if (!(s->min_p >= 0 && s->min_p <= 1))
        wrong = "min_p must be between 0 and 1";
    else if (!(s->repeat_penalty > 0 && s->repeat_penalty <= 10))
        wrong = "repeat_penalty must be above 0 and at most 10";
    return wrong == NULL ? STATUS_OK : error_set(err, STATUS_USAGE, "%s", wrong);
}

static uint64_t rotate(uint64_t x, int k)
{
    return x << k | x >> (64 - k);
}

static uint64_t next_random(uint64_t s[4])
{
    uint64_t result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

/* splitmix64 spreads the seed over the state. */
static void seed_random(uint64_t s[4], uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        uint64_t z = seed += 0x9e3779b97f4a7c15u;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
        z = (z ^ z >> 27) * 0x94d049bb133111ebu;
        s[i] = z ^ z >> 31;
    }
}

status llm_sampler_new(const llm_sampling *sampling, size_t vocabulary, llm_sampler **out,
                       error *err)
{
    status code = llm_sampling_check(sampling, err);
    if (code != STATUS_OK)
        return code;
    if (vocabulary == 0 || vocabulary > INT32_MAX)
        return error_set(err, STATUS_USAGE, "a vocabulary of %zu tokens", vocabulary);
    llm_sampler *s = calloc(1, sizeof *s);
    if (s == NULL)
        return error_memory(err);
    s->sampling = *sampling;
    s->vocabulary = vocabulary;
    s->logits = malloc(vocabulary * sizeof *s->logits);
    s->candidates = malloc(vocabulary * sizeof *s->candidates);
    seed_random(s->random, sampling->seed);
    if (s->logits == NULL || s->candidates == NULL) {
        llm_sampler_free(s);
        return error_memory(err);
    }
    *out = s;
    return STATUS_OK;
}

void llm_sampler_free(llm_sampler *s)
{
    if (s == NULL)
        return;
    free(s->logits);
    free(s->candidates);
    free(s);
}

/* A positive logit is divided by the penalty, a negative one multiplied (Keskar et al., CTRL,
 * 2019); each token once. */
static const float *penalised(llm_sampler *s, const float *logits, const int32_t *recent,
                              size_t count)
{
    float penalty = s->sampling.repeat_penalty;
    size_t window = s->sampling.repeat_window;
    if (penalty == 1 || count == 0 || window == 0)
        return logits;
    memcpy(s->logits, logits, s->vocabulary * sizeof *logits);
    for (size_t i = count > window ? count - window : 0; i < count; i++)
        if (recent[i] >= 0 && (size_t)recent[i] < s->vocabulary) {
            float l = logits[recent[i]]; /* from the original: once per token */
            s->logits[recent[i]] = l > 0 ? l / penalty : l * penalty;
        }
    return s->logits;
}

static bool better(candidate a, candidate b)
{
    return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
}

static int compare(const void *a, const void *b)
{
    return better(*(const candidate *)a, *(const candidate *)b) ? -1 : 1;
}

/* Keeps the k best in heap[0..count), the worst of them on top. */
static void keep_best(candidate *heap, size_t *count, size_t k, candidate c)
{
    size_t at;
    if (*count < k) {
        for (at = (*count)++; at > 0 && better(heap[(at - 1) / 2], c); at = (at - 1) / 2)
            heap[at] = heap[(at - 1) / 2];
        heap[at] = c;
        return;
    }
    if (!better(c, heap[0]))
        return;
    for (at = 0;;) {
        size_t child = 2 * at + 1;
        if (child >= k)
            break;
        if (child + 1 < k && better(heap[child], heap[child + 1]))
            child++;
        if (better(heap[child], c))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = c;
}

/* The allowed tokens with a number, the k best of them (0 = all), unsorted; *best gets the best. */
static size_t collect(const llm_sampler *s, const float *logits, const uint64_t *allowed, size_t k,
                      candidate *best, bool *any_allowed)
{
    size_t n = 0;
    *best = (candidate){-INFINITY, INT32_MAX, 0};
    *any_allowed = false;
    for (size_t i = 0; i < s->vocabulary; i++) {
        if (allowed != NULL && allowed[i / 64] == 0) {
            i |= 63; /* a whole word is masked */
            continue;
        }
        if (allowed != NULL && !llm_mask_has(allowed, (int32_t)i))
            continue;
        *any_allowed = true;
        candidate c = {logits[i], (int32_t)i, 0};
        if (!(c.logit > -INFINITY)) /* also not a number */
            continue;
        if (better(c, *best))
            *best = c;
        if (k > 0)
            keep_best(s->candidates, &n, k, c);
        else
            s->candidates[n++] = c;
    }
    return n;
}

/* Weighs the candidates and drops those that neither top-p nor min-p can keep. */
static size_t weigh(const llm_sampler *s, size_t n, float best)
{
    double total = 0, temperature = s->sampling.temperature;
    for (size_t i = 0; i < n; i++) {
        candidate *c = &s->candidates[i];
        double difference = best == INFINITY ? (c->logit == INFINITY ? 0 : -INFINITY)
                                             : (double)c->logit - (double)best;
        c->weight = exp(difference / temperature);
        total += c->weight;
    }
    /* All tokens below (1 - p)/n of the total sum up to less than 1 - p. */
    double least = s->sampling.min_p;
    double nucleus = (1 - (double)s->sampling.top_p) * total / (double)n;
    least = nucleus > least ? nucleus : least;
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (s->candidates[i].weight >= least && s->candidates[i].weight > 0)
            s->candidates[kept++] = s->candidates[i];
    return kept;
}

/* Top-p over the sorted candidates: the fewest whose weights reach p of the total `before` cut. */
static size_t cut_nucleus(const llm_sampler *s, size_t n, double total)
{
    double sum = 0, wanted = (double)s->sampling.top_p * total;
    for (size_t i = 0; i < n; i++) {
        sum += s->candidates[i].weight;
        if (sum >= wanted)
            return i + 1;
    }
    return n;
}

static int32_t draw(llm_sampler *s, size_t n)
{
    double total = 0, sum = 0;
    for (size_t i = 0; i < n; i++)
        total += s->candidates[i].weight;
    double at = (double)(next_random(s->random) >> 11) * 0x1p-53 * total;
    for (size_t i = 0; i < n; i++) {
        sum += s->candidates[i].weight;
        if (at < sum)
            return s->candidates[i].token;
    }
    return s->candidates[n - 1].token;
}

static double total_weight(const llm_sampler *s, size_t n, float best)
{
    double total = 0;
    for (size_t i = 0; i < n; i++)
        if (best != INFINITY)
            total += exp(((double)s->candidates[i].logit - (double)best) /
                         (double)s->sampling.temperature);
        else
            total += s->candidates[i].logit == INFINITY;
    return total;
}

status llm_sampler_choose(llm_sampler *s, const float *logits, const uint64_t *allowed,
                          const int32_t *recent, size_t recent_count, int32_t *token, error *err)
{
    const float *l = penalised(s, logits, recent, recent_count);
    bool greedy = s->sampling.temperature == 0 || s->sampling.top_k == 1;
    size_t k = greedy ? 1 : s->sampling.top_k < s->vocabulary ? s->sampling.top_k : 0;
    candidate best;
    bool any_allowed;
    size_t n = collect(s, l, allowed, k, &best, &any_allowed);
    if (!any_allowed)
        return error_set(err, STATUS_NOT_FOUND, "the constraint leaves no token");
    if (n == 0)
        return error_set(err, STATUS_INVALID,
                         "the model's logits are not numbers for any allowed token");
    if (greedy) {
        *token = best.token;
        return STATUS_OK;
    }
    double total = s->sampling.top_p < 1 ? total_weight(s, n, best.logit) : 0;
    n = weigh(s, n, best.logit);
    if (s->sampling.top_p < 1) {
        qsort(s->candidates, n, sizeof *s->candidates, compare);
        n = cut_nucleus(s, n, total);
    }
    *token = draw(s, n);
    return STATUS_OK;
}

double llm_log_sum_exp(const float *logits, size_t vocabulary)
{
    float best = -INFINITY;
    for (size_t i = 0; i < vocabulary; i++)
        best = logits[i] > best ? logits[i] : best;
    if (best == -INFINITY || best == INFINITY)
        return (double)best;
    double sum = 0;
    for (size_t i = 0; i < vocabulary; i++)
        if (logits[i] > -INFINITY)
            sum += exp((double)logits[i] - (double)best);
    return (double)best + log(sum);
}

size_t llm_top_logprobs(const float *logits, size_t vocabulary, llm_logprob *out, size_t count)
{
    double norm = llm_log_sum_exp(logits, vocabulary);
    size_t n = 0;
    for (size_t i = 0; i < vocabulary; i++) {
        float value = (float)((double)logits[i] - norm);
        if (!(value > -INFINITY) || (n == count && (n == 0 || out[n - 1].logprob >= value)))
            continue;
        size_t at = n < count ? n++ : n - 1;
        for (; at > 0 && out[at - 1].logprob < value; at--)
            out[at] = out[at - 1];
        out[at] = (llm_logprob){(int32_t)i, value};
    }
    return n;
}
