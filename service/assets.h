/* What the binary carries for the browser: the page, its script and style, the vendored graph
 * library and the OpenAPI document. Made at build time from service/web/ and schemas/openapi.json.
 */
#ifndef VOUCH_SERVICE_ASSETS_H
#define VOUCH_SERVICE_ASSETS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct service_asset {
    const char *name;
    const char *content_type;
    const unsigned char *data;
    size_t bytes;
    const char *etag; /* quoted hash of the contents */
} service_asset;

/* false when there is none of that name. */
bool service_asset_find(const char *name, service_asset *out);

#endif
