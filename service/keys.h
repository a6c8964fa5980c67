/* API keys: who may do what on which graph. The key file is JSON (mode 0600) that holds only
 * hashes: BLAKE2b-256 of the key's 256 random bits (libsodium crypto_generichash; a slow password
 * hash adds nothing to a random secret). A key looks like "vk_<id>_<secret>", is shown once, and
 * its hash is compared in constant time. A service_keys value is immutable and shared by threads.
 */
#ifndef VOUCH_SERVICE_KEYS_H
#define VOUCH_SERVICE_KEYS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"
#include "core/str.h"

/* Each role includes the ones before it. */
typedef enum service_role {
    ROLE_NONE = 0,
    ROLE_ASK,    /* ask, retrieve, verify, read the graph, give feedback */
    ROLE_INGEST, /* also load sources */
    ROLE_ADMIN   /* also delete sources, read and erase feedback */
} service_role;

/* "none", "ask", "ingest", "admin"; false for another word. */
const char *service_role_name(service_role role);
bool service_role_parse(const char *name, service_role *out);

typedef struct service_keys service_keys;
typedef struct service_key service_key; /* borrowed from its service_keys */

#define SERVICE_KEY_TEXT_BYTES 80 /* "vk_" id "_" secret and a NUL */

/* A missing file is STATUS_NOT_FOUND. */
status service_keys_read(const char *path, service_keys **out, error *err);
void service_keys_free(service_keys *keys);

/* The live key of this text, NULL when it is none (wrong, revoked). */
const service_key *service_keys_find(const service_keys *keys, str text);
/* The role on a graph: the key's own entry, else its "*" entry, else ROLE_NONE. */
service_role service_key_role(const service_key *key, const char *graph);
const char *service_key_id(const service_key *key);
/* Requests a minute; 0 = the service's default. */
unsigned service_key_rate(const service_key *key);

/* Adds a key to the file (made when missing) atomically and gives its text, to be shown once.
 * `graph` may be "*". */
status service_keys_add(const char *path, const char *graph, service_role role, const char *note,
                        unsigned rate_per_minute, char text[SERVICE_KEY_TEXT_BYTES], error *err);
/* Marks a key as revoked; STATUS_NOT_FOUND when there is none of that id. */
status service_keys_revoke(const char *path, const char *id, error *err);
/* The file's entries without hashes, as a JSON array (caller decref's). */
status service_keys_list(const char *path, json_t **out, error *err);

#endif
