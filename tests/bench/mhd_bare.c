/* The baseline of `make bench-http`: libmicrohttpd alone, answering 64 bytes to every request, with
 * the same threading as the service. Prints its port, runs until killed. */
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char body[] =
    "{\"status\":\"ok\",\"padding\":\"0123456789012345678901234567890123\"}\n";

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *bytes, void **slot)
{
    (void)context, (void)url, (void)method, (void)version, (void)data;
    static int seen;
    if (*slot == NULL) { /* an answer at the first call would close the connection */
        *slot = &seen;
        return MHD_YES;
    }
    *bytes = 0;
    struct MHD_Response *r =
        MHD_create_response_from_buffer(sizeof body - 1, (void *)body, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(r, "Content-Type", "application/json");
    enum MHD_Result result = MHD_queue_response(connection, 200, r);
    MHD_destroy_response(r);
    return result;
}

int main(void)
{
    struct MHD_Daemon *d = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, handle,
                                            NULL, MHD_OPTION_END);
    if (d == NULL)
        return 1;
    printf("%u\n", MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    pause();
    return 0;
}
