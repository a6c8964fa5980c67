/* Citations: 依照本法第…条第…款, 前款规定, 前条, 本条第…款, 《…法》第…条至第…条, 刑法第…条. Each
 * becomes an edge `cites` from the article to the article, or from the paragraph to a paragraph of
 * its own article. */
#include "core/utf8.h"
#include "ingest/chinese_number.h"
#include "ingest/statute_text.h"

#define MAX_RANGE 200

typedef struct citing {
    const ingest_statutes *all;
    const statute_file *file;
    size_t article, paragraph; /* which speaks */
    const ingest_sink *sink;
    arena *a;
    str text;
    str law;      /* full title of the law that 第…条 now refers to; empty = this one */
    size_t chain; /* where the last reference ended: one that begins close by continues it */
    error *err;
} citing;

static bool before_is(const citing *c, size_t at, str what)
{
    return str_ends(str_slice(c->text, 0, at), what);
}

static status edge(citing *c, str from, str to, uint64_t line)
{
    return statute_add(c->file, c->sink, ingest_iri(from), "cites", ingest_iri(to), line, c->err);
}

static uint64_t line_of(const citing *c)
{
    return c->file->paragraphs[c->paragraph].line;
}

static str own_article(const citing *c)
{
    return statute_article_iri(c->file, &c->file->articles[c->article], c->a);
}

/* The IRI of the paragraph that speaks; its article's where that has only one. */
static str own_paragraph(const citing *c)
{
    const statute_article *art = &c->file->articles[c->article];
    return art->count > 1 ? statute_paragraph_iri(c->file, art, c->paragraph - art->first, c->a)
                          : own_article(c);
}

static status cite_article(citing *c, unsigned number, unsigned sub)
{
    str title = str_empty(c->law) ? c->file->title : c->law;
    str label = statute_article_label(number, sub, c->a);
    str name = str_from(arena_printf(c->a, "%.*s#%.*s", STR_ARG(title), STR_ARG(label)));
    str to = kg_iri_make(STR("article"), name, c->a);
    str from = own_article(c);
    return str_equal(from, to) ? STATUS_OK : edge(c, from, to, line_of(c));
}

/* A paragraph of the article that speaks, counted from 1. */
static status cite_paragraph(citing *c, size_t number)
{
    const statute_article *art = &c->file->articles[c->article];
    if (number == 0 || number > art->count || art->count < 2 ||
        number - 1 == c->paragraph - art->first)
        return STATUS_OK;
    return edge(c, own_paragraph(c), statute_paragraph_iri(c->file, art, number - 1, c->a),
                line_of(c));
}

/* A law's short title that ends `head`, told by the word before it: 依照民事诉讼法. So that a
 * reference to a law that is not held yet is not taken for one to this law. Empty: none. */
static str named_behind(str head)
{
    static const char *const before[] = {"依照", "依据", "根据", "按照", "适用", "违反", "符合",
                                         "参照", "遵守", "执行", "、",   "，",   "。",   "；",
                                         "（",   "和",   "与",   "及",   "或者", "除",   "有"};
    size_t start = STR_NONE;
    for (size_t at = head.length; at > 0 && head.length - at <= 48;) {
        at = utf8_floor(head.data, head.length, at - 1);
        for (size_t i = 0; i < CORE_COUNT(before) && start == STR_NONE; i++)
            if (str_ends(str_slice(head, 0, at), str_from(before[i])))
                start = at;
        if (start != STR_NONE)
            break;
    }
    str name = str_slice(head, start == STR_NONE ? head.length : start, head.length);
    bool short_name = name.length < sizeof "劳动法" - 1; /* 该法, 其法 */
    return short_name || str_ends(name, STR("办法")) || str_ends(name, STR("方法")) ? STR("")
                                                                                    : name;
}

/* The short title of a law that ends right before `at`: 刑法第…条, 宪法第…条. */
static str named_before(const citing *c, size_t at)
{
    str head = str_slice(c->text, 0, at);
    str best = {0};
    if (!str_ends(head, STR("法")) && !str_ends(head, STR("法典")))
        return best;
    for (size_t i = 0; i < c->all->count; i++) {
        const statute_file *f = c->all->files[i];
        if (!str_empty(f->title) && str_ends(head, f->short_title) && f->title.length > best.length)
            best = f->title;
    }
    if (best.length == 0 && str_ends(head, STR("刑法")))
        best = STR("中华人民共和国刑法");
    if (best.length == 0 && str_ends(head, STR("宪法")))
        best = STR("中华人民共和国宪法");
    if (best.length == 0) {
        str name = named_behind(head);
        best = str_empty(name) ? best : statute_full_title(name, c->a);
    }
    return best;
}

/* Which law a reference at `at` is to. */
static void choose_law(citing *c, size_t at)
{
    static const char *const own[] = {"本法", "本条例", "本规定", "本决定",
                                      "本章", "本节",   "本办法"};
    for (size_t i = 0; i < CORE_COUNT(own); i++)
        if (before_is(c, at, str_from(own[i]))) {
            c->law = (str){0};
            return;
        }
    if (before_is(c, at, STR("》"))) {
        size_t open = at;
        while (open >= 3 && !str_starts(str_slice(c->text, open, at), STR("《")))
            open -= 3;
        if (str_starts(str_slice(c->text, open, at), STR("《")))
            c->law = statute_full_title(statute_squeeze(str_slice(c->text, open + 3, at - 3), c->a),
                                        c->a);
        return;
    }
    str named = named_before(c, at);
    if (!str_empty(named))
        c->law = named;
    else if (at > c->chain + 12 ||
             str_find(str_slice(c->text, c->chain, at), STR("。"), 0) != STR_NONE)
        c->law = c->file->is_act ? c->file->amended_title : str_make(NULL, 0);
}

