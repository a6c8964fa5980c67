/* Prints logical forms as text, as SPARQL 1.1 for people, and as the postfix text that the
 * embedded model reads (docs/MODEL_FORMAT.md). Names are escaped so that no label can close the
 * quotes that it stands in. */
#include <stdio.h>

#include "retriever/logical_form.h"

static void add_quoted(buf *out, str text)
{
    buf_add_char(out, '"');
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (c == '"' || c == '\\')
            buf_add_char(out, '\\');
        buf_add_char(out, c == '\n' || c == '\r' || c == '\t' ? ' ' : c);
    }
    buf_add_char(out, '"');
}

static void add_name(buf *out, const lf_name *name, bool iris)
{
    if (!str_empty(name->iri) && (iris || str_empty(name->label))) {
        buf_add_char(out, '<');
        buf_add(out, name->iri);
        buf_add_char(out, '>');
    } else {
        add_quoted(out, name->label);
    }
}

static void add_step(buf *out, const lf_step *step, bool iris)
{
    buf_add_char(out, step->inverse ? '-' : '+');
    add_name(out, &step->relation, iris);
    if (step->closure)
        buf_add_char(out, '*');
}

/* A measure: "rel", "-rel", "#rel", or "." for the member itself. */
static void add_measure(buf *out, const lf_step *step, bool iris)
{
    if (step->self)
        buf_add_char(out, '.');
    if (step->count)
        buf_add_char(out, '#');
    if (step->inverse || step->closure)
        add_step(out, step, iris);
    else if (!step->self)
        add_name(out, &step->relation, iris);
}

static void print(const lf_node *f, bool iris, buf *out);

/* ASK(E1, +r1, +r2, target): the chain is unrolled when it begins at an entity. */
static void print_ask(const lf_node *f, bool iris, buf *out)
{
    const lf_step *steps[LF_MAX_DEPTH];
    size_t count = 0;
    const lf_node *base = f->a;
    while (base->op == LF_HOP && count < LF_MAX_DEPTH) {
        steps[count++] = &base->step;
        base = base->a;
    }
    print(base, iris, out);
    while (count > 0) {
        buf_add_cstr(out, ", ");
        add_step(out, steps[--count], iris);
    }
    if (f->b == NULL)
        return;
    /* A value that begins with a sign would read as a step. */
    bool sign = f->b->op == LF_VALUE && !str_empty(f->b->name.label) &&
                strchr("+-", f->b->name.label.data[0]) != NULL;
    if (f->compare != LF_EQ || sign)
        buf_printf(out, ", %s", lf_compare_name(f->compare));
    buf_add_cstr(out, ", ");
    print(f->b, iris, out);
}

static void print_tail(const lf_node *f, bool iris, buf *out)
{
    switch (f->op) {
    case LF_HOP:
        buf_add_cstr(out, ", ");
        add_step(out, &f->step, iris);
        break;
    case LF_FILTER:
        buf_add_cstr(out, ", ");
        add_measure(out, &f->step, iris);
        buf_printf(out, ", %s, ", lf_compare_name(f->compare));
        print(f->b, iris, out);
        break;
    case LF_ARGMAX:
    case LF_ARGMIN:
        buf_add_cstr(out, ", ");
        add_measure(out, &f->step, iris);
        if (f->limit > 0)
            buf_printf(out, ", %u", f->limit);
        break;
    case LF_CMP:
        buf_add_cstr(out, ", ");
        print(f->b, iris, out);
        buf_add_cstr(out, ", ");
        add_measure(out, &f->step, iris);
        buf_printf(out, ", %s", lf_compare_name(f->compare));
        break;
    default:
        if (f->b != NULL) {
            buf_add_cstr(out, ", ");
            print(f->b, iris, out);
        }
        break;
    }
}

