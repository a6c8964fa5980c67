/* The collection of statutes: reading files, and linking them in time. See statutes.h. */
#include "ingest/statutes.h"

#include <stdlib.h>

#include "core/utf8.h"
#include "ingest/statute_text.h"

#define STATUTE_MAX_BYTES ((size_t)256 << 20)

status ingest_statutes_new(ingest_statutes **out, error *err)
{
    arena *memory = arena_new(0);
    ingest_statutes *s = memory == NULL ? NULL : ARENA_NEW(memory, ingest_statutes);
    if (s == NULL) {
        arena_free(memory);
        return error_memory(err);
    }
    s->memory = memory;
    *out = s;
    return STATUS_OK;
}

void ingest_statutes_free(ingest_statutes *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->count; i++)
        for (size_t k = 0; k < s->files[i]->division_count; k++)
            buf_free(&s->files[i]->divisions[k].text);
    arena_free(s->memory);
}

status ingest_statutes_add(ingest_statutes *s, ingest_source *source, size_t *index,
                           uint64_t *lines, error *err)
{
    str text;
    status st = ingest_source_slurp(source, STATUTE_MAX_BYTES, &text, err);
    if (st != STATUS_OK)
        return st;
    str kept = arena_str(s->memory, text);
    free((void *)(uintptr_t)text.data);
    s->files = statute_grow(s->memory, s->files, s->count, &s->capacity, sizeof(statute_file *));
    statute_file *f = ARENA_NEW(s->memory, statute_file);
    if (kept.data == NULL || s->files == NULL || f == NULL)
        return error_memory(err);
    s->files[s->count++] = f;
    st = statute_parse(kept, ingest_source_base_name(source), ingest_source_location(source),
                       s->memory, f, lines, err);
    if (st != STATUS_OK) {
        f->title = (str){0};
        f->article_count = 0;
        return st;
    }
    *index = s->count - 1;
    return STATUS_OK;
}

/* --- linking ---------------------------------------------------------------------------------- */
static bool known(clock_day day)
{
    return day != CLOCK_DAY_UNKNOWN;
}

/* The parts of one law (the Civil Code's eight files) share one effective date. */
static void share_effective(const ingest_statutes *s, statute_file *f)
{
    for (size_t i = 0; i < s->count && !known(f->effective); i++) {
        const statute_file *g = s->files[i];
        if (g != f && str_equal(g->title, f->title) && g->day == f->day)
            f->effective = g->effective;
    }
}

/* From when the text is in force: its own effective date when that is not older than its last
 * adoption or amendment (an amended text still names the day on which the first one came into
 * force); else that of the amending act of that day; else the day itself. */
static void set_start(const ingest_statutes *s, statute_file *f)
{
    f->from =
        known(f->effective) && (!known(f->day) || f->effective >= f->day) ? f->effective : f->day;
    for (size_t i = 0; i < s->count; i++) {
        const statute_file *act = s->files[i];
        if (act->is_act && act != f && str_equal(act->amended_title, f->title) &&
            act->day == f->day && known(act->effective) && act->effective > f->from)
            f->from = act->effective;
    }
}

/* The first amendment behind the version's day that any held version of the law tells of. */
static clock_day next_change(const ingest_statutes *s, const statute_file *f)
{
    clock_day next = CLOCK_DAY_UNKNOWN;
    for (size_t i = 0; i < s->count; i++) {
        const statute_file *g = s->files[i];
        if (!str_equal(g->title, f->title))
            continue;
        for (size_t k = 0; k < g->event_count; k++) {
            const statute_event *e = &g->events[k];
            if (e->kind != STATUTE_EFFECTIVE && e->kind != STATUTE_OTHER && e->day > f->day &&
                (!known(next) || e->day < next))
                next = e->day;
        }
    }
    return next;
}

static void set_end(const ingest_statutes *s, statute_file *f)
{
    const statute_file *after = NULL;
    f->to = f->previous = CLOCK_DAY_UNKNOWN;
    f->first_version = true;
    for (size_t i = 0; i < s->count; i++) {
        const statute_file *g = s->files[i];
        if (!str_equal(g->title, f->title) || !known(g->day) || !known(f->day))
            continue;
        if (g->day > f->day && (after == NULL || g->day < after->day))
            after = g;
        if (g->day < f->day && (!known(f->previous) || g->day > f->previous))
            f->previous = g->day;
        f->first_version = f->first_version && g->day >= f->day;
    }
    clock_day change = next_change(s, f);
    if (after != NULL && (!known(change) || change >= after->day))
        f->to = after->from;
    else
        f->to = change;
}

/* 《…》…同时废止 in the last article of another law. */
static void repeal(const ingest_statutes *s, const statute_file *by)
{
    if (by->article_count == 0 || !known(by->from))
        return;
    const statute_article *last = &by->articles[by->article_count - 1];
    for (size_t p = last->first; p < last->first + last->count; p++) {
        str t = by->paragraphs[p].text;
        size_t end = str_find(t, STR("废止"), 0);
        if (end == STR_NONE)
            continue;
        for (size_t i = 0; i < s->count; i++) {
            statute_file *f = s->files[i];
            if (str_empty(f->title) || str_equal(f->title, by->title) || f->day >= by->day)
                continue;
            const char *quoted = arena_printf(s->memory, "《%.*s》", STR_ARG(f->title));
            size_t at = quoted == NULL ? STR_NONE : str_find(t, str_from(quoted), 0);
            if (at == STR_NONE || at > end)
                continue;
            f->repealed = by->from;
            if (!known(f->to) || f->to > by->from)
                f->to = by->from;
        }
    }
}

/* What a law that is not read now repealed stays so. */
static void keep_repealed(statute_file *f)
{
    if (f->held == NULL || known(f->repealed) || !known(f->held->repealed))
        return;
    f->repealed = f->held->repealed;
    if (!known(f->to) || f->to > f->repealed)
        f->to = f->repealed;
}

void ingest_statutes_link(ingest_statutes *s)
{
    for (size_t i = 0; i < s->count; i++) {
        s->files[i]->repealed = CLOCK_DAY_UNKNOWN;
        share_effective(s, s->files[i]);
    }
    for (size_t i = 0; i < s->count; i++)
        set_start(s, s->files[i]);
    for (size_t i = 0; i < s->count; i++)
        set_end(s, s->files[i]);
    for (size_t i = 0; i < s->count; i++)
        repeal(s, s->files[i]);
    for (size_t i = 0; i < s->count; i++)
        keep_repealed(s->files[i]);
}

bool ingest_statutes_looks(str head)
{
    str line;
    bool title = false;
    for (size_t n = 0; n < 60 && str_split(&head, '\n', &line); n++) {
        unsigned number, sub;
        clock_day day;
        line = str_trim(line);
        if (str_starts(line, STR("# ")))
            title = true;
        else if (title && (statute_date_at(line, 0, &day) > 0 ||
                           statute_article_at(line, 0, &number, &sub) > 0))
            return true;
    }
    return false;
}
