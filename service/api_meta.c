/* /healthz, /readyz, /metrics, /openapi.json and the web page's assets. */
#include <stdlib.h>
#include <string.h>

#include "core/version.h"
#include "service/api.h"
#include "service/assets.h"

static void plain(call *c, unsigned http_status, const char *text)
{
    c->r->status = http_status;
    c->r->content_type = "text/plain; charset=utf-8";
    c->r->fixed = text;
    c->r->fixed_bytes = strlen(text);
}

void api_healthz(call *c)
{
    plain(c, 200, "ok\n");
}

/* Ready as long as there is a queue to join: graphs were opened before the port was. */
void api_readyz(call *c)
{
    if (c->s->http == NULL)
        plain(c, 503, "starting\n");
    else
        plain(c, 200, "ready\n");
}

void api_metrics(call *c)
{
    service_graph **all;
    size_t count = service_graphs_all(c->s->graphs, &all);
    service_graph_gauge *gauges = ARENA_ARRAY(c->r->a, service_graph_gauge, count + 1);
    for (size_t i = 0; i < count; i++) {
        error err = {0};
        kg_read *read = NULL;
        kg_totals totals = {0};
        bool named = c->key != NULL && api_may_see(c, all[i]->name);
        if (named && kg_read_begin(all[i]->store, &read, &err) == STATUS_OK) {
            (void)kg_read_totals(read, &totals, &err);
            kg_read_end(read);
        }
        if (gauges != NULL && named)
            gauges[i] = (service_graph_gauge){arena_cstr(c->r->a, str_from(all[i]->name)),
                                              totals.statements, totals.version};
        service_graphs_release(c->s->graphs, all[i]);
    }
    free(all);
    if (gauges != NULL)
        service_metrics_print(c->s->metrics, api_route_names, api_route_count, gauges, count,
                              &c->r->out);
    c->r->content_type = "text/plain; version=0.0.4; charset=utf-8";
    c->r->status = 200;
}

static void send_asset(call *c, const service_asset *asset)
{
    http_header_out(c->r, "ETag", asset->etag);
    http_header_out(c->r, "Cache-Control", "no-cache");
    if (c->if_none_match != NULL && strstr(c->if_none_match, asset->etag) != NULL) {
        c->r->status = 304;
        return;
    }
    c->r->status = 200;
    c->r->content_type = asset->content_type;
    c->r->fixed = asset->data;
    c->r->fixed_bytes = asset->bytes;
}

void api_openapi(call *c)
{
    service_asset asset;
    if (service_asset_find("openapi.json", &asset))
        send_asset(c, &asset);
    else
        api_not_found(c, "document");
}

void api_page_asset(call *c)
{
    const char *name = strcmp(c->r->path, "/") == 0 ? "index.html" : c->segments[0];
    service_asset asset;
    if (strcmp(name, "openapi.json") == 0 || !service_asset_find(name, &asset)) {
        api_not_found(c, "asset");
        return;
    }
    http_header_out(
        c->r, "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'");
    http_header_out(c->r, "Referrer-Policy", "no-referrer");
    send_asset(c, &asset);
}
