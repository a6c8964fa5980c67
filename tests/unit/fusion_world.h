/* A small graph in a temporary folder, made statement by statement, and an engine over it: what the
 * tests of fusion share. */
#ifndef VOUCH_TESTS_FUSION_WORLD_H
#define VOUCH_TESTS_FUSION_WORLD_H

#include "fusion/engine.h"

typedef struct fusion_world {
    char folder[64], path[96];
    fusion_engine *engine;
} fusion_world;

/* One statement: names without "http" become urn:vouch:..., an object that begins with '=' is a
 * literal. A subject and an object "class:text" also get that class. Ends with {NULL}. */
typedef struct fusion_fact {
    const char *s, *p, *o;
} fusion_fact;

fusion_world *fusion_world_new(const fusion_fact *facts, const char *pack);
void fusion_world_free(fusion_world *w);

#endif
