/* In which language the commands show names, and the names in it. The language is the first of:
 * what --lang says; Chinese when a name on the command line is written in Han characters, English
 * when one is written in Latin letters; the locale's (LC_ALL, LC_MESSAGES, LANG) where the graph or
 * its pack speaks it; the one that most of the graph's names are in. */
#ifndef VOUCH_CLI_NAMES_H
#define VOUCH_CLI_NAMES_H

#include "kg/pack.h"
#include "kg/store.h"

typedef struct cli_names {
    kg_read *read; /* borrowed */
    pack *pack;    /* names of relations and classes that the graph lacks; may be NULL */
    str lang;
} cli_names;

/* `lang`: what --lang says, may be empty or NULL. `words`: the names on the command line; IRIs and
 * blank labels say nothing. `pack_name` NULL = the graph's own pack. Texts live in `a`. */
void cli_names_open(kg_read *read, const char *lang, const char *const *words, size_t count,
                    const char *pack_name, arena *a, cli_names *out);
void cli_names_close(cli_names *names);

/* The name of a node, a relation or a class: the graph's in that language, else the pack's, else
 * the graph's in another. Never empty. */
str cli_names_of(const cli_names *names, kg_id id, arena *a);

#endif
