/* See statement_id.h. */
#include "kg/statement_id.h"

#include <stdlib.h>
#include <string.h>

#include "core/buf.h"

static uint64_t hash_parts(const str *parts, size_t count)
{
    char small[512];
    size_t length = 0;
    for (size_t i = 0; i < count; i++)
        length += parts[i].length;
    char *text = length <= sizeof small ? small : malloc(length);
    if (text == NULL)
        return 0;
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].length > 0)
            memcpy(text + at, parts[i].data, parts[i].length);
        at += parts[i].length;
    }
    uint64_t hash = str_hash(str_make(text, length), 0);
    if (text != small)
        free(text);
    return hash;
}

uint64_t kg_term_hash(kg_term term)
{
    str quote = STR("\"");
    if (term.kind == KG_TERM_IRI)
        return hash_parts((str[]){STR("<"), term.lexical, STR(">")}, 3);
    if (term.kind == KG_TERM_BLANK)
        return hash_parts((str[]){STR("_:"), term.lexical}, 2);
    if (term.lang.length > 0)
        return hash_parts((str[]){quote, term.lexical, STR("\"@"), term.lang}, 4);
    if (term.datatype.length > 0)
        return hash_parts((str[]){quote, term.lexical, STR("\"^^<"), term.datatype, STR(">")}, 5);
    return hash_parts((str[]){quote, term.lexical, quote}, 3);
}

static void put64(unsigned char *out, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        out[i] = (unsigned char)(value >> (8 * i));
}

static int by_pair(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    if (x[0] != y[0])
        return x[0] < y[0] ? -1 : 1;
    return x[1] == y[1] ? 0 : x[1] < y[1] ? -1 : 1;
}

uint64_t kg_qualifiers_hash(uint64_t (*pairs)[2], size_t count)
{
    if (count == 0)
        return 0;
    qsort(pairs, count, sizeof *pairs, by_pair);
    unsigned char bytes[16];
    uint64_t hash = 1;
    for (size_t i = 0; i < count; i++) {
        put64(bytes, pairs[i][0]);
        put64(bytes + 8, pairs[i][1]);
        hash = str_hash(str_make((const char *)bytes, sizeof bytes), hash);
    }
    return hash == 0 ? 1 : hash;
}

kg_statement_id kg_statement_id_of(const kg_statement_key *key)
{
    unsigned char bytes[56];
    put64(bytes, key->s);
    put64(bytes + 8, key->p);
    put64(bytes + 16, key->o);
    put64(bytes + 24, key->g);
    put64(bytes + 32, (uint64_t)(int64_t)key->valid_from);
    put64(bytes + 40, (uint64_t)(int64_t)key->valid_to);
    put64(bytes + 48, key->qualifiers);
    return str_hash(str_make((const char *)bytes, sizeof bytes), 0);
}
