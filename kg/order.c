/* See order.h. Least significant byte first; bytes that all keys share cost no pass. */
#include "kg/order.h"

#include <stdlib.h>
#include <string.h>

#define SMALL 48

static void insertion_sort(kg_ordered *items, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        kg_ordered item = items[i];
        size_t j = i;
        for (; j > 0 && items[j - 1].key > item.key; j--)
            items[j] = items[j - 1];
        items[j] = item;
    }
}

bool kg_order(kg_ordered *items, size_t count)
{
    if (count <= SMALL) {
        insertion_sort(items, count);
        return true;
    }
    uint64_t differ = 0;
    for (size_t i = 1; i < count; i++)
        differ |= items[i].key ^ items[0].key;
    kg_ordered *spare = malloc(count * sizeof *spare), *from = items, *to = spare;
    if (spare == NULL)
        return false;
    for (unsigned shift = 0; shift < 64; shift += 8) {
        size_t start[256] = {0}, sum = 0;
        if ((differ >> shift & 0xff) == 0)
            continue;
        for (size_t i = 0; i < count; i++)
            start[from[i].key >> shift & 0xff]++;
        for (size_t b = 0; b < 256; b++) {
            size_t here = start[b];
            start[b] = sum;
            sum += here;
        }
        for (size_t i = 0; i < count; i++)
            to[start[from[i].key >> shift & 0xff]++] = from[i];
        kg_ordered *swap = from;
        from = to;
        to = swap;
    }
    if (from != items)
        memcpy(items, from, count * sizeof *items);
    free(spare);
    return true;
}