static void print(const lf_node *f, bool iris, buf *out)
{
    if (f->op == LF_ENTITY) {
        add_name(out, &f->name, iris);
        return;
    }
    if (f->op == LF_VALUE) {
        if (str_find(f->name.label, STR(","), 0) != STR_NONE ||
            str_find(f->name.label, STR(")"), 0) != STR_NONE ||
            str_find(f->name.label, STR("\""), 0) != STR_NONE)
            add_quoted(out, f->name.label);
        else
            buf_add(out, f->name.label);
        return;
    }
    buf_add_cstr(out, lf_op_name(f->op));
    buf_add_char(out, '(');
    if (f->op == LF_ASK) {
        print_ask(f, iris, out);
    } else if (f->op == LF_SEARCH) {
        add_quoted(out, f->name.label);
        if (f->a != NULL) {
            buf_add_cstr(out, ", ");
            print(f->a, iris, out);
        }
    } else if (f->op == LF_TYPE) {
        if (f->a != NULL) {
            print(f->a, iris, out);
            buf_add_cstr(out, ", ");
        }
        add_name(out, &f->name, iris);
    } else if (f->op == LF_HAVING) {
        add_step(out, &f->step, iris);
    } else if (f->op == LF_AT) {
        char day[16];
        clock_day_format(f->day, day);
        print(f->a, iris, out);
        buf_printf(out, ", %s", day);
    } else {
        print(f->a, iris, out);
        print_tail(f, iris, out);
    }
    buf_add_char(out, ')');
}

void lf_print(const lf_node *form, bool iris, buf *out)
{
    if (form != NULL)
        print(form, iris, out);
}

/* --- SPARQL ------------------------------------------------------------------------------------
 */
typedef struct sparql {
    buf *out;
    int next; /* fresh variables ?v1, ?v2 ... */
    int indent;
} sparql;

static void line_start(sparql *s)
{
    for (int i = 0; i < s->indent; i++)
        buf_add_cstr(s->out, "  ");
}

static void sparql_term(sparql *s, const lf_name *name)
{
    if (!str_empty(name->iri)) {
        buf_add_char(s->out, '<');
        buf_add(s->out, name->iri);
        buf_add_char(s->out, '>');
    } else {
        add_quoted(s->out, name->label);
    }
}

static void sparql_triple(sparql *s, const char *subject, const lf_step *step, const char *object)
{
    line_start(s);
    buf_printf(s->out, "%s ", step->inverse ? object : subject);
    sparql_term(s, &step->relation);
    buf_printf(s->out, "%s %s .\n", step->closure ? "+" : "", step->inverse ? subject : object);
}

static void sparql_set(sparql *s, const lf_node *f, const char *var);

static void fresh(sparql *s, char name[16])
{
    snprintf(name, 16, "?v%d", s->next++);
}

static void sparql_block(sparql *s, const char *before, const lf_node *f, const char *var)
{
    line_start(s);
    buf_printf(s->out, "%s{\n", before);
    s->indent++;
    sparql_set(s, f, var);
    s->indent--;
    line_start(s);
    buf_add_cstr(s->out, "}\n");
}

static void sparql_constant(sparql *s, const lf_node *f)
{
    if (f->op == LF_VALUE && f->value.kind == KG_VALUE_NUMBER && f->value.low == f->value.high)
        buf_printf(s->out, "%g", f->value.low);
    else
        sparql_term(s, &f->name);
}

static const char *text_test(lf_compare compare)
{
    return compare == LF_STARTS ? "STRSTARTS" : "CONTAINS";
}

static void sparql_filter(sparql *s, const lf_node *f, const char *var)
{
    char value[16];
    sparql_set(s, f->a, var);
    if (f->step.self) {
        snprintf(value, sizeof value, "%s", var);
    } else {
        fresh(s, value);
        sparql_triple(s, var, &f->step, value);
    }
    line_start(s);
    if (f->compare == LF_IN || f->compare == LF_STARTS)
        buf_printf(s->out, "FILTER(%s(STR(%s), ", text_test(f->compare), value);
    else
        buf_printf(s->out, "FILTER(%s %s ", value, lf_compare_name(f->compare));
    sparql_constant(s, f->b);
    buf_add_cstr(s->out, f->compare >= LF_IN ? "))\n" : ")\n");
}

