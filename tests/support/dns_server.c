/* SPDX-License-Identifier: MIT */
#include "dns_server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECORDS_MAX 64
#define NAMES_MAX   256
#define NAME_SIZE   256
#define DATA_SIZE   512
#define REPLY_SIZE  8192
#define CLIENTS_MAX 8

enum {
    TYPE_A = 1,
    TYPE_CNAME = 5,
    TYPE_PTR = 12,
    TYPE_AAAA = 28,
    TYPE_SRV = 33,
    TYPE_URI = 256
};

struct record {
    char name[NAME_SIZE];
    uint16_t type;
    uint32_t ttl;
    uint8_t data[DATA_SIZE];
    uint16_t size;
};

struct dns_server {
    int udp;
    int tcp;
    int stop;
    pthread_t thread;
    char address[32];

    pthread_mutex_t lock; /* guards what follows */
    dns_mood mood;
    struct record records[RECORDS_MAX];
    unsigned record_count;
    char asked[NAMES_MAX][NAME_SIZE];
    unsigned asked_count;
    unsigned asked_by_tcp;
};

static size_t put16(uint8_t *place, unsigned value)
{
    place[0] = (uint8_t)(value >> 8);
    place[1] = (uint8_t)value;
    return 2;
}

static size_t put32(uint8_t *place, uint32_t value)
{
    put16(place, value >> 16);
    return 2 + put16(place + 2, value & 0xffff);
}

static size_t put_name(uint8_t *place, const char *name)
{
    size_t size = 0;

    while (*name != '\0') {
        size_t length = strcspn(name, ".");

        place[size++] = (uint8_t)length;
        memcpy(place + size, name, length);
        size += length;
        name += length + (name[length] == '.' ? 1 : 0);
    }
    place[size++] = 0;
    return size;
}

/* Reads the question; returns the place behind it, 0 if it is none. */
static size_t read_question(const uint8_t *query, size_t size, char name[NAME_SIZE],
                            uint16_t *type)
{
    size_t at = 12;
    size_t length = 0;

    if (size < 17)
        return 0;
    while (at < size && query[at] != 0) {
        size_t label = query[at++];

        if (label > 63 || at + label >= size || length + label + 2 > NAME_SIZE)
            return 0;
        if (length > 0)
            name[length++] = '.';
        memcpy(name + length, query + at, label);
        length += label;
        at += label;
    }
    name[length] = '\0';
    if (at + 5 > size)
        return 0;
    *type = (uint16_t)(query[at + 1] << 8 | query[at + 2]);
    return at + 5;
}

/* Adds the records of a name, and what its alias leads to. Lock held. */
static size_t put_records(const dns_server *server, const char *name, uint16_t type,
                          uint8_t *reply, size_t size, unsigned *count, bool *exists)
{
    char next[NAME_SIZE] = "";

    for (unsigned i = 0; i < server->record_count; i++) {
        const struct record *record = &server->records[i];

        if (strcasecmp(record->name, name) != 0)
            continue;
        *exists = true;
        if (record->type != type && record->type != TYPE_CNAME)
            continue;
        size += put_name(reply + size, record->name);
        size += put16(reply + size, record->type);
        size += put16(reply + size, 1);
        size += put32(reply + size, record->ttl);
        size += put16(reply + size, record->size);
        memcpy(reply + size, record->data, record->size);
        size += record->size;
        (*count)++;
        if (record->type == TYPE_CNAME) {
            size_t at = 0;
            size_t length = 0;

            while (record->data[at] != 0) {
                memcpy(next + length, record->data + at + 1, record->data[at]);
                length += record->data[at];
                at += (size_t)record->data[at] + 1;
                next[length++] = record->data[at] != 0 ? '.' : '\0';
            }
        }
    }
    return next[0] != '\0' ? put_records(server, next, type, reply, size, count, exists) : size;
}

