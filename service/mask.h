/* Masks personal data before anything is stored: identity numbers (China's 18- and 15-character
 * resident ids), telephone numbers, e-mail addresses, bank card numbers, and further PCRE2 patterns
 * of the configuration and the pack. A match becomes "[…]". Immutable; shared by threads. */
#ifndef VOUCH_SERVICE_MASK_H
#define VOUCH_SERVICE_MASK_H

#include "core/arena.h"
#include "core/error.h"
#include "core/str.h"

typedef struct service_mask service_mask;

/* An invalid pattern is STATUS_INVALID and names it. */
status service_mask_new(const char *const *patterns, size_t count, service_mask **out, error *err);
void service_mask_free(service_mask *mask);

/* The masked text in `a`; text on which a pattern exceeds its match limit is masked whole. */
str service_mask_apply(const service_mask *mask, str text, arena *a);

#endif
