/* One pass over the file fills the arena; clusters are a union-find over equal names. */
#include "llm/train/concepts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/arena.h"
#include "core/buf.h"

enum { MAX_CONCEPTS = 8192, MAX_CLASSES = 2048, COLUMNS = 11, MAX_PHRASES = 64 };

struct concepts {
    arena *memory;
    concept *items;
    size_t count;
    str *class_words;
    size_t class_count;
    int **members;
    size_t *member_count;
};

void concepts_free(concepts *c)
{
    if (c == NULL)
        return;
    arena_free(c->memory);
    free(c);
}

size_t concepts_count(const concepts *c)
{
    return c->count;
}

const concept *concepts_at(const concepts *c, size_t i)
{
    return &c->items[i];
}

size_t concepts_classes(const concepts *c)
{
    return c->class_count;
}

const int *concepts_of_class(const concepts *c, int class_number, size_t *count)
{
    *count = class_number < 0 ? 0 : c->member_count[class_number];
    return *count == 0 ? NULL : c->members[class_number];
}

bool concepts_share_name(const concept *a, const concept *b)
{
    for (int lang = 0; lang < CONCEPT_LANGUAGES; lang++)
        for (size_t i = 0; i < a->names[lang].count; i++)
            for (size_t j = 0; j < b->names[lang].count; j++)
                if (str_equal_nocase(a->names[lang].items[i], b->names[lang].items[j]))
                    return true;
    return false;
}

/* Phrases of a cell that `keep` wants, "; " between them, after `first` (if not empty). */
typedef bool keep_fn(str phrase, int lang);

static phrases split_cell(arena *memory, str cell, str first, int lang, keep_fn *keep)
{
    str found[MAX_PHRASES];
    size_t n = 0;
    if (!str_empty(first))
        found[n++] = first;
    str part;
    for (str rest = cell; n < MAX_PHRASES && str_split(&rest, ';', &part);) {
        part = str_trim(part);
        if (!str_empty(part) && (keep == NULL || keep(part, lang)))
            found[n++] = part;
    }
    str *items = ARENA_ARRAY(memory, str, n == 0 ? 1 : n);
    if (items == NULL)
        return (phrases){0};
    for (size_t i = 0; i < n; i++)
        items[i] = found[i];
    return (phrases){items, n};
}

static bool has(str text, str part)
{
    return str_find(text, part, 0) != STR_NONE;
}

static bool is_question(str p, int lang)
{
    static const char *const english[] = {"who",   "what", "which", "whose", "whom",  "when",
                                          "where", "how",  "is ",   "are ",  "does",  "did ",
                                          "do ",   "has ", "was ",  "in wh", "on wh", "at wh"};
    static const char *const chinese[] = {"谁", "什么", "哪", "几", "多少", "吗", "何", "啥", "怎"};
    if (lang == CONCEPT_EN) {
        for (size_t i = 0; i < CORE_COUNT(english); i++)
            if (str_starts(p, str_from(english[i])))
                return true;
        return false;
    }
    for (size_t i = 0; i < CORE_COUNT(chinese); i++)
        if (has(p, str_from(chinese[i])))
            return true;
    return false;
}

static bool keep_question(str p, int lang)
{
    (void)lang;
    return has(p, STR("{s}")) && !has(p, STR("{o}"));
}

static bool keep_say(str p, int lang)
{
    return has(p, STR("{s}")) && has(p, STR("{o}")) && !is_question(p, lang);
}

static bool keep_inverse(str p, int lang)
{
    return has(p, STR("{o}")) && !has(p, STR("{s}")) && is_question(p, lang);
}

static bool keep_inverse_np(str p, int lang)
{
    return has(p, STR("{o}")) && !has(p, STR("{s}")) && !is_question(p, lang);
}

static int intern_class(concepts *c, str word)
{
    for (size_t i = 0; i < c->class_count; i++)
        if (str_equal(c->class_words[i], word))
            return (int)i;
    if (c->class_count == MAX_CLASSES)
        return -1;
    c->class_words[c->class_count] = word;
    return (int)c->class_count++;
}

static void read_words(str cell, str out[CONCEPT_LANGUAGES])
{
    str rest = cell;
    str_split(&rest, '/', &out[CONCEPT_EN]);
    out[CONCEPT_ZH] = rest.data == NULL ? out[CONCEPT_EN] : rest;
}

static concept_range range_of(str cell)
{
    if (str_equal(cell, STR("date")))
        return CONCEPT_DATE;
    if (str_equal(cell, STR("number")) || str_equal(cell, STR("money")) ||
        str_equal(cell, STR("duration")))
        return CONCEPT_NUMBER;
    if (str_equal(cell, STR("text")) || str_equal(cell, STR("bool")))
        return CONCEPT_TEXT;
    if (str_starts(cell, STR("person")))
        return CONCEPT_PERSON;
    return has(cell, STR("地")) || str_starts(cell, STR("city")) || str_starts(cell, STR("country"))
               ? CONCEPT_PLACE
               : CONCEPT_ENTITY;
}

static bool is_symmetric(str id)
{
    static const char *const words[] = {"spouse",  "sibling",  "partner", "friend",  "neighbo",
                                        "border",  "adjacen",  "cousin",  "relativ", "similar",
                                        "related", "twin",     "rival",   "colleag", "synonym",
                                        "antonym", "interact", "equival", "married", "opposite"};
    for (size_t i = 0; i < CORE_COUNT(words); i++)
        if (has(id, str_from(words[i])))
            return true;
    return false;
}

