/* See assets.h. The bytes come from service/web_assets.S; the hashes from build/gen/asset_etags.h.
 */
#include "service/assets.h"

#include <string.h>

#include "asset_etags.h"

#define DECLARE(symbol) extern const unsigned char symbol[], symbol##_end[]
DECLARE(vouch_asset_index_html);
DECLARE(vouch_asset_app_js);
DECLARE(vouch_asset_words_js);
DECLARE(vouch_asset_picture_js);
DECLARE(vouch_asset_style_css);
DECLARE(vouch_asset_cytoscape_min_js);
DECLARE(vouch_asset_openapi_json);

#define SCRIPT "text/javascript; charset=utf-8"

/* A function rather than a table: the ends of the assets are known to the linker only. */
bool service_asset_find(const char *name, service_asset *out)
{
    static const struct {
        const char *name, *type;
        const unsigned char *data, *end;
        const char *etag;
    } sources[] = {
        {"index.html", "text/html; charset=utf-8", vouch_asset_index_html,
         vouch_asset_index_html_end, ETAG_index_html},
        {"app.js", SCRIPT, vouch_asset_app_js, vouch_asset_app_js_end, ETAG_app_js},
        {"words.js", SCRIPT, vouch_asset_words_js, vouch_asset_words_js_end, ETAG_words_js},
        {"picture.js", SCRIPT, vouch_asset_picture_js, vouch_asset_picture_js_end, ETAG_picture_js},
        {"style.css", "text/css; charset=utf-8", vouch_asset_style_css, vouch_asset_style_css_end,
         ETAG_style_css},
        {"cytoscape.min.js", SCRIPT, vouch_asset_cytoscape_min_js, vouch_asset_cytoscape_min_js_end,
         ETAG_cytoscape_min_js},
        {"openapi.json", "application/json", vouch_asset_openapi_json, vouch_asset_openapi_json_end,
         ETAG_openapi_json},
    };
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        if (strcmp(sources[i].name, name) != 0)
            continue;
        *out = (service_asset){sources[i].name, sources[i].type, sources[i].data,
                               (size_t)(sources[i].end - sources[i].data), sources[i].etag};
        return true;
    }
    return false;
}
