/* See examples.h. Counts lie in one hash table keyed by (word, class); classes are paths and, apart
 * from them, single steps. Smoothing is by the words' frequency in all examples. */
#include "retriever/examples.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/buf.h"
#include "core/compiler.h"

#define MAX_STEPS 3
#define MAX_PATHS 4096
#define PATHS_TOLD_APART 512
#define PRIOR_WORDS 30.0 /* words of the general language that a relation is taken to have */
#define WORST (-10.0)
#define HALF_TRUSTED 5 /* examples of a path by which it is half believed */

typedef struct path_class {
    uint32_t steps[MAX_STEPS];
    uint32_t count; /* steps */
    double examples, words;
} path_class;

typedef struct counter {
    uint64_t key; /* 0 = free */
    float count;
} counter;

struct examples {
    path_class *paths;
    size_t path_count;
    size_t step_count; /* 2 * relations */
    double all_words;
    double *step_examples, *step_words;
    counter *table;
    size_t size, used, total;
    counter *vocabulary;
    size_t vocabulary_size, vocabulary_used;
};

struct example_scores {
    const examples *e;
    const example_words *words;
    double *paths; /* log P(path | words), best 0; NULL with too many paths to tell them apart */
    double *steps; /* log-odds; NAN until asked for */
};

/* --- counting ----------------------------------------------------------------------------------
 */
static counter *slot_of(counter *table, size_t size, uint64_t key)
{
    size_t at = (size_t)(key >> 13) & (size - 1);
    while (table[at].key != 0 && table[at].key != key)
        at = (at + 1) & (size - 1);
    return &table[at];
}

static bool count_in(counter **table, size_t *size, size_t *used, uint64_t key)
{
    if ((*used + 1) * 2 > *size) {
        size_t bigger_size = *size == 0 ? 1024 : *size * 2;
        counter *bigger = calloc(bigger_size, sizeof *bigger);
        if (bigger == NULL)
            return false;
        for (size_t i = 0; i < *size; i++)
            if ((*table)[i].key != 0)
                *slot_of(bigger, bigger_size, (*table)[i].key) = (*table)[i];
        free(*table);
        *table = bigger;
        *size = bigger_size;
    }
    counter *c = slot_of(*table, *size, key);
    if (c->key == 0) {
        c->key = key;
        (*used)++;
    }
    c->count += 1;
    return true;
}

static uint64_t path_key(uint64_t word, size_t path)
{
    return text_chain(text_chain(0xBA5E, word), path + 1) | 1;
}

static uint64_t step_key(uint64_t word, uint32_t step)
{
    return text_chain(text_chain(0x57E9, word), step + 1) | 1;
}

static double counted(const examples *e, uint64_t key)
{
    return e->size == 0 ? 0 : (double)slot_of(e->table, e->size, key)->count;
}

/* --- words of a question -----------------------------------------------------------------------
 */
status examples_words(const text_tokens *tokens, const bool *named, arena *a, example_words *out,
                      error *err)
{
    uint64_t *items = ARENA_ARRAY(a, uint64_t, tokens->count * 3 + 8);
    size_t n = 0;
    if (items == NULL)
        return error_memory(err);
    uint64_t before = 0xB0, before2 = 0xB1;
    bool in_name = false;
    for (size_t i = 0; i <= tokens->count; i++) {
        bool name = i < tokens->count && named[i];
        if (name && in_name)
            continue;
        in_name = name;
        uint64_t own = i == tokens->count ? 0xE0 : name ? 0xE1 : tokens->items[i].stem;
        if (i < tokens->count && !name && tokens->items[i].kind != TEXT_HAN)
            items[n++] = own;
        items[n++] = text_chain(text_chain(7, before), own);
        if (i < tokens->count)
            items[n++] = text_chain(text_chain(text_chain(9, before2), before), own);
        before2 = before;
        before = own;
    }
    *out = (example_words){items, n};
    return STATUS_OK;
}

/* --- reading -----------------------------------------------------------------------------------
 */
static bool same_label(str label, str name)
{
    return str_equal_nocase(label, name);
}

static bool find_step(const retriever_schema *schema, const char *text, uint32_t *out)
{
    bool inverse = text[0] == '-';
    str name = str_from(text + (inverse || text[0] == '+'));
    for (uint32_t i = 0; i < schema->relation_count; i++) {
        const retriever_relation *r = &schema->relations[i];
        if (same_label(r->label, name) || str_equal(r->iri, name) ||
            (r->iri.length > name.length && str_ends(r->iri, name) &&
             strchr(":/#", r->iri.data[r->iri.length - name.length - 1]) != NULL)) {
            *out = i * 2 + inverse;
            return true;
        }
    }
    return false;
}