/* Returns the size of the reply, 0 for none. */
static size_t answer(dns_server *server, const uint8_t *query, size_t size, bool by_tcp,
                     uint8_t *reply)
{
    char name[NAME_SIZE];
    uint16_t type;
    size_t question = read_question(query, size, name, &type);
    size_t length = question;
    unsigned count = 0;
    bool exists = false;
    dns_mood mood;

    if (question == 0)
        return 0;
    memcpy(reply, query, question);
    pthread_mutex_lock(&server->lock);
    if (by_tcp)
        server->asked_by_tcp++;
    else if (server->asked_count < NAMES_MAX)
        strcpy(server->asked[server->asked_count++], name);
    mood = server->mood;
    if (mood == DNS_ANSWERS || mood == DNS_BREAKS_OFF || (mood == DNS_TRUNCATES && by_tcp))
        length = put_records(server, name, type, reply, length, &count, &exists);
    pthread_mutex_unlock(&server->lock);

    reply[2] = 0x84 | (query[2] & 1); /* a reply, with authority */
    reply[3] = 0x80;
    put16(reply + 4, 1);
    put16(reply + 6, count);
    put16(reply + 8, 0);
    put16(reply + 10, 0);
    switch (mood) {
    case DNS_SILENT:
        return 0;
    case DNS_FAILS:
        reply[3] |= 2;
        break;
    case DNS_TRUNCATES:
        if (!by_tcp)
            reply[2] |= 2;
        else if (!exists)
            reply[3] |= 3;
        break;
    case DNS_MUMBLES:
        put16(reply + 6, 3);
        memset(reply + length, 0xc5, 40);
        length += 40;
        break;
    case DNS_BREAKS_OFF:
        length -= (length - question) / 2;
        break;
    case DNS_ANSWERS:
        if (!exists)
            reply[3] |= 3;
        break;
    }
    return length;
}

static void serve_udp(dns_server *server)
{
    struct sockaddr_storage peer;
    socklen_t peer_size = sizeof peer;
    uint8_t query[1024];
    uint8_t reply[REPLY_SIZE];
    ssize_t size =
        recvfrom(server->udp, query, sizeof query, 0, (struct sockaddr *)&peer, &peer_size);
    size_t length = size > 0 ? answer(server, query, (size_t)size, false, reply) : 0;

    if (length > 0)
        sendto(server->udp, reply, length, 0, (struct sockaddr *)&peer, peer_size);
}

/* One query of a connection; false if it is over. */
static bool serve_tcp(dns_server *server, int client)
{
    uint8_t query[1024];
    uint8_t reply[REPLY_SIZE + 2];
    uint8_t head[2];
    size_t size;
    size_t length;

    if (recv(client, head, 2, MSG_WAITALL) != 2)
        return false;
    size = (size_t)(head[0] << 8 | head[1]);
    if (size > sizeof query || recv(client, query, size, MSG_WAITALL) != (ssize_t)size)
        return false;
    length = answer(server, query, size, true, reply + 2);
    if (length == 0)
        return true;
    put16(reply, (unsigned)length);
    return send(client, reply, length + 2, MSG_NOSIGNAL) == (ssize_t)(length + 2);
}

static void *serve(void *data)
{
    dns_server *server = data;
    struct pollfd fds[3 + CLIENTS_MAX] = {
        {server->stop, POLLIN, 0}, {server->udp, POLLIN, 0}, {server->tcp, POLLIN, 0}};
    nfds_t count = 3;

    while (poll(fds, count, -1) >= 0 && !(fds[0].revents & POLLIN)) {
        for (nfds_t i = count; i-- > 3;) {
            if (fds[i].revents != 0 && !serve_tcp(server, fds[i].fd)) {
                close(fds[i].fd);
                fds[i] = fds[--count];
            }
        }
        if (fds[1].revents & POLLIN)
            serve_udp(server);
        if ((fds[2].revents & POLLIN) && count < 3 + CLIENTS_MAX) {
            fds[count].fd = accept(server->tcp, NULL, NULL);
            fds[count].events = POLLIN;
            fds[count].revents = 0;
            count += fds[count].fd >= 0 ? 1 : 0;
        }
    }
    while (count-- > 3)
        close(fds[count].fd);
    return NULL;
}

/* Both on one port that nobody has. */
static void open_sockets(dns_server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;

    for (int tries = 0; tries < 50; tries++) {
        address.sin_port = 0;
        server->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        server->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert(server->udp >= 0 && server->tcp >= 0);
        if (bind(server->udp, (struct sockaddr *)&address, size) == 0 &&
            getsockname(server->udp, (struct sockaddr *)&address, &size) == 0 &&
            bind(server->tcp, (struct sockaddr *)&address, size) == 0 &&
            listen(server->tcp, 16) == 0) {
            snprintf(server->address, sizeof server->address, "127.0.0.1:%u",
                     ntohs(address.sin_port));
            return;
        }
        close(server->udp);
        close(server->tcp);
    }
    abort();
}

