/* The bytes come from embedded_data.S; their ends are two symbols, equal when there is no model. */
#include "llm/embedded.h"

extern const unsigned char llm_embedded_begin[];
extern const unsigned char llm_embedded_end[];

bool llm_embedded_model(const void **data, size_t *bytes)
{
    size_t count = (size_t)(llm_embedded_end - llm_embedded_begin);
    if (count == 0)
        return false;
    *data = llm_embedded_begin;
    *bytes = count;
    return true;
}
