/* Writes a trained net and its vocabulary as a GGUF v3 file of architecture "llama", which vouch's
 * engine and others read. */
#ifndef VOUCH_LLM_TRAIN_EXPORT_H
#define VOUCH_LLM_TRAIN_EXPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "llm/train/net.h"
#include "llm/train/vocab.h"

typedef enum export_type { EXPORT_F32 = 0, EXPORT_Q8_0 } export_type;

/* name: general.name, "vouch-2m". Matrices whose rows are no multiple of 32 stay F32 in Q8_0, as do
 * the gains. Written beside and renamed. */
status export_write(const char *path, const net *n, const vocab *v, const char *name,
                    export_type type, error *err);

/* One block of 32 weights as 2 bytes of scale (binary16) and 32 of value. */
void export_quantise_q8(const float *x, uint8_t out[34]);
/* The net as a file of that type ("f16", "q8_0", "q4_0") would give it back, to measure what each
 * costs; false for another name. */
bool export_round_trip(net *n, const char *type);
/* Rounds to binary16 (to nearest, ties to even). */
uint16_t export_half(float x);

#endif