dns_server *dns_server_start(void)
{
    dns_server *server = calloc(1, sizeof *server);
    int code;

    assert(server != NULL);
    pthread_mutex_init(&server->lock, NULL);
    open_sockets(server);
    server->stop = eventfd(0, EFD_CLOEXEC);
    code = pthread_create(&server->thread, NULL, serve, server);
    assert(code == 0);
    (void)code;
    return server;
}

void dns_server_stop(dns_server *server)
{
    eventfd_write(server->stop, 1);
    pthread_join(server->thread, NULL);
    close(server->udp);
    close(server->tcp);
    close(server->stop);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

const char *dns_server_address(const dns_server *server)
{
    return server->address;
}

void dns_server_set_mood(dns_server *server, dns_mood mood)
{
    pthread_mutex_lock(&server->lock);
    server->mood = mood;
    pthread_mutex_unlock(&server->lock);
}

unsigned dns_server_asked(dns_server *server, const char *name)
{
    unsigned count = 0;

    pthread_mutex_lock(&server->lock);
    for (unsigned i = 0; i < server->asked_count; i++)
        count += name == NULL || strcasecmp(server->asked[i], name) == 0;
    pthread_mutex_unlock(&server->lock);
    return count;
}

unsigned dns_server_asked_by_tcp(dns_server *server)
{
    unsigned count;

    pthread_mutex_lock(&server->lock);
    count = server->asked_by_tcp;
    pthread_mutex_unlock(&server->lock);
    return count;
}

static void add(dns_server *server, const char *name, uint16_t type, uint32_t ttl,
                const uint8_t *data, size_t size)
{
    struct record *record;

    assert(size <= DATA_SIZE && strlen(name) < NAME_SIZE);
    pthread_mutex_lock(&server->lock);
    assert(server->record_count < RECORDS_MAX);
    record = &server->records[server->record_count++];
    strcpy(record->name, name);
    record->type = type;
    record->ttl = ttl;
    record->size = (uint16_t)size;
    memcpy(record->data, data, size);
    pthread_mutex_unlock(&server->lock);
}

static void add_address(dns_server *server, const char *name, uint32_t ttl, int family,
                        const char *address)
{
    uint8_t data[16];
    int code = inet_pton(family, address, data);

    assert(code == 1);
    (void)code;
    add(server, name, family == AF_INET ? TYPE_A : TYPE_AAAA, ttl, data,
        family == AF_INET ? 4 : 16);
}

void dns_server_a(dns_server *server, const char *name, uint32_t ttl, const char *address)
{
    add_address(server, name, ttl, AF_INET, address);
}

void dns_server_aaaa(dns_server *server, const char *name, uint32_t ttl, const char *address)
{
    add_address(server, name, ttl, AF_INET6, address);
}

static void add_name(dns_server *server, const char *name, uint16_t type, uint32_t ttl,
                     const char *target)
{
    uint8_t data[DATA_SIZE];

    add(server, name, type, ttl, data, put_name(data, target));
}

void dns_server_cname(dns_server *server, const char *name, uint32_t ttl, const char *target)
{
    add_name(server, name, TYPE_CNAME, ttl, target);
}

void dns_server_ptr(dns_server *server, const char *name, uint32_t ttl, const char *target)
{
    add_name(server, name, TYPE_PTR, ttl, target);
}

void dns_server_srv(dns_server *server, const char *name, uint32_t ttl, uint16_t priority,
                    uint16_t port, const char *target)
{
    uint8_t data[DATA_SIZE];
    size_t size = put16(data, priority);

    size += put16(data + size, 0); /* weight */
    size += put16(data + size, port);
    size += put_name(data + size, target);
    add(server, name, TYPE_SRV, ttl, data, size);
}

void dns_server_uri(dns_server *server, const char *name, uint32_t ttl, uint16_t priority,
                    const char *uri)
{
    uint8_t data[DATA_SIZE];
    size_t size = put16(data, priority);

    size += put16(data + size, 0);
    assert(size + strlen(uri) <= sizeof data);
    memcpy(data + size, uri, strlen(uri));
    add(server, name, TYPE_URI, ttl, data, size + strlen(uri));
}
