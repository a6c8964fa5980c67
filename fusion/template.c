/* See template.h. */
#include "fusion/template.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/json_schema.h"
#include "core/resource.h"

struct template_set {
    json_t *texts;
    const pack *pack;
};

status template_open(const pack *p, template_set **out, error *err)
{
    arena *a = arena_new(0);
    template_set *set = calloc(1, sizeof *set);
    str text;
    status st = a == NULL || set == NULL ? error_memory(err)
                                         : resource_get(STR("templates.json"), a, &text, err);
    if (st == STATUS_OK)
        st = json_schema_parse("templates.json", text.data, text.length, &set->texts, err);
    if (st == STATUS_OK)
        set->pack = p;
    arena_free(a);
    if (st != STATUS_OK)
        template_close(set);
    else
        *out = set;
    return st;
}

void template_close(template_set *set)
{
    if (set == NULL)
        return;
    json_decref(set->texts);
    free(set);
}

str template_text(const template_set *set, const char *key, str lang)
{
    str own = set->pack == NULL ? str_make(NULL, 0) : pack_template(set->pack, str_from(key), lang);
    if (!str_empty(own))
        return own;
    char tag[16];
    snprintf(tag, sizeof tag, "%.*s", STR_ARG(lang));
    const json_t *texts = json_object_get(set->texts, key);
    const json_t *found = json_object_get(texts, tag);
    if (found == NULL)
        found = json_object_get(texts, "en");
    return str_make(json_string_value(found), json_string_length(found));
}

static void add_upper(buf *out, str text)
{
    bool lower = text.length > 0 && text.data[0] >= 'a' && text.data[0] <= 'z';
    if (!lower) {
        buf_add(out, text);
        return;
    }
    buf_add_char(out, (char)(text.data[0] - 'a' + 'A'));
    buf_add(out, str_slice(text, 1, text.length));
}

/* Appends the variable that `name` names, as {name} or {Name}; false when there is none. A capital
 * that is the variable's own name ({S}) is that variable. */
static bool add_var(buf *out, str name, const template_var *vars)
{
    for (const template_var *v = vars; v != NULL && v->name != NULL; v++) {
        if (str_equal(name, str_from(v->name))) {
            buf_add(out, v->text);
            return true;
        }
    }
    for (const template_var *v = vars; v != NULL && v->name != NULL; v++) {
        if (str_equal_nocase(name, str_from(v->name)) && name.data[0] < 'a') {
            add_upper(out, v->text);
            return true;
        }
    }
    return false;
}

void template_fill_text(str text, const template_var *vars, buf *out)
{
    for (size_t i = 0; i < text.length;) {
        size_t open = str_find(text, STR("{"), i);
        size_t close = open == STR_NONE ? STR_NONE : str_find(text, STR("}"), open);
        if (close == STR_NONE) {
            buf_add(out, str_slice(text, i, text.length));
            return;
        }
        buf_add(out, str_slice(text, i, open));
        if (open + 1 == close || !add_var(out, str_slice(text, open + 1, close), vars))
            buf_add(out, str_slice(text, open, close + 1));
        i = close + 1;
    }
}

void template_fill(const template_set *set, const char *key, str lang, const template_var *vars,
                   buf *out)
{
    template_fill_text(template_text(set, key, lang), vars, out);
}

str template_str(const template_set *set, const char *key, str lang, const template_var *vars,
                 arena *a)
{
    buf out = {0};
    template_fill(set, key, lang, vars, &out);
    str copy = out.failed ? str_make(NULL, 0) : arena_str(a, buf_str(&out));
    buf_free(&out);
    return copy;
}
