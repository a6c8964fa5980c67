/* A statute's Markdown to its structure. The text decides, not the depth of headings, which differs
 * from file to file: 编, 分编, 章, 节 rank a heading, 第…条 at a line's start begins an article,
 * any other line within an article is a paragraph, unless it is an item (（一）, 1.), which belongs
 * to the paragraph before it. */
#include <stdlib.h>

#include "core/utf8.h"
#include "ingest/chinese_number.h"
#include "ingest/statute_text.h"

typedef struct parser {
    str rest;
    uint64_t line;
    arena *a;
    statute_file *f;
    const char *where;
    error *err;
    bool in_header;
    bool in_annex;
    bool clauses;         /* numbered 一、二、 though no amending act */
    size_t open_division; /* the lowest one open */
    size_t article;       /* open; STATUTE_NONE */
    unsigned last_number;
    buf paragraph; /* text of the paragraph in hand */
    uint64_t paragraph_line;
} parser;

/* The next line without white space and invisible marks around it. */
static bool next_line(parser *p, str *out)
{
    if (!str_split(&p->rest, '\n', out))
        return false;
    p->line++;
    static const char *const marks[] = {"\xe3\x80\x80", "\xe2\x80\x8b", "\xc2\xa0", "\xef\xbb\xbf"};
    for (bool again = true; again;) {
        *out = str_trim(*out);
        again = false;
        for (size_t i = 0; i < CORE_COUNT(marks); i++) {
            str m = str_from(marks[i]);
            if (str_starts(*out, m)) {
                *out = str_slice(*out, m.length, out->length);
                again = true;
            }
            if (str_ends(*out, m)) {
                out->length -= m.length;
                again = true;
            }
        }
    }
    return true;
}

/* --- paragraphs ------------------------------------------------------------------------------- */
static status close_paragraph(parser *p)
{
    if (p->paragraph.length == 0)
        return STATUS_OK;
    statute_file *f = p->f;
    f->paragraphs = statute_grow(p->a, f->paragraphs, f->paragraph_count, &f->paragraph_capacity,
                                 sizeof *f->paragraphs);
    str text = arena_str(p->a, buf_str(&p->paragraph));
    if (f->paragraphs == NULL || text.data == NULL || p->paragraph.failed)
        return error_memory(p->err);
    f->paragraphs[f->paragraph_count++] = (statute_paragraph){text, p->paragraph_line};
    if (p->article != STATUTE_NONE)
        f->articles[p->article].count++;
    buf_clear(&p->paragraph);
    return STATUS_OK;
}

/* （一）…, (1)…, 1.…, 1．…: an item of a list. */
static bool is_item(str line)
{
    static const char *const open[] = {"（", "(", ""};
    static const char *const close[] = {"）", ")", "．", ".", "、"};
    for (size_t i = 0; i < CORE_COUNT(open); i++) {
        str o = str_from(open[i]);
        unsigned unused;
        if (!str_starts(line, o))
            continue;
        size_t n = chinese_number_read(line, o.length, &unused);
        if (n == 0)
            continue;
        for (size_t k = 0; k < CORE_COUNT(close); k++)
            if (str_starts(str_slice(line, o.length + n, line.length), str_from(close[k])))
                return o.length > 0 ||
                       (k != 4 && k != 1 && line.data[0] < 0x7f && line.data[0] > 0);
    }
    return false;
}

static status take_paragraph(parser *p, str line)
{
    if (p->paragraph.length > 0 && is_item(line)) {
        buf_add_char(&p->paragraph, '\n');
        buf_add(&p->paragraph, line);
        return STATUS_OK;
    }
    status st = close_paragraph(p);
    buf_add(&p->paragraph, line);
    p->paragraph_line = p->line;
    return st;
}

/* --- articles, clauses, divisions ------------------------------------------------------------- */
static status open_article(parser *p, unsigned number, unsigned sub, str label)
{
    status st = close_paragraph(p);
    statute_file *f = p->f;
    f->articles = statute_grow(p->a, f->articles, f->article_count, &f->article_capacity,
                               sizeof *f->articles);
    if (f->articles == NULL)
        return error_memory(p->err);
    p->article = f->article_count++;
    f->articles[p->article] = (statute_article){.number = number,
                                                .sub = sub,
                                                .label = label,
                                                .first = f->paragraph_count,
                                                .division = p->open_division,
                                                .line = p->line};
    p->last_number = number;
    return st;
}

/* The text of a line that begins an article, without 第…条; false when it begins none. 第…条 at the
 * start of a sentence that goes on (第三条规定的…) begins one only in sequence. */
