/* See connections.h. A doubly linked list under a mutex; `since` is atomic, so that a request takes
 * no lock. */
#define _GNU_SOURCE /* POLLRDHUP */
#include "service/connections.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct connection_note {
    connection_note *previous, *next;
    int fd;
    bool answered_early;
    _Atomic uint64_t since_ns; /* 0 = a request is being served */
    char address[INET6_ADDRSTRLEN];
};

struct connections {
    pthread_mutex_t lock;
    connection_note *first;
};

connections *connections_new(void)
{
    connections *list = calloc(1, sizeof *list);
    if (list != NULL)
        pthread_mutex_init(&list->lock, NULL);
    return list;
}

void connections_free(connections *list)
{
    if (list == NULL)
        return;
    for (connection_note *note = list->first, *next; note != NULL; note = next) {
        next = note->next;
        free(note);
    }
    pthread_mutex_destroy(&list->lock);
    free(list);
}

static void write_address(connection_note *note, const struct sockaddr *client)
{
    const void *bytes = NULL;
    if (client != NULL && client->sa_family == AF_INET6)
        bytes = &((const struct sockaddr_in6 *)(const void *)client)->sin6_addr;
    else if (client != NULL && client->sa_family == AF_INET)
        bytes = &((const struct sockaddr_in *)(const void *)client)->sin_addr;
    if (bytes != NULL)
        inet_ntop(client->sa_family, bytes, note->address, sizeof note->address);
}

connection_note *connections_add(connections *list, const struct sockaddr *client, int fd,
                                 uint64_t now_ns)
{
    connection_note *note = calloc(1, sizeof *note);
    if (note == NULL)
        return NULL;
    note->fd = fd;
    atomic_init(&note->since_ns, now_ns);
    write_address(note, client);
    pthread_mutex_lock(&list->lock);
    note->next = list->first;
    if (note->next != NULL)
        note->next->previous = note;
    list->first = note;
    pthread_mutex_unlock(&list->lock);
    return note;
}

void connections_remove(connections *list, connection_note *note)
{
    if (note == NULL)
        return;
    pthread_mutex_lock(&list->lock);
    *(note->previous == NULL ? &list->first : &note->previous->next) = note->next;
    if (note->next != NULL)
        note->next->previous = note->previous;
    pthread_mutex_unlock(&list->lock);
    free(note);
}

const char *connection_address(const connection_note *note)
{
    return note == NULL ? "" : note->address;
}

void connection_begins(connection_note *note)
{
    if (note != NULL)
        atomic_store_explicit(&note->since_ns, 0, memory_order_relaxed);
}

void connection_rests(connection_note *note, uint64_t now_ns)
{
    if (note != NULL)
        atomic_store_explicit(&note->since_ns, now_ns, memory_order_relaxed);
}

void connection_answers_early(connection_note *note)
{
    if (note != NULL)
        note->answered_early = true;
}

bool connection_answered_early(const connection_note *note)
{
    return note != NULL && note->answered_early;
}

size_t connections_cut_slow(connections *list, uint64_t now_ns, uint64_t most_ns)
{
    size_t cut = 0;
    pthread_mutex_lock(&list->lock);
    for (connection_note *note = list->first; note != NULL; note = note->next) {
        uint64_t since = atomic_load_explicit(&note->since_ns, memory_order_relaxed);
        if (since == 0 || now_ns < since || now_ns - since <= most_ns)
            continue;
        shutdown(note->fd, SHUT_RDWR);
        cut++;
    }
    pthread_mutex_unlock(&list->lock);
    return cut;
}

size_t connections_tell_ended(connections *list)
{
    size_t ended = 0;
    pthread_mutex_lock(&list->lock);
    for (connection_note *note = list->first; note != NULL; note = note->next) {
        struct pollfd p = {.fd = note->fd, .events = POLLRDHUP};
        if (poll(&p, 1, 0) <= 0 || (p.revents & POLLRDHUP) == 0)
            continue;
        shutdown(note->fd, SHUT_RD); /* an event for epoll; bytes that came can still be read */
        ended++;
    }
    pthread_mutex_unlock(&list->lock);
    return ended;
}