static size_t class_of(examples *e, const uint32_t *steps, uint32_t count)
{
    for (size_t i = 0; i < e->path_count; i++)
        if (e->paths[i].count == count &&
            memcmp(e->paths[i].steps, steps, count * sizeof *steps) == 0)
            return i;
    if (e->path_count == MAX_PATHS)
        return SIZE_MAX;
    path_class *p = &e->paths[e->path_count];
    *p = (path_class){.count = count};
    memcpy(p->steps, steps, count * sizeof *steps);
    return e->path_count++;
}

static bool learn(examples *e, const example_words *words, const uint32_t *steps, uint32_t count)
{
    size_t path = class_of(e, steps, count);
    if (path == SIZE_MAX)
        return true;
    e->paths[path].examples += 1;
    e->paths[path].words += (double)words->count;
    e->total++;
    e->all_words += (double)words->count;
    for (uint32_t k = 0; k < count; k++) {
        e->step_examples[steps[k]] += 1;
        e->step_words[steps[k]] += (double)words->count;
    }
    for (size_t i = 0; i < words->count; i++) {
        if (!count_in(&e->table, &e->size, &e->used, path_key(words->items[i], path)) ||
            !count_in(&e->vocabulary, &e->vocabulary_size, &e->vocabulary_used,
                      words->items[i] | 1))
            return false;
        for (uint32_t k = 0; k < count; k++)
            if (!count_in(&e->table, &e->size, &e->used, step_key(words->items[i], steps[k])))
                return false;
    }
    return true;
}

/* Which tokens of the question are the entity's name. */
static void mark_entity(str question, const text_tokens *tokens, const char *entity, bool *named)
{
    size_t at = entity == NULL ? STR_NONE : str_find(question, str_from(entity), 0);
    size_t end = at == STR_NONE ? 0 : at + strlen(entity);
    for (size_t i = 0; at != STR_NONE && i < tokens->count; i++)
        named[i] = at <= tokens->items[i].start && tokens->items[i].end <= end;
}

static status read_example(examples *e, const json_t *j, const retriever_schema *schema, arena *a,
                           error *err)
{
    uint32_t steps[MAX_STEPS], count = 0;
    const json_t *path = json_object_get(j, "gold_path");
    const char *relation = json_string_value(json_object_get(j, "relation"));
    const char *text = json_string_value(json_object_get(j, "question"));
    const char *entity = json_string_value(json_object_get(j, "entity"));
    text_tokens tokens = {0};
    example_words words = {0};
    if (text == NULL || json_array_size(path) > MAX_STEPS)
        return STATUS_OK;
    if (json_array_size(path) == 0 && relation != NULL && find_step(schema, relation, steps))
        count = 1;
    for (size_t i = 0; i < json_array_size(path); i++) {
        const char *name = json_string_value(json_array_get(path, i));
        if (name == NULL || !find_step(schema, name, &steps[i]))
            return STATUS_OK;
        count++;
    }
    if (count == 0)
        return STATUS_OK;
    status s = text_tokenise(str_from(text), false, a, &tokens, err);
    bool *named = ARENA_ARRAY(a, bool, tokens.count + 1);
    if (s != STATUS_OK || named == NULL)
        return s != STATUS_OK ? s : error_memory(err);
    mark_entity(str_from(text), &tokens, entity, named);
    s = examples_words(&tokens, named, a, &words, err);
    if (s == STATUS_OK && !learn(e, &words, steps, count))
        s = error_memory(err);
    return s;
}

static status read_lines(examples *e, FILE *in, const char *path, const retriever_schema *schema,
                         error *err)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    status s = STATUS_OK;
    arena *a = arena_new(0);
    for (uint64_t n = 1;
         a != NULL && s == STATUS_OK && (length = getline(&line, &capacity, in)) > 0; n++) {
        json_error_t at;
        if (str_empty(str_trim(str_make(line, (size_t)length))))
            continue;
        json_t *j = json_loadb(line, (size_t)length, 0, &at);
        arena_reset(a);
        s = j == NULL
                ? error_set_at(err, STATUS_SYNTAX, path, n, (uint64_t)at.column, "%s", at.text)
                : read_example(e, j, schema, a, err);
        json_decref(j);
    }
    arena_free(a);
    free(line);
    return a == NULL ? error_memory(err) : s;
}