static bool article_line(const parser *p, str line, unsigned *number, unsigned *sub, str *text)
{
    size_t n = statute_article_at(line, 0, number, sub);
    if (n == 0)
        return false;
    str rest = str_slice(line, n, line.length);
    bool apart = str_empty(rest) || rest.data[0] == ' ' || rest.data[0] == '\t' ||
                 str_starts(rest, STR("\xe3\x80\x80")) || str_starts(rest, STR("\xc2\xa0"));
    bool in_turn = *number == p->last_number + 1 && !str_starts(rest, STR("的")) &&
                   !str_starts(rest, STR("、")) && !str_starts(rest, STR("和")) &&
                   !str_starts(rest, STR("规定")) && !str_starts(rest, STR("至"));
    if (!apart && !in_turn)
        return false;
    while (str_starts(rest, STR("\xe3\x80\x80")) || str_starts(rest, STR("\xc2\xa0")) ||
           (!str_empty(rest) && (rest.data[0] == ' ' || rest.data[0] == '\t')))
        rest = str_slice(rest,
                         rest.data[0] == ' ' || rest.data[0] == '\t' ? 1
                         : (unsigned char)rest.data[0] == 0xe3       ? 3
                                                                     : 2,
                         rest.length);
    *text = rest;
    return true;
}

/* 一、… in an amending act, and in a statute that is numbered so instead of by articles. */
static bool clause_line(parser *p, str line, unsigned *number, str *text)
{
    size_t n = chinese_number_read(line, 0, number);
    if (n == 0 || !str_starts(str_slice(line, n, line.length), STR("、")))
        return false;
    if (!p->f->is_act && *number == 1 && p->f->article_count == 0 &&
        p->open_division == STATUTE_NONE)
        p->clauses = true;
    if (!p->f->is_act && !p->clauses)
        return false;
    *text = str_slice(line, n + 3, line.length);
    return true;
}

static statute_rank rank_of(str heading)
{
    unsigned unused;
    if (statute_ordinal_at(heading, 0, STR("编"), &unused) > 0)
        return STATUTE_PART;
    if (statute_ordinal_at(heading, 0, STR("分编"), &unused) > 0)
        return STATUTE_SUBPART;
    if (statute_ordinal_at(heading, 0, STR("节"), &unused) > 0)
        return STATUTE_SECTION;
    if (str_starts(heading, STR("附件")) || str_starts(heading, STR("附表")) ||
        str_starts(heading, STR("附录")) || str_starts(heading, STR("附：")))
        return STATUTE_ANNEX;
    return STATUTE_CHAPTER;
}

/* 第一章　总 则 -> 第一章 总则 */
static str clean_heading(str heading, arena *a)
{
    str s = statute_squeeze(heading, a);
    static const char *const units[] = {"编", "分编", "章", "节"};
    for (size_t i = 0; i < CORE_COUNT(units); i++) {
        unsigned unused;
        size_t n = statute_ordinal_at(s, 0, str_from(units[i]), &unused);
        if (n > 0 && n < s.length)
            return str_from(arena_printf(a, "%.*s %.*s", STR_ARG(str_slice(s, 0, n)),
                                         STR_ARG(str_slice(s, n, s.length))));
    }
    return s;
}

static status open_division(parser *p, str heading, bool part)
{
    status st = close_paragraph(p);
    statute_file *f = p->f;
    str clean = clean_heading(heading, p->a);
    if (str_empty(clean) || st != STATUS_OK)
        return st;
    statute_rank rank = part ? STATUTE_PART : rank_of(clean);
    if (p->in_annex && rank == STATUTE_CHAPTER && rank_of(clean) == STATUTE_CHAPTER)
        rank = STATUTE_SECTION; /* headings within an annex */
    size_t parent = p->open_division;
    while (parent != STATUTE_NONE && (f->divisions[parent].rank >= rank || rank == STATUTE_ANNEX))
        if (p->in_annex && f->divisions[parent].rank == STATUTE_ANNEX && rank != STATUTE_ANNEX)
            break;
        else
            parent = f->divisions[parent].parent;
    f->divisions = statute_grow(p->a, f->divisions, f->division_count, &f->division_capacity,
                                sizeof *f->divisions);
    if (f->divisions == NULL)
        return error_memory(p->err);
    p->open_division = f->division_count++;
    f->divisions[p->open_division] =
        (statute_division){.rank = rank, .heading = clean, .parent = parent, .line = p->line};
    p->article = STATUTE_NONE;
    p->in_annex = p->in_annex || rank == STATUTE_ANNEX;
    return STATUS_OK;
}