/* The best of a set by a measure: a sub-select with ORDER BY. */
static void sparql_best(sparql *s, const lf_node *f, const char *var, bool most)
{
    char value[16];
    fresh(s, value);
    line_start(s);
    buf_printf(s->out, "{ SELECT %s WHERE {\n", var);
    s->indent++;
    if (f->op == LF_CMP) {
        sparql_block(s, "", f->a, var);
        sparql_block(s, "UNION ", f->b, var);
    } else {
        sparql_set(s, f->a, var);
    }
    sparql_triple(s, var, &f->step, value);
    s->indent--;
    line_start(s);
    const char *order = most ? "DESC" : "ASC";
    unsigned limit = f->limit > 0 ? f->limit : 1;
    if (f->step.count)
        buf_printf(s->out, "} GROUP BY %s ORDER BY %s(COUNT(DISTINCT %s)) LIMIT %u }\n", var, order,
                   value, limit);
    else
        buf_printf(s->out, "} ORDER BY %s(%s) LIMIT %u }\n", order, value, limit);
}

static void sparql_search(sparql *s, const lf_node *f, const char *var)
{
    char text[16];
    if (f->a != NULL)
        sparql_set(s, f->a, var);
    fresh(s, text);
    line_start(s);
    buf_printf(s->out, "%s ?p %s . # full text: ", var, text);
    add_quoted(s->out, f->name.label);
    buf_add_char(s->out, '\n');
}

static void sparql_set(sparql *s, const lf_node *f, const char *var)
{
    char inner[16];
    switch (f->op) {
    case LF_ENTITY:
    case LF_VALUE:
        line_start(s);
        buf_printf(s->out, "VALUES %s { ", var);
        sparql_constant(s, f);
        buf_add_cstr(s->out, " }\n");
        break;
    case LF_HOP:
        fresh(s, inner);
        sparql_set(s, f->a, inner);
        sparql_triple(s, inner, &f->step, var);
        break;
    case LF_AND:
        sparql_set(s, f->a, var);
        sparql_set(s, f->b, var);
        break;
    case LF_OR:
        sparql_block(s, "", f->a, var);
        sparql_block(s, "UNION ", f->b, var);
        break;
    case LF_MINUS:
        sparql_set(s, f->a, var);
        sparql_block(s, "MINUS ", f->b, var);
        break;
    case LF_FILTER:
        sparql_filter(s, f, var);
        break;
    case LF_TYPE:
        if (f->a != NULL)
            sparql_set(s, f->a, var);
        line_start(s);
        buf_printf(s->out, "%s a ", var);
        sparql_term(s, &f->name);
        buf_add_cstr(s->out, " .\n");
        break;
    case LF_HAVING: {
        char value[16];
        fresh(s, value);
        sparql_triple(s, var, &f->step, value);
        break;
    }
    case LF_ARGMAX:
    case LF_ARGMIN:
        sparql_best(s, f, var, f->op == LF_ARGMAX);
        break;
    case LF_CMP:
        sparql_best(s, f, var, f->compare == LF_GT || f->compare == LF_GE);
        break;
    case LF_SEARCH:
        sparql_search(s, f, var);
        break;
    default:
        sparql_set(s, f->a, var);
        break;
    }
}

static void sparql_ask(sparql *s, const lf_node *f)
{
    buf_add_cstr(s->out, "ASK {\n");
    s->indent = 1;
    sparql_set(s, f->a, "?x");
    if (f->b != NULL) {
        line_start(s);
        if (f->compare >= LF_IN)
            buf_printf(s->out, "FILTER(%s(STR(?x), ", text_test(f->compare));
        else
            buf_printf(s->out, "FILTER(?x %s ", lf_compare_name(f->compare));
        sparql_constant(s, f->b);
        buf_add_cstr(s->out, f->compare >= LF_IN ? "))\n" : ")\n");
    }
    buf_add_cstr(s->out, "}");
}