static bool add_line(concepts *c, str line)
{
    str column[COLUMNS];
    str rest = line;
    for (int i = 0; i < COLUMNS; i++)
        if (!str_split(&rest, '\t', &column[i]))
            return false;
    concept *k = &c->items[c->count];
    k->id = column[0];
    k->range = range_of(column[2]);
    k->range_number = -1;
    read_words(column[1], k->class_word);
    k->class_number = intern_class(c, k->class_word[CONCEPT_EN]);
    if (k->range <= CONCEPT_PLACE) {
        read_words(column[2], k->range_word);
        k->range_number = intern_class(c, k->range_word[CONCEPT_EN]);
    }
    for (int lang = 0; lang < CONCEPT_LANGUAGES; lang++) {
        const str *cell = column + 3 + 4 * lang;
        k->names[lang] = split_cell(c->memory, cell[1], str_trim(cell[0]), lang, NULL);
        k->questions[lang] = split_cell(c->memory, cell[2], (str){0}, lang, keep_question);
        k->says[lang] = split_cell(c->memory, cell[2], (str){0}, lang, keep_say);
        k->inverse[lang] = split_cell(c->memory, cell[3], (str){0}, lang, keep_inverse);
        k->inverse_np[lang] = split_cell(c->memory, cell[3], (str){0}, lang, keep_inverse_np);
        if (k->names[lang].count == 0)
            return false;
    }
    k->symmetric = is_symmetric(k->id);
    k->cluster = (int)c->count;
    c->count++;
    return k->class_number >= 0;
}

static int root_of(concepts *c, int i)
{
    while (c->items[i].cluster != i)
        i = c->items[i].cluster = c->items[c->items[i].cluster].cluster;
    return i;
}

static void hold_out(concepts *c, double share)
{
    for (size_t i = 0; i < c->count; i++)
        for (size_t j = 0; j < i; j++)
            if (concepts_share_name(&c->items[i], &c->items[j]))
                c->items[root_of(c, (int)i)].cluster = root_of(c, (int)j);
    for (size_t i = 0; i < c->count; i++) {
        concept *k = &c->items[i];
        k->cluster = root_of(c, (int)i);
        /* By the name of the cluster's first concept, so that new lines do not move old ones. */
        uint64_t draw = str_hash(c->items[k->cluster].id, 77) % 10000;
        uint64_t domain = str_hash(k->class_word[CONCEPT_EN], 78) % 10000;
        size_t of_class;
        concepts_of_class(c, k->class_number, &of_class);
        k->held_out_domain =
            share > 0 && (double)domain < share * 10000 && of_class >= 4 && of_class <= 60;
        k->held_out = k->held_out_domain || (double)draw < share * 10000;
    }
}

static bool list_classes(concepts *c)
{
    c->members = ARENA_ARRAY(c->memory, int *, MAX_CLASSES);
    c->member_count = ARENA_ARRAY(c->memory, size_t, MAX_CLASSES);
    if (c->members == NULL || c->member_count == NULL)
        return false;
    for (size_t i = 0; i < c->count; i++)
        c->member_count[c->items[i].class_number]++;
    for (size_t i = 0; i < c->class_count; i++) {
        c->members[i] = ARENA_ARRAY(c->memory, int, c->member_count[i] + 1);
        if (c->members[i] == NULL)
            return false;
        c->member_count[i] = 0;
    }
    for (size_t i = 0; i < c->count; i++) {
        int k = c->items[i].class_number;
        c->members[k][c->member_count[k]++] = (int)i;
    }
    return true;
}

static status read_lines(concepts *c, FILE *f, const char *path, error *err)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    uint64_t number = 0;
    status st = STATUS_OK;
    while (st == STATUS_OK && (length = getline(&line, &room, f)) >= 0) {
        number++;
        while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
            length--;
        if (length == 0 || line[0] == '#')
            continue;
        str kept = arena_str(c->memory, str_make(line, (size_t)length));
        if (kept.data == NULL)
            st = error_memory(err);
        else if (c->count == MAX_CONCEPTS || !add_line(c, kept))
            st =
                error_set_at(err, STATUS_SYNTAX, path, number, 0,
                             "not a concept; 11 tab-separated columns with both labels are needed");
    }
    free(line);
    return st;
}

status concepts_load(const char *path, double share, concepts **out, error *err)
{
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return error_errno(err, STATUS_NOT_FOUND, errno, path);
    concepts *c = calloc(1, sizeof *c);
    status st = STATUS_OK;
    if (c != NULL)
        c->memory = arena_new(0);
    if (c == NULL || c->memory == NULL)
        st = error_memory(err);
    if (st == STATUS_OK) {
        c->items = ARENA_ARRAY(c->memory, concept, MAX_CONCEPTS);
        c->class_words = ARENA_ARRAY(c->memory, str, MAX_CLASSES);
        st = c->items == NULL || c->class_words == NULL ? error_memory(err)
                                                        : read_lines(c, f, path, err);
    }
    fclose(f);
    if (st == STATUS_OK && c->count < 2)
        st = error_set_at(err, STATUS_INVALID, path, 0, 0, "holds fewer than two concepts");
    if (st == STATUS_OK && !list_classes(c))
        st = error_memory(err);
    if (st != STATUS_OK) {
        concepts_free(c);
        return st;
    }
    hold_out(c, share);
    *out = c;
    return STATUS_OK;
}