/* Text that stands under a heading and in no article: a preamble, an annex. */
static void take_loose(parser *p, str line)
{
    if (p->open_division == STATUTE_NONE)
        return;
    buf *b = &p->f->divisions[p->open_division].text;
    if (b->length > 0)
        buf_add_char(b, '\n');
    buf_add(b, line);
}

/* --- the header ------------------------------------------------------------------------------- */
static statute_event_kind event_kind(str text, bool has_act)
{
    if (str_find(text, STR("修正"), 0) != STR_NONE || str_find(text, STR("修订"), 0) != STR_NONE ||
        has_act || str_find(text, STR("通过的《"), 0) != STR_NONE)
        return STATUTE_AMENDED;
    if (str_find(text, STR("通过"), 0) != STR_NONE)
        return STATUTE_ADOPTED;
    if (str_find(text, STR("施行"), 0) != STR_NONE)
        return STATUTE_EFFECTIVE;
    return str_find(text, STR("批准"), 0) != STR_NONE || str_find(text, STR("公布"), 0) != STR_NONE
               ? STATUTE_ADOPTED
               : STATUTE_OTHER;
}

/* The title 《…修正案…》 in the text; empty when there is none. */
static str act_in(str text, arena *a)
{
    size_t open = str_find(text, STR("《"), 0);
    size_t close = open == STR_NONE ? STR_NONE : str_find(text, STR("》"), open);
    if (close == STR_NONE)
        return (str){0};
    str name = str_slice(text, open + 3, close);
    return str_find(name, STR("修正案"), 0) == STR_NONE ||
                   str_find(name, STR("决定"), 0) != STR_NONE
               ? str_make(NULL, 0)
               : statute_squeeze(name, a);
}

static status take_header(parser *p, str line)
{
    statute_file *f = p->f;
    clock_day day;
    size_t at = str_starts(line, STR("(")) ? 1 : str_starts(line, STR("（")) ? 3 : 0;
    size_t n = statute_date_at(line, at, &day);
    if (n == 0) { /* the title or an event goes on */
        if (f->event_count > 0) {
            statute_event *e = &f->events[f->event_count - 1];
            e->text = str_from(arena_printf(p->a, "%.*s%.*s", STR_ARG(e->text), STR_ARG(line)));
            e->act = act_in(e->text, p->a);
            if (e->kind != STATUTE_EFFECTIVE)
                e->kind = event_kind(e->text, !str_empty(e->act));
        }
        return STATUS_OK;
    }
    f->events =
        statute_grow(p->a, f->events, f->event_count, &f->event_capacity, sizeof *f->events);
    if (f->events == NULL)
        return error_memory(p->err);
    str text = str_trim(str_slice(line, at + n, line.length));
    str act = act_in(text, p->a);
    f->events[f->event_count++] =
        (statute_event){day, event_kind(text, !str_empty(act)), text, act, p->line};
    return STATUS_OK;
}

static status take_title(parser *p, str heading)
{
    statute_file *f = p->f;
    if (f->title.data == NULL) {
        f->title = statute_squeeze(heading, p->a);
        f->title_line = p->line;
        size_t at = str_find(f->title, STR("修正案"), 0);
        f->is_act = at != STR_NONE && at > 0;
        if (f->is_act)
            f->amended_title = str_slice(f->title, 0, at);
        f->short_title = statute_short_title(f->title);
        return STATUS_OK;
    }
    return open_division(p, heading, true); /* # 总则 below # 中华人民共和国民法典 */
}

/* --- a line ----------------------------------------------------------------------------------- */
/* 第…条 stands somewhere in it. */
static bool names_article(str line)
{
    unsigned number, sub;
    for (size_t at = str_find(line, STR("第"), 0); at != STR_NONE;
         at = str_find(line, STR("第"), at + 3))
        if (statute_article_at(line, at, &number, &sub) > 0)
            return true;
    return false;
}

static status take_body(parser *p, str line)
{
    unsigned number, sub = 0;
    str text = {0};
    bool article = !p->in_annex && article_line(p, line, &number, &sub, &text);
    if (article || clause_line(p, line, &number, &text)) {
        size_t before = line.length - text.length;
        str label = article ? statute_article_label(number, sub, p->a)
                            : arena_str(p->a, str_slice(line, 0, before - 3));
        status st = open_article(p, number, sub, label);
        return st == STATUS_OK && !str_empty(text) ? take_paragraph(p, text) : st;
    }
    if (p->article == STATUTE_NONE && p->f->is_act && p->f->article_count == 0 &&
        names_article(line)) { /* an act of one clause does not number it */
        status st = open_article(p, 1, 0, STR("一"));
        if (st != STATUS_OK)
            return st;
    }
    if (p->article == STATUTE_NONE) {
        take_loose(p, line);
        return STATUS_OK;
    }
    return take_paragraph(p, line);
}

