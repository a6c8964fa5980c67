/* See lingering.h. One thread polls the guests and a pair of sockets that tells it of new ones. */
#include "service/lingering.h"

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"

#define SECOND_NS ((uint64_t)1000000000)
#define GLANCE_MS 500 /* how late an end of time may be noticed */

typedef struct guest {
    int fd;
    uint64_t until_ns;
    size_t bytes;
} guest;

struct lingering {
    pthread_mutex_t lock;
    pthread_t thread;
    int wake[2]; /* a byte wakes the thread; its end stops it */
    guest guests[LINGERING_MOST];
    size_t count;
};

/* Reads what is there; false when the client has ended or had its share. */
static bool forget(guest *g)
{
    char bytes[65536];
    for (int i = 0; i < 16; i++) {
        ssize_t n = recv(g->fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (n <= 0)
            return n < 0 && clock_monotonic_ns() < g->until_ns;
        g->bytes += (size_t)n;
        if (g->bytes > LINGERING_BYTES)
            return false;
    }
    return clock_monotonic_ns() < g->until_ns;
}

/* Looks at every guest; the ready ones have no need to be known, a read of nothing is cheap. */
static void look(lingering *l)
{
    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < l->count;) {
        if (forget(&l->guests[i])) {
            i++;
        } else {
            close(l->guests[i].fd);
            l->guests[i] = l->guests[--l->count];
        }
    }
    pthread_mutex_unlock(&l->lock);
}

static void *run(void *context)
{
    lingering *l = context;
    struct pollfd polled[LINGERING_MOST + 1];
    for (;;) {
        char told[64];
        pthread_mutex_lock(&l->lock);
        size_t count = l->count;
        for (size_t i = 0; i < count; i++)
            polled[i + 1] = (struct pollfd){.fd = l->guests[i].fd, .events = POLLIN};
        pthread_mutex_unlock(&l->lock);
        polled[0] = (struct pollfd){.fd = l->wake[0], .events = POLLIN};
        (void)poll(polled, (nfds_t)(count + 1), count > 0 ? GLANCE_MS : -1);
        if (polled[0].revents != 0 && read(l->wake[0], told, sizeof told) == 0)
            return NULL;
        look(l);
    }
}

lingering *lingering_open(void)
{
    lingering *l = calloc(1, sizeof *l);
    if (l == NULL)
        return NULL;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, l->wake) != 0) {
        free(l);
        return NULL;
    }
    pthread_mutex_init(&l->lock, NULL);
    if (pthread_create(&l->thread, NULL, run, l) == 0)
        return l;
    close(l->wake[0]), close(l->wake[1]);
    pthread_mutex_destroy(&l->lock);
    free(l);
    return NULL;
}

void lingering_close(lingering *l)
{
    if (l == NULL)
        return;
    close(l->wake[1]);
    pthread_join(l->thread, NULL);
    for (size_t i = 0; i < l->count; i++)
        close(l->guests[i].fd);
    close(l->wake[0]);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

void lingering_take(lingering *l, int fd)
{
    pthread_mutex_lock(&l->lock);
    bool room = l->count < LINGERING_MOST;
    if (room)
        l->guests[l->count++] =
            (guest){.fd = fd, .until_ns = clock_monotonic_ns() + LINGERING_SECONDS * SECOND_NS};
    pthread_mutex_unlock(&l->lock);
    if (!room)
        close(fd);
    else
        (void)!write(l->wake[1], "", 1);
}