/* 第…条 at `at`, with 至第…条, 第…款 behind it; *next is where to go on. */
static status take_article(citing *c, size_t at, size_t length, unsigned number, unsigned sub,
                           size_t *next)
{
    choose_law(c, at);
    size_t i = at + length;
    status st = cite_article(c, number, sub);
    unsigned to, to_sub, ordinal;
    if (str_starts(str_slice(c->text, i, c->text.length), STR("至"))) {
        size_t n = statute_article_at(c->text, i + 3, &to, &to_sub);
        for (unsigned k = number + 1; n > 0 && st == STATUS_OK && k <= to && k - number < MAX_RANGE;
             k++)
            st = cite_article(c, k, k == to ? to_sub : 0);
        i += n > 0 ? 3 + n : 0;
    }
    size_t n;
    while ((n = statute_ordinal_at(c->text, i, STR("款"), &ordinal)) > 0 ||
           (n = statute_ordinal_at(c->text, i, STR("项"), &ordinal)) > 0)
        i += n;
    c->chain = i;
    *next = i;
    return st;
}

/* 前款, 前两款, 前条 ... at `at`; *next unchanged when it is none of them. */
static status take_before(citing *c, size_t at, size_t *next)
{
    static const struct {
        const char *text;
        unsigned back;
        bool articles;
    } forms[] = {{"前款", 1, false},   {"前两款", 2, false}, {"前二款", 2, false},
                 {"前三款", 3, false}, {"前四款", 4, false}, {"前条", 1, true},
                 {"前两条", 2, true},  {"前二条", 2, true},  {"前三条", 3, true}};
    str rest = str_slice(c->text, at, c->text.length);
    const statute_article *art = &c->file->articles[c->article];
    for (size_t i = 0; i < CORE_COUNT(forms); i++) {
        if (!str_starts(rest, str_from(forms[i].text)))
            continue;
        *next = at + strlen(forms[i].text);
        status st = STATUS_OK;
        for (unsigned k = 1; st == STATUS_OK && k <= forms[i].back; k++) {
            if (!forms[i].articles) {
                size_t here = c->paragraph - art->first;
                st = here >= k ? cite_paragraph(c, here - k + 1) : STATUS_OK;
            } else if (c->article >= k && !c->file->is_act) {
                const statute_article *other = &c->file->articles[c->article - k];
                st = edge(c, own_article(c), statute_article_iri(c->file, other, c->a), line_of(c));
            }
        }
        return st;
    }
    return STATUS_OK;
}

/* 第…款 that no 第…条 stands before: of this article. */
static status take_paragraph(citing *c, size_t at, size_t *next)
{
    unsigned number;
    size_t n = statute_ordinal_at(c->text, at, STR("款"), &number);
    if (n == 0)
        return STATUS_OK;
    *next = at + n;
    bool elsewhere = before_is(c, at, STR("前条")) || c->file->is_act;
    return elsewhere ? STATUS_OK : cite_paragraph(c, number);
}

/* 《…法》 alone, of a law that is held. */
static status take_law(citing *c, size_t at, size_t *next)
{
    size_t close = str_find(c->text, STR("》"), at);
    if (close == STR_NONE)
        return STATUS_OK;
    str title = statute_full_title(statute_squeeze(str_slice(c->text, at + 3, close), c->a), c->a);
    *next = close + 3;
    for (size_t i = 0; i < c->all->count; i++)
        if (str_equal(c->all->files[i]->title, title) && !str_equal(title, c->file->title))
            return edge(c, own_article(c), kg_iri_make(STR("law"), title, c->a), line_of(c));
    return STATUS_OK;
}

status statute_cite(const ingest_statutes *all, const statute_file *file, size_t article,
                    size_t paragraph, const ingest_sink *sink, arena *a, error *err)
{
    citing c = {.all = all,
                .file = file,
                .article = article,
                .paragraph = paragraph,
                .sink = sink,
                .a = a,
                .text = file->paragraphs[paragraph].text,
                .err = err};
    status st = STATUS_OK;
    for (size_t i = 0; st == STATUS_OK && i < c.text.length;) {
        size_t next = i + 1;
        unsigned number, sub;
        str rest = str_slice(c.text, i, c.text.length);
        if (str_starts(rest, STR("第"))) {
            size_t n = statute_article_at(c.text, i, &number, &sub);
            next = i + 3;
            st = n > 0 ? take_article(&c, i, n, number, sub, &next) : take_paragraph(&c, i, &next);
        } else if (str_starts(rest, STR("前"))) {
            next = i + 3;
            st = take_before(&c, i, &next);
        } else if (str_starts(rest, STR("《"))) {
            next = i + 3;
            st = take_law(&c, i, &next);
        }
        i = next;
    }
    return st;
}
