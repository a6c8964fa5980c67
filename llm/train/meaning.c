/* u = sum of embeddings / its length; logits = SHARPNESS * u_i . v_j; cross-entropy along rows and
 * columns. */
#include "llm/train/meaning.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "llm/modeltext.h"

#define SHARPNESS 12.0f

static str draw_phrase(const concept *c, bool name, rng *r)
{
    int lang = (int)rng_below(r, CONCEPT_LANGUAGES);
    const phrases *lists[] = {&c->names[lang], &c->questions[lang], &c->inverse[lang],
                              &c->inverse_np[lang]};
    size_t which = name || rng_chance(r, 0.5) ? 0 : rng_below(r, CORE_COUNT(lists));
    const phrases *p = lists[which]->count > 0 ? lists[which] : lists[0];
    return p->items[rng_below(r, p->count)];
}

/* {s} and {o} are no words. */
static void encode(const vocab *v, str text, rng *r, meaning_phrase *out)
{
    buf plain = {0}, canonical = {0};
    for (size_t i = 0; i < text.length; i++) {
        bool slot = text.data[i] == '{' && i + 2 < text.length && text.data[i + 2] == '}';
        buf_add_char(&plain, slot ? ' ' : text.data[i]);
        i += slot ? 2 : 0;
    }
    modeltext_add_label(&canonical, buf_str(&plain));
    size_t n = vocab_encode(v, buf_str(&canonical), 0.1, r, out->token, MEANING_TOKENS);
    out->length = n < MEANING_TOKENS ? n : MEANING_TOKENS;
    buf_free(&plain);
    buf_free(&canonical);
}

void meaning_draw(const concepts *c, const vocab *v, bool all, uint64_t seed, uint64_t step,
                  meaning_batch *out)
{
    rng r = rng_stream(seed ^ 0x6d65616e696e67u, step);
    for (size_t i = 0; i < MEANING_PAIRS; i++) {
        const concept *k;
        do
            k = concepts_at(c, rng_below(&r, concepts_count(c)));
        while (k->held_out && !all);
        out->cluster[i] = k->cluster;
        encode(v, draw_phrase(k, false, &r), &r, &out->side[0][i]);
        encode(v, draw_phrase(k, true, &r), &r, &out->side[1][i]);
    }
}

typedef struct space {
    float sum[2][MEANING_PAIRS]; /* length of each sum */
    float *unit[2];              /* [pairs, dim] */
    float *slope[2];             /* d loss / d unit */
    float *logit;                /* [pairs, pairs], then its gradient */
} space;

static void embed(const meaning_batch *b, size_t dim, const float *embedding, space *s)
{
    for (int side = 0; side < 2; side++)
        for (size_t i = 0; i < MEANING_PAIRS; i++) {
            const meaning_phrase *p = &b->side[side][i];
            float *u = s->unit[side] + i * dim, square = 1e-6f;
            for (size_t t = 0; t < p->length; t++)
                for (size_t j = 0; j < dim; j++)
                    u[j] += embedding[(size_t)p->token[t] * dim + j];
            for (size_t j = 0; j < dim; j++)
                square += u[j] * u[j];
            s->sum[side][i] = sqrtf(square);
            for (size_t j = 0; j < dim; j++)
                u[j] /= s->sum[side][i];
        }
}

static bool rivals(const meaning_batch *b, size_t i, size_t j)
{
    return i == j || b->cluster[i] != b->cluster[j];
}

/* Adds softmax - onehot of one line (a row or a column) of logits to `slope`. */
static double line_loss(const meaning_batch *b, const float *logit, float *slope, size_t i,
                        size_t step_i, size_t step_j)
{
    double most = -INFINITY, sum = 0;
    for (size_t j = 0; j < MEANING_PAIRS; j++)
        if (rivals(b, i, j))
            most = fmax(most, (double)logit[i * step_i + j * step_j]);
    for (size_t j = 0; j < MEANING_PAIRS; j++)
        if (rivals(b, i, j))
            sum += exp((double)logit[i * step_i + j * step_j] - most);
    for (size_t j = 0; j < MEANING_PAIRS; j++)
        if (rivals(b, i, j)) {
            double p = exp((double)logit[i * step_i + j * step_j] - most) / sum;
            slope[i * step_i + j * step_j] += (float)(p - (i == j ? 1.0 : 0.0));
        }
    return most + log(sum) - (double)logit[i * step_i + i * step_j];
}

static double compare(const meaning_batch *b, size_t dim, space *s, float *slope)
{
    double loss = 0;
    for (size_t i = 0; i < MEANING_PAIRS; i++)
        for (size_t j = 0; j < MEANING_PAIRS; j++) {
            const float *u = s->unit[0] + i * dim, *v = s->unit[1] + j * dim;
            float dot = 0;
            for (size_t k = 0; k < dim; k++)
                dot += u[k] * v[k];
            s->logit[i * MEANING_PAIRS + j] = SHARPNESS * dot;
        }
    for (size_t i = 0; i < MEANING_PAIRS; i++)
        loss += line_loss(b, s->logit, slope, i, MEANING_PAIRS, 1) +
                line_loss(b, s->logit, slope, i, 1, MEANING_PAIRS);
    return loss / (2 * MEANING_PAIRS);
}

static void pull(const meaning_batch *b, size_t dim, space *s, const float *slope, float weight,
                 float *gradient)
{
    float scale = weight * SHARPNESS / (2 * MEANING_PAIRS);
    for (size_t i = 0; i < MEANING_PAIRS; i++)
        for (size_t j = 0; j < MEANING_PAIRS; j++) {
            float g = scale * slope[i * MEANING_PAIRS + j];
            for (size_t k = 0; k < dim; k++) {
                s->slope[0][i * dim + k] += g * s->unit[1][j * dim + k];
                s->slope[1][j * dim + k] += g * s->unit[0][i * dim + k];
            }
        }
    for (int side = 0; side < 2; side++)
        for (size_t i = 0; i < MEANING_PAIRS; i++) {
            const meaning_phrase *p = &b->side[side][i];
            const float *u = s->unit[side] + i * dim, *du = s->slope[side] + i * dim;
            float along = 0;
            for (size_t k = 0; k < dim; k++)
                along += u[k] * du[k];
            for (size_t t = 0; t < p->length; t++)
                for (size_t k = 0; k < dim; k++)
                    gradient[(size_t)p->token[t] * dim + k] +=
                        (du[k] - along * u[k]) / s->sum[side][i];
        }
}

double meaning_loss(const meaning_batch *b, size_t dim, const float *embedding, float weight,
                    float *gradient)
{
    size_t square = (size_t)MEANING_PAIRS * MEANING_PAIRS, flat = MEANING_PAIRS * dim;
    float *memory = calloc(2 * square + 4 * flat, sizeof *memory);
    if (memory == NULL)
        return -1;
    float *slope = memory + square + 4 * flat;
    space s = {.logit = memory};
    for (size_t side = 0; side < 2; side++) {
        s.unit[side] = memory + square + side * flat;
        s.slope[side] = memory + square + (2 + side) * flat;
    }
    embed(b, dim, embedding, &s);
    double loss = compare(b, dim, &s, slope);
    if (gradient != NULL)
        pull(b, dim, &s, slope, weight, gradient);
    free(memory);
    return loss;
}
