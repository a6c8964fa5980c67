/* Templates are kept in file order; picking scans them (a few hundred). */
#include "llm/train/grammar.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/arena.h"

enum { MAX_FRAMES = 4096, MAX_PARTS = 32 };

typedef struct frame {
    str kind, text;
    int language; /* CONCEPT_EN, CONCEPT_ZH */
    bool evaluation;
} frame;

struct grammar {
    arena *memory;
    frame *frames;
    size_t count;
};

void grammar_free(grammar *g)
{
    if (g == NULL)
        return;
    arena_free(g->memory);
    free(g);
}

static bool add_frame(grammar *g, str line)
{
    str kind, language;
    str rest = line;
    if (g->count == MAX_FRAMES || !str_split(&rest, '\t', &kind) ||
        !str_split(&rest, '\t', &language) || str_empty(rest))
        return false;
    bool chinese = str_equal(language, STR("zh"));
    if (!chinese && !str_equal(language, STR("en")))
        return false;
    g->frames[g->count++] = (frame){kind, rest, chinese, str_hash(line, 5) % 7 == 0};
    return true;
}

static status read_lines(grammar *g, FILE *f, const char *path, error *err)
{
    char *line = NULL;
    size_t room = 0;
    uint64_t number = 0;
    ssize_t length;
    status st = STATUS_OK;
    while (st == STATUS_OK && (length = getline(&line, &room, f)) >= 0) {
        number++;
        str text = str_trim(str_make(line, (size_t)length));
        if (str_empty(text) || text.data[0] == '#')
            continue;
        str kept = arena_str(g->memory, text);
        if (kept.data == NULL)
            st = error_memory(err);
        else if (!add_frame(g, kept))
            st = error_set_at(err, STATUS_SYNTAX, path, number, 0,
                              "not a frame; kind, en or zh and a template are needed");
    }
    free(line);
    return st;
}

status grammar_load(const char *path, grammar **out, error *err)
{
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return error_errno(err, STATUS_NOT_FOUND, errno, path);
    grammar *g = calloc(1, sizeof *g);
    status st = STATUS_OK;
    if (g != NULL)
        g->memory = arena_new(0);
    if (g != NULL && g->memory != NULL)
        g->frames = ARENA_ARRAY(g->memory, frame, MAX_FRAMES);
    if (g == NULL || g->frames == NULL)
        st = error_memory(err);
    else
        st = read_lines(g, f, path, err);
    fclose(f);
    if (st == STATUS_OK)
        *out = g;
    else
        grammar_free(g);
    return st;
}

size_t grammar_count(const grammar *g)
{
    return g->count;
}

str grammar_at(const grammar *g, size_t i)
{
    return g->frames[i].text;
}

str grammar_pick(const grammar *g, const char *kind, int language, bool evaluation, rng *r)
{
    const frame *found[256];
    size_t n = 0, wanted = 0;
    for (size_t i = 0; i < g->count && n < CORE_COUNT(found); i++) {
        const frame *f = &g->frames[i];
        if (f->language != language || !str_equal(f->kind, str_from(kind)))
            continue;
        /* Frames of the wanted share stand first. */
        found[n++] = f;
        if (f->evaluation == evaluation) {
            found[n - 1] = found[wanted];
            found[wanted++] = f;
        }
    }
    if (n == 0)
        return (str){0};
    return found[rng_below(r, wanted == 0 ? n : wanted)]->text;
}

static void fill_slot(buf *out, str name, const grammar_slot *slots, size_t count)
{
    char want = name.length == 1 ? (char)(name.data[0] & ~0x20) : 0;
    for (size_t i = 0; i < count; i++)
        if (slots[i].name == want)
            buf_add(out, slots[i].text);
}

/* The '}' that closes the '{' at `open`, braces inside counted; STR_NONE when there is none. */
static size_t closing(str text, size_t open)
{
    int depth = 0;
    for (size_t i = open; i < text.length; i++) {
        depth += text.data[i] == '{';
        depth -= text.data[i] == '}';
        if (depth == 0)
            return i;
    }
    return STR_NONE;
}

/* Splits at '|' outside inner braces. */
static size_t split_alternatives(str text, str parts[MAX_PARTS])
{
    size_t n = 0, from = 0;
    int depth = 0;
    for (size_t i = 0; i <= text.length && n < MAX_PARTS; i++) {
        if (i < text.length) {
            depth += text.data[i] == '{';
            depth -= text.data[i] == '}';
        }
        if (i == text.length || (text.data[i] == '|' && depth == 0)) {
            parts[n++] = str_slice(text, from, i);
            from = i + 1;
        }
    }
    return n;
}

static void expand(buf *out, str text, const grammar_slot *slots, size_t count, rng *r, int depth)
{
    for (size_t i = 0; i < text.length;) {
        size_t end = text.data[i] == '{' ? closing(text, i) : STR_NONE;
        if (end == STR_NONE) {
            buf_add_char(out, text.data[i++]);
            continue;
        }
        str inner = str_slice(text, i + 1, end), parts[MAX_PARTS];
        size_t n = split_alternatives(inner, parts);
        if (n > 1 && depth < 4)
            expand(out, parts[rng_below(r, n)], slots, count, r, depth + 1);
        else
            fill_slot(out, inner, slots, count);
        i = end + 1;
    }
}

void grammar_expand(buf *out, str text, const grammar_slot *slots, size_t count, rng *r)
{
    expand(out, text, slots, count, r, 0);
}