void lf_print_sparql(const lf_node *form, buf *out)
{
    sparql s = {.out = out, .next = 1};
    while (form != NULL && form->op == LF_AT) {
        char day[16];
        clock_day_format(form->day, day);
        buf_printf(out, "# as of %s\n", day);
        form = form->a;
    }
    if (form == NULL)
        return;
    if (form->op == LF_ASK) {
        sparql_ask(&s, form);
        return;
    }
    if (form->op == LF_DESCRIBE) {
        buf_add_cstr(out, "DESCRIBE ?x WHERE {\n");
        form = form->a;
    } else if (form->op == LF_COUNT) {
        buf_add_cstr(out, "SELECT (COUNT(DISTINCT ?x) AS ?n) WHERE {\n");
        form = form->a;
    } else {
        buf_add_cstr(out, "SELECT DISTINCT ?x WHERE {\n");
    }
    s.indent = 1;
    sparql_set(&s, form, "?x");
    buf_add_char(out, '}');
}

/* --- the model's text --------------------------------------------------------------------------
 */
typedef struct model_text {
    lf_relation_text relation_text;
    void *context;
    arena *a;
    buf *out;
} model_text;

static void model_relation(model_text *m, const char *mark, const lf_step *step)
{
    buf_add_cstr(m->out, mark);
    buf_add(m->out, m->relation_text != NULL ? m->relation_text(m->context, &step->relation, m->a)
                                             : step->relation.label);
}

static void model_constant(model_text *m, const lf_node *f)
{
    if (f->name.slot > 0)
        buf_printf(m->out, "<%c%d>", f->op == LF_VALUE ? 'V' : 'E', f->name.slot);
    else
        buf_add(m->out, f->name.label);
}

static const char *model_compare(lf_compare c)
{
    static const char *const names[] = {"<eq>", "<ne>", "<lt>", "<le>",
                                        "<gt>", "<ge>", "<in>", "<in>"};
    return names[c];
}

static void model_print(model_text *m, const lf_node *f)
{
    if (f->op == LF_ENTITY || f->op == LF_VALUE) {
        model_constant(m, f);
        return;
    }
    if (f->a != NULL)
        model_print(m, f->a);
    if (f->b != NULL && f->op != LF_FILTER)
        model_print(m, f->b);
    switch (f->op) {
    case LF_HOP:
        model_relation(m, f->step.inverse ? "<->" : "<+>", &f->step);
        break;
    case LF_AND:
        buf_add_cstr(m->out, "<and>");
        break;
    case LF_OR:
        buf_add_cstr(m->out, "<or>");
        break;
    case LF_MINUS:
        buf_add_cstr(m->out, "<minus>");
        break;
    case LF_FILTER:
        model_relation(m, "<flt>", &f->step);
        buf_add_cstr(m->out, model_compare(f->compare));
        model_constant(m, f->b);
        break;
    case LF_TYPE: {
        buf_add_cstr(m->out, "<type>");
        lf_step class_step = {.relation = f->name};
        model_relation(m, "", &class_step);
        break;
    }
    case LF_HAVING:
        model_relation(m, f->step.inverse ? "<->" : "<+>", &f->step);
        break;
    case LF_COUNT:
        buf_add_cstr(m->out, "<count>");
        break;
    case LF_ARGMAX:
        model_relation(m, "<max>", &f->step);
        break;
    case LF_ARGMIN:
        model_relation(m, "<min>", &f->step);
        break;
    case LF_CMP:
        model_relation(m, "<cmp>", &f->step);
        buf_add_cstr(m->out, model_compare(f->compare));
        break;
    case LF_ASK:
        if (f->compare != LF_EQ)
            buf_add_cstr(m->out, model_compare(f->compare));
        buf_add_cstr(m->out, "<ask>");
        break;
    case LF_DESCRIBE:
        buf_add_cstr(m->out, "<desc>");
        break;
    case LF_AT:
        buf_add_cstr(m->out, "<at><T1>");
        break;
    default:
        break;
    }
}

status lf_print_model(const lf_node *form, lf_relation_text relation_text, void *context, arena *a,
                      buf *out)
{
    model_text m = {relation_text, context, a, out};
    model_print(&m, form);
    return out->failed ? STATUS_MEMORY : STATUS_OK;
}
