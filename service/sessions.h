/* Conversations by name: (client, graph, session) -> a fusion_conversation. Bounded and forgetful:
 * the least recently used goes when there are too many, all go an hour after their last use. */
#ifndef VOUCH_SERVICE_SESSIONS_H
#define VOUCH_SERVICE_SESSIONS_H

#include "core/str.h"
#include "fusion/engine.h"

typedef struct service_sessions service_sessions;
typedef struct service_session service_session;

service_sessions *service_sessions_new(size_t most); /* NULL when out of memory */
void service_sessions_free(service_sessions *sessions);

/* The conversation of that name, made when new. Waits while another request uses it. NULL when out
 * of memory. */
service_session *service_session_acquire(service_sessions *sessions, str client, str graph,
                                         str name);
fusion_conversation *service_session_conversation(service_session *session);
void service_session_release(service_sessions *sessions, service_session *session);

#endif
