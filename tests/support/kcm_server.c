/* SPDX-License-Identifier: MIT */
#include "kcm_server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define USERS    256
#define TICKETS  64
#define LONGEST  65536
#define UUID     16
#define INTERNAL 0x96c73ac4u /* KRB5_FCC_INTERNAL: what a daemon says that has no such call */
#define NO_FILE  0x96c73ac3u /* KRB5_FCC_NOFILE */

enum {
    INITIALIZE = 4,
    STORE = 6,
    GET_PRINCIPAL = 8,
    LIST_TICKETS = 9,
    GET_TICKET = 10,
    LIST_CACHES = 18,
    GET_CACHE = 19,
    GET_DEFAULT = 20
};

struct blob {
    size_t size;
    unsigned char *bytes;
};

static struct blob owner;
static struct blob tickets[TICKETS];
static uint32_t ticket_count;

static unsigned char reply[LONGEST];
static size_t reply_size;

static void check(bool good, const char *what)
{
    if (good)
        return;
    perror(what);
    _exit(EXIT_FAILURE);
}

static void say(const void *bytes, size_t size)
{
    check(reply_size + size <= sizeof(reply), "a reply that is too long");
    memcpy(reply + reply_size, bytes, size);
    reply_size += size;
}

static void say_number(uint32_t number)
{
    const uint32_t swapped = htonl(number);

    say(&swapped, sizeof(swapped));
}

static void keep(struct blob *blob, const unsigned char *bytes, size_t size)
{
    free(blob->bytes);
    blob->bytes = malloc(size + 1);
    check(blob->bytes != NULL, "malloc");
    memcpy(blob->bytes, bytes, size);
    blob->size = size;
}

static void say_uuid(uint32_t number)
{
    unsigned char uuid[UUID] = {0};

    memcpy(uuid, &number, sizeof(number));
    say(uuid, sizeof(uuid));
}

static void give_ticket(const unsigned char *uuid, size_t size)
{
    uint32_t number = UINT32_MAX;

    if (size == UUID)
        memcpy(&number, uuid, sizeof(number));
    if (number >= ticket_count) {
        say_number(NO_FILE);
        return;
    }
    say_number(0);
    say(tickets[number].bytes, tickets[number].size);
}

/* Behind the version: the number of the call, for most the cache's name, and the rest. */
static void answer(const unsigned char *request, size_t size)
{
    const unsigned call = (unsigned)request[0] << 8 | request[1];
    const unsigned char *rest = memchr(request + 2, 0, size - 2);
    const size_t left = rest != NULL ? (size_t)(request + size - ++rest) : 0;

    switch (call) {
    case INITIALIZE:
        keep(&owner, rest, left);
        ticket_count = 0;
        say_number(0);
        break;
    case STORE:
        check(ticket_count < TICKETS, "too many tickets");
        keep(&tickets[ticket_count++], rest, left);
        say_number(0);
        break;
    case GET_PRINCIPAL:
        say_number(owner.size > 0 ? 0 : NO_FILE);
        say(owner.bytes, owner.size);
        break;
    case LIST_TICKETS:
        say_number(0);
        for (uint32_t i = 0; i < ticket_count; i++)
            say_uuid(i);
        break;
    case GET_TICKET:
        give_ticket(rest, left);
        break;
    case LIST_CACHES:
        say_number(0);
        say_uuid(0);
        break;
    case GET_CACHE:
    case GET_DEFAULT:
        say_number(0);
        say("1000", sizeof("1000"));
        break;
    default:
        say_number(INTERNAL);
        break;
    }
}

/* One request; false: the user has gone. */
static bool serve(int user)
{
    static unsigned char request[LONGEST];
    uint32_t length;
    uint32_t head[2] = {0, 0};

    if (recv(user, &length, sizeof(length), MSG_WAITALL) != (ssize_t)sizeof(length))
        return false;
    length = ntohl(length);
    check(length >= 4 && length <= sizeof(request), "a request of that length");
    if (recv(user, request, length, MSG_WAITALL) != (ssize_t)length)
        return false;
    reply_size = 0;
    answer(request + 2, length - 2);
    head[0] = htonl((uint32_t)reply_size);
    return send(user, head, sizeof(head), MSG_NOSIGNAL | MSG_MORE) == (ssize_t)sizeof(head) &&
           send(user, reply, reply_size, MSG_NOSIGNAL) == (ssize_t)reply_size;
}

static void serve_all(int listener)
{
    struct pollfd fds[USERS + 1];
    nfds_t count = 1;

    fds[0] = (struct pollfd){listener, POLLIN, 0};
    for (;;) {
        check(poll(fds, count, -1) >= 0, "poll");
        for (nfds_t i = count - 1; i > 0; i--) {
            if (fds[i].revents == 0 || serve(fds[i].fd))
                continue;
            close(fds[i].fd);
            fds[i] = fds[--count];
        }
        if (fds[0].revents != 0) {
            check(count <= USERS, "too many users");
            fds[count++] = (struct pollfd){accept(listener, NULL, NULL), POLLIN, 0};
        }
    }
}

int kcm_server_start(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    pid_t parent = getpid();
    pid_t pid;

    check(strlen(path) < sizeof(address.sun_path), path);
    strcpy(address.sun_path, path);
    check(bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0 &&
              listen(listener, 8) == 0,
          path);
    pid = fork();
    check(pid >= 0, "fork");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent)
            serve_all(listener);
        _exit(EXIT_FAILURE);
    }
    close(listener);
    return pid;
}

void kcm_server_stop(int pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}
