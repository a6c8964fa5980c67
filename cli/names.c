/* See names.h. */
#include "cli/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/utf8.h"

#define SAMPLE ((size_t)200) /* statements whose subjects' names are looked at */
#define LANGUAGES 16

typedef struct tally {
    str lang;
    size_t count;
} tally;

typedef struct tallies {
    tally items[LANGUAGES];
    size_t count;
} tallies;

/* "zh" for a text with Han characters, "en" for one with Latin letters only, else empty. */
static str language_of_text(str text)
{
    bool latin = false;
    for (size_t i = 0; i < text.length;) {
        uint32_t c;
        i += utf8_decode(text.data + i, text.length - i, &c);
        if (utf8_is_han(c))
            return STR("zh");
        latin = latin || (c | 0x20) - 'a' < 26u;
    }
    return latin ? STR("en") : STR("");
}

static str language_of_words(const char *const *words, size_t count)
{
    str lang = STR("");
    for (size_t i = 0; i < count && str_empty(lang); i++) {
        str word = str_trim(str_from(words[i]));
        bool name = !str_starts(word, STR("<")) && !str_starts(word, STR("_:")) &&
                    str_find(word, STR("://"), 0) == STR_NONE && !str_starts(word, STR("urn:"));
        if (name)
            lang = language_of_text(word);
    }
    return lang;
}

/* "zh" of "zh_CN.UTF-8"; empty for C and POSIX. */
static str language_of_locale(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    const char *value = NULL;
    for (size_t i = 0; i < CORE_COUNT(names) && (value == NULL || value[0] == '\0'); i++)
        value = getenv(names[i]);
    str text = str_from(value);
    size_t length = strcspn(value == NULL ? "" : value, "_.@-");
    return length == 2 || length == 3 ? str_slice(text, 0, length) : STR("");
}

static void count_one(tallies *t, str lang)
{
    size_t i = 0;
    while (i < t->count && !str_equal_nocase(t->items[i].lang, lang))
        i++;
    if (i == LANGUAGES || str_empty(lang))
        return;
    if (i == t->count)
        t->items[t->count++] = (tally){lang, 0};
    t->items[i].count++;
}

static void count_labels(kg_read *read, kg_id id, arena *a, tallies *t)
{
    kg_label *labels = NULL;
    size_t count = 0;
    error ignored = {0};
    if (kg_label_list(read, id, a, &labels, &count, &ignored) != STATUS_OK)
        return;
    for (size_t i = 0; i < count; i++) {
        size_t dash = str_find(labels[i].lang, STR("-"), 0);
        str lang = str_empty(labels[i].lang) ? language_of_text(labels[i].text)
                                             : str_slice(labels[i].lang, 0, dash);
        count_one(t, lang);
    }
}

/* The languages of the names of some subjects. */
static tallies languages_of_graph(kg_read *read, arena *a)
{
    tallies t = {0};
    error ignored = {0};
    kg_statement_list list = {0};
    if (kg_match(read, &(kg_pattern){.limit = SAMPLE}, a, &list, &ignored) == STATUS_OK)
        for (size_t i = 0; i < list.count; i++)
            count_labels(read, list.items[i].s, a, &t);
    return t;
}

static bool speaks(const tallies *t, str lang)
{
    bool found = str_equal(lang, STR("zh")) || str_equal(lang, STR("en")); /* every pack does */
    for (size_t i = 0; i < t->count && !found; i++)
        found = str_equal_nocase(t->items[i].lang, lang);
    return found;
}

static str choose(kg_read *read, const char *const *words, size_t count, arena *a)
{
    str lang = language_of_words(words, count);
    if (!str_empty(lang))
        return lang;
    tallies t = languages_of_graph(read, a);
    lang = language_of_locale();
    if (!str_empty(lang) && speaks(&t, lang))
        return lang;
    size_t best = 0;
    for (size_t i = 1; i < t.count; i++)
        if (t.items[i].count > t.items[best].count)
            best = i;
    return t.count > 0 ? t.items[best].lang : STR("en");
}

void cli_names_open(kg_read *read, const char *lang, const char *const *words, size_t count,
                    const char *pack_name, arena *a, cli_names *out)
{
    char own[256];
    error ignored = {0};
    *out = (cli_names){.read = read, .lang = str_from(lang)};
    if (str_empty(out->lang))
        out->lang = choose(read, words, count, a);
    snprintf(own, sizeof own, "%.*s", STR_ARG(kg_meta_get(read, STR("pack"))));
    if (pack_open(pack_name != NULL ? pack_name : own, &out->pack, &ignored) != STATUS_OK)
        out->pack = NULL; /* a pack that is not here takes only its names along */
}

void cli_names_close(cli_names *names)
{
    pack_close(names->pack);
    names->pack = NULL;
}

/* The pack's name for the relation or class of this IRI in the wanted language. */
static str pack_label(const cli_names *names, str iri)
{
    size_t count, at;
    str label = STR("");
    if (names->pack != NULL && (at = pack_relation_find(names->pack, iri, STR(""))) != PACK_NONE)
        label = pack_text_only(pack_relations(names->pack, &count)[at].labels, names->lang);
    else if (names->pack != NULL && (at = pack_class_find(names->pack, iri, STR(""))) != PACK_NONE)
        label = pack_text_only(pack_classes(names->pack, &count)[at].labels, names->lang);
    return str_empty(label) ? kg_common_label(iri, names->lang) : label;
}

/* Does the graph itself name the node in the language? */
static bool named(const cli_names *names, kg_id id, arena *a)
{
    kg_label *labels = NULL;
    size_t count = 0;
    error ignored = {0};
    if (kg_label_list(names->read, id, a, &labels, &count, &ignored) != STATUS_OK)
        return true;
    for (size_t i = 0; i < count; i++)
        if (labels[i].kind == KG_LABEL_PRIMARY && str_starts(labels[i].lang, names->lang))
            return true;
    return false;
}

str cli_names_of(const cli_names *names, kg_id id, arena *a)
{
    str label = STR("?");
    kg_term term = {0};
    error ignored = {0};
    if (!named(names, id, a) && kg_terms(names->read, &id, 1, a, &term, &ignored) == STATUS_OK &&
        term.kind == KG_TERM_IRI) {
        str known = pack_label(names, term.lexical);
        if (!str_empty(known))
            return arena_str(a, known);
    }
    error again = {0};
    (void)kg_labels(names->read, &id, 1, names->lang, a, &label, &again);
    return label;
}
