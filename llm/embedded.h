/* The model that is linked into the binary: llm/models/vouch.gguf at build time, or none (the file
 * was absent, or the build said VOUCH_EMBEDDED=0). The bytes are read-only and live as long as the
 * process. */
#ifndef VOUCH_LLM_EMBEDDED_H
#define VOUCH_LLM_EMBEDDED_H

#include <stdbool.h>
#include <stddef.h>

/* false, and nothing written, when the binary holds no model. */
bool llm_embedded_model(const void **data, size_t *bytes);

#endif
