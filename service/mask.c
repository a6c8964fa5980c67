/* See mask.h. */
#include "service/mask.h"

#include <stdlib.h>
#include <string.h>

#include "core/buf.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define MATCH_LIMIT 100000
#define MASKED "[…]"

static const char *const built_in[] = {
    "(?<![0-9])[1-9][0-9]{16}[0-9Xx](?![0-9])",                           /* resident id, 18 */
    "(?<![0-9])[1-9][0-9]{7}(?:0[1-9]|1[0-2])[0-9]{5}(?![0-9])",          /* resident id, 15 */
    "(?<![0-9])(?:\\+?86[- ]?)?1[3-9][0-9](?:[- ]?[0-9]{4}){2}(?![0-9])", /* mobile */
    "(?<![0-9])0[0-9]{2,3}[- ][0-9]{7,8}(?![0-9])",                       /* land line */
    "(?<![0-9])\\+[0-9]{1,3}(?:[-. ]?[0-9]{2,4}){3,5}(?![0-9])",          /* international */
    "(?<![0-9])(?:\\([0-9]{3}\\) ?|[0-9]{3}[-. ])[0-9]{3}[-. ][0-9]{4}(?![0-9])", /* US */
    "(?<![0-9])[0-9]{3}-[0-9]{2}-[0-9]{4}(?![0-9])", /* US social security */
    "(?<![0-9])[3-6][0-9]{3}(?:[- ]?[0-9]{4}){3}(?:[- ]?[0-9]{1,3})?(?![0-9])", /* bank card */
    "(?<![0-9])3[47][0-9]{2}[- ]?[0-9]{6}[- ]?[0-9]{5}(?![0-9])", /* American Express */
    "[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\\.[A-Za-z0-9-]{1,63}){1,8}",
};

/* The digits of a pattern also as the full-width ones that Chinese input methods write: 0-9 in a
 * class becomes 0-9 and U+FF10-U+FF19, a digit outside one a class of both. Numbers of repeats
 * stay. */
static void widen(const char *pattern, buf *out)
{
    bool in_class = false;
    bool in_repeat = false;
    for (const char *p = pattern; *p != '\0'; p++) {
        bool digit = *p >= '0' && *p <= '9' && !in_repeat;
        in_class = *p == '[' || (in_class && *p != ']');
        in_repeat = *p == '{' || (in_repeat && *p != '}');
        if (!digit)
            buf_add_char(out, *p);
        else if (!in_class)
            buf_printf(out, "[%c\xef\xbc%c]", *p, *p - '0' + 0x90);
        else if (p[1] == '-')
            buf_printf(out, "%c-%c\xef\xbc%c-\xef\xbc%c", *p, p[2], *p - '0' + 0x90,
                       p[2] - '0' + 0x90);
        else
            buf_printf(out, "%c\xef\xbc%c", *p, *p - '0' + 0x90);
        if (digit && in_class && p[1] == '-')
            p += 2;
    }
}

struct service_mask {
    pcre2_code **codes;
    size_t count;
    pcre2_match_context *limits;
};

void service_mask_free(service_mask *mask)
{
    if (mask == NULL)
        return;
    for (size_t i = 0; i < mask->count; i++)
        pcre2_code_free(mask->codes[i]);
    pcre2_match_context_free(mask->limits);
    free(mask->codes);
    free(mask);
}

static status compile(service_mask *mask, const char *pattern, error *err)
{
    int problem;
    PCRE2_SIZE offset;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
                                     PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, &problem, &offset, NULL);
    if (code == NULL) {
        char text[128];
        pcre2_get_error_message(problem, (PCRE2_UCHAR *)text, sizeof text);
        return error_set(err, STATUS_INVALID, "mask pattern '%s': %s at offset %zu", pattern, text,
                         (size_t)offset);
    }
    (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); /* else it is interpreted */
    mask->codes[mask->count++] = code;
    return STATUS_OK;
}

status service_mask_new(const char *const *patterns, size_t count, service_mask **out, error *err)
{
    size_t own = sizeof built_in / sizeof built_in[0];
    service_mask *mask = calloc(1, sizeof *mask);
    if (mask != NULL) {
        mask->codes = calloc(own + count, sizeof *mask->codes);
        mask->limits = pcre2_match_context_create(NULL);
    }
    status code = STATUS_OK;
    if (mask == NULL || mask->codes == NULL || mask->limits == NULL)
        code = error_memory(err);
    else
        pcre2_set_match_limit(mask->limits, MATCH_LIMIT);
    for (size_t i = 0; code == STATUS_OK && i < own; i++) {
        buf wide = {0};
        widen(built_in[i], &wide);
        buf_add_char(&wide, '\0');
        code = wide.failed ? error_memory(err) : compile(mask, wide.data, err);
        buf_free(&wide);
    }
    for (size_t i = 0; code == STATUS_OK && i < count; i++)
        code = compile(mask, patterns[i], err);
    if (code != STATUS_OK) {
        service_mask_free(mask);
        return code;
    }
    *out = mask;
    return STATUS_OK;
}

/* Copies `text` with this pattern's matches masked; false when a limit was hit. */
static bool mask_one(const service_mask *mask, const pcre2_code *code, str text, buf *out)
{
    pcre2_match_data *data = pcre2_match_data_create_from_pattern(code, NULL);
    size_t at = 0;
    bool ok = data != NULL;
    while (ok && at <= text.length) {
        int found = pcre2_match(code, (PCRE2_SPTR)(text.data == NULL ? "" : text.data), text.length,
                                at, 0, data, mask->limits);
        if (found < 0) {
            ok = found == PCRE2_ERROR_NOMATCH;
            break;
        }
        const PCRE2_SIZE *span = pcre2_get_ovector_pointer(data);
        if (span[1] <= span[0]) /* an empty match masks nothing and would not end */
            break;
        buf_add(out, str_slice(text, at, span[0]));
        buf_add_cstr(out, MASKED);
        at = span[1];
    }
    buf_add(out, str_slice(text, at, text.length));
    pcre2_match_data_free(data);
    return ok && !out->failed;
}

str service_mask_apply(const service_mask *mask, str text, arena *a)
{
    str masked = text;
    for (size_t i = 0; i < mask->count; i++) {
        buf out = {0};
        bool ok = mask_one(mask, mask->codes[i], masked, &out);
        masked = ok ? arena_str(a, buf_str(&out)) : STR(MASKED);
        buf_free(&out);
        if (!ok)
            break;
    }
    return masked;
}
