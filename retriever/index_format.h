/* The layout of the block that index_build.c writes and index.c reads: a header, then sections at
 * 8-byte boundaries. Numbers are in the machine's order; a file from another machine or release
 * has another magic and is made again. Internal to the index. */
#ifndef VOUCH_RETRIEVER_INDEX_FORMAT_H
#define VOUCH_RETRIEVER_INDEX_FORMAT_H

#include <stdint.h>

#include "core/buf.h"
#include "core/error.h"
#include "kg/store.h"

#define INDEX_MAGIC 0x3330584c48435556ull /* "VUCHLX03" */
#define INDEX_MAX_EDGES 16000000u

typedef enum index_section {
    INDEX_IDS = 0,    /* uint64_t per node, ascending */
    INDEX_FLAGS,      /* uint8_t per node: 1 = literal */
    INDEX_CLASSES,    /* uint32_t per node */
    INDEX_RELATIONS,  /* uint64_t per relation: its id */
    INDEX_OUT_STARTS, /* uint32_t per node + 1 */
    INDEX_OUT,        /* index_edge */
    INDEX_IN_STARTS,
    INDEX_IN,
    INDEX_NAMES,   /* index_name_entry */
    INDEX_CHAINS,  /* index_chain_entry, ascending by chain */
    INDEX_BUCKETS, /* uint32_t, 2^bucket_bits + 1: first chain entry of each bucket */
    INDEX_TEXT,    /* bytes */
    INDEX_SECTIONS
} index_section;

typedef struct index_span {
    uint64_t offset, bytes;
} index_span;

typedef struct index_header {
    uint64_t magic, bytes, version, checksum;
    char uuid[32];
    uint64_t nodes, relations, names, chains, edges;
    uint32_t bucket_bits, longest_name;
    index_span sections[INDEX_SECTIONS];
} index_header;

typedef struct index_name_entry {
    uint32_t node;
    uint32_t text; /* offset in INDEX_TEXT */
    uint16_t length;
    uint8_t kind, literal;
    char lang[4];
} index_name_entry;

typedef struct index_chain_entry {
    uint64_t chain;
    uint32_t name;
    uint32_t stem;
} index_chain_entry;

/* Builds the block for the read's version. */
status index_build(kg_read *read, buf *out, error *err);

#endif
