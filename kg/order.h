/* Sorting by a 64-bit key in linear time: what the writer puts into SQLite goes in key order, so
 * that neighbours land on the same page. Inside kg/ only. */
#ifndef VOUCH_KG_ORDER_H
#define VOUCH_KG_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct kg_ordered {
    uint64_t key;
    uint64_t at; /* what the key stands for */
} kg_ordered;

/* Ascending by key; equal keys keep their order. false when out of memory. */
bool kg_order(kg_ordered *items, size_t count);

#endif
