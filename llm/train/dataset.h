/* Episodes as a file, for trainers in other languages. After the line "vouch episodes 1" each
 * episode is, little-endian: u16 tokens of the prefix, u16 where a wording's output starts (0:
 * none), u8 kind, u8 candidates; u16 tokens of the prefix; per candidate u8 length, u8 right or
 * not, u16 tokens. */
#ifndef VOUCH_LLM_TRAIN_DATASET_H
#define VOUCH_LLM_TRAIN_DATASET_H

#include <stdio.h>

#include "core/error.h"
#include "llm/train/episode.h"
#include "llm/train/meaning.h"

status dataset_begin(FILE *f, error *err);
status dataset_write_pairs(FILE *f, const meaning_batch *b, error *err);
status dataset_write(FILE *f, const episode *e, error *err);

#endif