static status take_line(parser *p, str line)
{
    if (str_empty(line))
        return STATUS_OK;
    if (str_starts(line, STR("<!--"))) {
        if (str_find(line, STR("INFO END"), 0) != STR_NONE)
            p->in_header = false;
        return STATUS_OK;
    }
    size_t marks = 0;
    while (marks < line.length && line.data[marks] == '#')
        marks++;
    if (marks > 0) {
        str heading = str_trim(str_slice(line, marks, line.length));
        if (marks == 1 && p->in_header)
            return take_title(p, heading);
        p->in_header = false;
        return open_division(p, heading, false);
    }
    if (p->f->title.data == NULL)
        return STATUS_OK;
    unsigned number, sub;
    str text;
    if (p->in_header &&
        (article_line(p, line, &number, &sub, &text) || clause_line(p, line, &number, &text)))
        p->in_header = false;
    return p->in_header ? take_header(p, line) : take_body(p, line);
}

/* --- what the whole says ---------------------------------------------------------------------- */
/* 自YYYY年M月D日起施行 (or 生效, 实施) in the last articles; 自公布之日起施行 is the day itself. */
static void find_effective(statute_file *f)
{
    size_t from = f->paragraph_count > 12 ? f->paragraph_count - 12 : 0;
    for (size_t i = f->paragraph_count; i-- > from;) {
        str t = f->paragraphs[i].text;
        for (size_t at = str_find(t, STR("自"), 0); at != STR_NONE;
             at = str_find(t, STR("自"), at + 3)) {
            clock_day day;
            size_t n = statute_date_at(t, at + 3, &day);
            str behind = str_slice(t, at + 3 + n, at + 3 + n + 9);
            bool ours = str_find(t, STR("本"), 0) != STR_NONE;
            if (n > 0 && ours && str_starts(behind, STR("起")) &&
                f->effective == CLOCK_DAY_UNKNOWN) {
                f->effective = day;
                f->effective_line = f->paragraphs[i].line;
                return;
            }
        }
    }
}

static void conclude(statute_file *f, str base_name)
{
    f->day = f->effective = CLOCK_DAY_UNKNOWN;
    for (size_t i = 0; i < f->event_count; i++) {
        const statute_event *e = &f->events[i];
        if (e->kind == STATUTE_EFFECTIVE) {
            f->effective = e->day;
            f->effective_line = e->line;
        } else if (f->day == CLOCK_DAY_UNKNOWN || e->day > f->day) {
            f->day = e->day;
        }
    }
    size_t open = str_find(base_name, STR("("), 0);
    clock_day named;
    if (f->day == CLOCK_DAY_UNKNOWN && open != STR_NONE &&
        clock_day_parse(str_slice(base_name, open + 1, open + 11), &named))
        f->day = named;
    find_effective(f);
    if (f->day == CLOCK_DAY_UNKNOWN)
        f->day = f->effective;
}

status statute_parse(str text, str base_name, const char *where, arena *a, statute_file *file,
                     uint64_t *lines, error *err)
{
    parser p = {.rest = text,
                .a = a,
                .f = file,
                .where = where,
                .err = err,
                .in_header = true,
                .open_division = STATUTE_NONE,
                .article = STATUTE_NONE};
    status st = STATUS_OK;
    str line;
    while (st == STATUS_OK && next_line(&p, &line))
        st = take_line(&p, line);
    if (st == STATUS_OK)
        st = close_paragraph(&p);
    buf_free(&p.paragraph);
    *lines = p.line;
    if (st != STATUS_OK)
        return st;
    size_t bad = utf8_first_invalid(text.data, text.length);
    if (bad < text.length)
        return error_set_at(err, STATUS_SYNTAX, where, 0, 0,
                            "is no valid text at byte %zu; see --encoding", bad);
    bool loose = false;
    for (size_t i = 0; i < file->division_count; i++)
        loose = loose || file->divisions[i].text.length > 0;
    if (file->title.data == NULL || (file->article_count == 0 && !loose))
        return error_set_at(err, STATUS_SYNTAX, where, p.line, 0,
                            "holds no law: expected '# title' and articles (第一条 ...)");
    conclude(file, base_name);
    return STATUS_OK;
}
