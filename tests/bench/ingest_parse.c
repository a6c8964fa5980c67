/* ingest_parse FILE FORMAT: runs one reader into a sink that only counts; FORMAT is a number of
 * ingest_format. For `make bench-ingest`. */
#include <stdio.h>
#include <stdlib.h>

#include "ingest/format.h"

static status count(void *context, const kg_new_statement *st, error *err)
{
    (void)st, (void)err;
    ++*(size_t *)context;
    return STATUS_OK;
}

static status label(void *context, kg_term term, kg_label_kind kind, str text, str lang, error *err)
{
    (void)context, (void)term, (void)kind, (void)text, (void)lang, (void)err;
    return STATUS_OK;
}

static status problem(void *context, const ingest_problem *p, error *err)
{
    (void)context, (void)p, (void)err;
    return STATUS_OK;
}

int main(int argc, char **argv)
{
    error err = {0};
    size_t n = 0;
    ingest_source *source;
    ingest_source_options o = {0};
    if (argc != 3 || ingest_source_open(argv[1], &o, &source, &err) != STATUS_OK)
        return 2;
    ingest_sink sink = {.context = &n, .add = count, .label = label, .problem = problem};
    ingest_input in = {.source = source, .base = STR("http://example.org/")};
    status st = ingest_format_reader((ingest_format)atoi(argv[2]))(&in, &sink, &err);
    ingest_source_close(source);
    printf("%zu statements %s\n", n, err.message);
    return status_exit_code(st);
}
