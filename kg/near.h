/* Finding names one edit away (a character missing, added, changed, or swapped with the next):
 * such an edit spoils one of three parts of a name, so the other two, hashed together with the
 * name's length, find it. Each distinct text has three such keys, which lead to the label of the
 * lowest number that has the text. Tables base_near and later_near: by the upper 14 bits of a key,
 * pieces of entries of 6 bytes (the next 16 bits, the label's number). Inside kg/. */
#ifndef VOUCH_KG_NEAR_H
#define VOUCH_KG_NEAR_H

#include "core/buf.h"
#include "kg/internal.h"

#define KG_NEAR_BITS 14
#define KG_NEAR_PIECE 160 /* entries of a blob: stays on its page */
#define KG_NEAR_KEYS 3
#define KG_NEAR_MOST 200 /* characters; longer names have no keys */

/* The keys of a normalised text: three, or none when it is shorter than three characters. */
size_t kg_near_keys(str normal, uint64_t *keys);
/* An entry as it lies in a blob. */
void kg_near_pack(buf *out, uint64_t key, uint32_t label);

/* Labels whose text may be one edit away from `normal`, ascending and distinct, in `a`. */
status kg_near_find(kg_read *read, str normal, arena *a, uint32_t **out, size_t *count, error *err);

#endif