status examples_open(const char *path, const retriever_schema *schema, examples **out, error *err)
{
    FILE *in = fopen(path, "r");
    if (in == NULL)
        return error_set(err, STATUS_NOT_FOUND, "%s: cannot be read", path);
    examples *e = calloc(1, sizeof *e);
    status s = STATUS_OK;
    if (e != NULL) {
        e->step_count = schema->relation_count * 2;
        e->paths = calloc(MAX_PATHS, sizeof *e->paths);
        e->step_examples = calloc(e->step_count + 1, sizeof *e->step_examples);
        e->step_words = calloc(e->step_count + 1, sizeof *e->step_words);
    }
    if (e == NULL || e->paths == NULL || e->step_examples == NULL || e->step_words == NULL)
        s = error_memory(err);
    if (s == STATUS_OK)
        s = read_lines(e, in, path, schema, err);
    fclose(in);
    if (s == STATUS_OK)
        *out = e;
    else
        examples_close(e);
    return s;
}

void examples_close(examples *e)
{
    if (e == NULL)
        return;
    free(e->paths);
    free(e->step_examples);
    free(e->step_words);
    free(e->table);
    free(e->vocabulary);
    free(e);
}

size_t examples_count(const examples *e)
{
    return e == NULL ? 0 : e->total;
}

/* --- scoring -----------------------------------------------------------------------------------
 */
/* Additive smoothing by the words' own frequency among all examples (a Dirichlet prior), so that a
 * relation of two examples is not held to lack the words that everybody uses. */
static double smoothed(double in, double all_in, double share)
{
    return (in + PRIOR_WORDS * share) / (all_in + PRIOR_WORDS);
}

static double share_of(const examples *e, uint64_t word)
{
    return (double)slot_of(e->vocabulary, e->vocabulary_size, word | 1)->count / (e->all_words + 1);
}

static double step_odds(const examples *e, const example_words *words, uint32_t step)
{
    double odds = 0;
    if (e->step_examples[step] == 0)
        return -2;
    for (size_t i = 0; i < words->count; i++) {
        double share = share_of(e, words->items[i]);
        if (share == 0)
            continue;
        odds +=
            log(smoothed(counted(e, step_key(words->items[i], step)), e->step_words[step], share) /
                share);
    }
    return odds;
}

static void score_paths(const examples *e, const example_words *words, double *paths)
{
    double best = -INFINITY;
    for (size_t p = 0; p < e->path_count; p++) {
        double sum = log((e->paths[p].examples + 1) / ((double)e->total + (double)e->path_count));
        for (size_t i = 0; i < words->count; i++)
            if (share_of(e, words->items[i]) > 0)
                sum += log(smoothed(counted(e, path_key(words->items[i], p)), e->paths[p].words,
                                    share_of(e, words->items[i])));
        paths[p] = sum;
        best = fmax(best, sum);
    }
    for (size_t p = 0; p < e->path_count; p++)
        paths[p] = fmax(paths[p] - best, WORST);
}

status examples_score(const examples *e, const example_words *words, arena *a, example_scores **out,
                      error *err)
{
    example_scores *s = ARENA_NEW(a, example_scores);
    double *paths = ARENA_ARRAY(a, double, e->path_count + 1);
    double *steps = ARENA_ARRAY(a, double, e->step_count + 1);
    if (s == NULL || paths == NULL || steps == NULL)
        return error_memory(err);
    example_words *kept = ARENA_NEW(a, example_words);
    if (kept == NULL)
        return error_memory(err);
    *kept = *words;
    for (size_t k = 0; k < e->step_count; k++)
        steps[k] = NAN;
    bool tell = e->path_count <= PATHS_TOLD_APART;
    if (tell)
        score_paths(e, words, paths);
    *s = (example_scores){e, kept, tell ? paths : NULL, steps};
    *out = s;
    return STATUS_OK;
}

double examples_path(const example_scores *s, const uint32_t *steps, size_t count)
{
    if (s->paths == NULL)
        return WORST / 2;
    for (size_t i = 0; i < s->e->path_count; i++)
        if (s->e->paths[i].count == count &&
            memcmp(s->e->paths[i].steps, steps, count * sizeof *steps) == 0)
            return s->paths[i];
    return WORST;
}

double examples_trust(const example_scores *s, const uint32_t *steps, size_t count)
{
    const examples *e = s->e;
    double all = 0;
    if (s->paths == NULL)
        return 0;
    for (size_t i = 0; i < e->path_count; i++)
        all += exp(s->paths[i]);
    for (size_t i = 0; i < e->path_count; i++)
        if (e->paths[i].count == count &&
            memcmp(e->paths[i].steps, steps, count * sizeof *steps) == 0)
            return exp(s->paths[i]) / all * e->paths[i].examples /
                   (e->paths[i].examples + HALF_TRUSTED);
    return 0;
}

double examples_steps(const example_scores *s, const uint32_t *steps, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        if (isnan(s->steps[steps[i]]))
            s->steps[steps[i]] = step_odds(s->e, s->words, steps[i]);
    for (size_t i = 0; i < count; i++)
        sum += fmax(fmin(s->steps[steps[i]] / 3, 4), -4);
    return count > 0 ? sum / (double)count : 0;
}
