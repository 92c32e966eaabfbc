/* SPDX-License-Identifier: MIT */
/*
 * Queries by c-ares, each on a channel of its own: it is closed as a whole, and nobody else's
 * replies are read on the way. c-ares calls back from inside gss_inquiry_open, _go and _close
 * alone, on the thread that is in them.
 */
#define CARES_NO_DEPRECATED
#include "inquiry.h"

#include <ares.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/auxv.h>
#include <time.h>

#define FDS_MAX  8
#define HOPS_MAX 16 /* of CNAMEs */

/* One record type at one name. */
typedef struct part {
    gss_inquiry *inquiry;
    gss_answer *answer;
} part;

struct gss_inquiry {
    ares_channel ares;
    gss_query query;
    unsigned flags;
    const char *name; /* whoever opened it keeps it */
    gss_answer *answer;

    unsigned asked; /* how many replies are still to come */
    bool settled;   /* there is an answer, whatever is still to come */
    bool failed;    /* some query had no reply, or garbage */

    gss_place places[GSS_PLACES];
    part parts[GSS_PLACES];
    unsigned part_count;

    struct pollfd fds[FDS_MAX];
    uint32_t fd_count;
};

static pthread_once_t library_once = PTHREAD_ONCE_INIT;
static bool library_ready;

static void start_library(void)
{
    library_ready = ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS;
}

/* c-ares reads these with getenv. The GNU C library takes them from a process with raised
 * privilege when it starts; others do not. */
static bool environment_is_safe(void)
{
    static const char *const names[] = {"LOCALDOMAIN", "RES_OPTIONS", "HOSTALIASES",
                                        "CARES_HOSTS"};

    if (getauxval(AT_SECURE) == 0)
        return true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (getenv(names[i]) != NULL)
            return false;
    }
    return true;
}

/* c-ares says which descriptors it has, and what for. One that finds no room is left to its
 * timeout. */
static void on_socket(void *data, ares_socket_t fd, int readable, int writable)
{
    gss_inquiry *inquiry = data;
    uint32_t i = 0;

    while (i < inquiry->fd_count && inquiry->fds[i].fd != fd)
        i++;
    if (!readable && !writable) {
        if (i < inquiry->fd_count)
            inquiry->fds[i] = inquiry->fds[--inquiry->fd_count];
        return;
    }
    if (i == FDS_MAX)
        return;
    if (i == inquiry->fd_count)
        inquiry->fd_count++;
    inquiry->fds[i].fd = fd;
    inquiry->fds[i].events = (short)((readable ? POLLIN : 0) | (writable ? POLLOUT : 0));
    inquiry->fds[i].revents = 0;
}

/* With the patience that resolv.conf asks for, which c-ares reads only in part. */
static bool open_channel(gss_inquiry *inquiry)
{
    struct ares_options options = {0};
    int mask = ARES_OPT_SOCK_STATE_CB | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES;
    struct __res_state state;
    const char *servers = gss_query_servers();

    memset(&state, 0, sizeof state);
    options.timeout = RES_TIMEOUT * 1000;
    options.tries = RES_DFLRETRY;
    if (res_ninit(&state) == 0) {
        options.timeout = state.retrans * 1000;
        options.tries = state.retry;
        res_nclose(&state);
    }
    options.sock_state_cb = on_socket;
    options.sock_state_cb_data = inquiry;
    if (ares_init_options(&inquiry->ares, &options, mask) != ARES_SUCCESS)
        return false;
    return servers == NULL ||
           ares_set_servers_ports_csv(inquiry->ares, servers) == ARES_SUCCESS;
}

/* Counts a reply. False if nobody is interested any more. */
static bool reply_counts(gss_inquiry *inquiry, int status)
{
    inquiry->asked--;
    if (status == ARES_EDESTRUCTION || status == ARES_ECANCELLED)
        return false;
    if (status != ARES_SUCCESS && status != ARES_ENODATA && status != ARES_ENOTFOUND)
        inquiry->failed = true;
    return status == ARES_SUCCESS;
}

static void on_records(void *data, int status, int timeouts, unsigned char *message, int size)
{
    part *mine = data;
    gss_inquiry *inquiry = mine->inquiry;
    const gss_place *place = &inquiry->places[mine - inquiry->parts];

    (void)timeouts;
    if (!reply_counts(inquiry, status))
        return;
    if (!gss_records_read(mine->answer, place->type, place->transport,
                          inquiry->query == GSS_QUERY_PRIMARY_KDCS, message, (size_t)size))
        inquiry->failed = true;
    if (place->type == GSS_RECORD_URI && mine->answer->server_count > 0)
        inquiry->settled = true; /* the others are not needed */
}

/* Where the chain of aliases ends. */
static const char *canonical(const struct ares_addrinfo *found, const char *name)
{
    const struct ares_addrinfo_cname *alias;

    for (unsigned hops = 0; hops < HOPS_MAX; hops++) {
        for (alias = found->cnames; alias != NULL; alias = alias->next) {
            if (alias->name != NULL &&
                (alias->alias == NULL || name == NULL || strcasecmp(alias->alias, name) == 0))
                break;
        }
        if (alias == NULL || (name != NULL && strcasecmp(alias->name, name) == 0))
            break;
        name = alias->name;
    }
    return name;
}

static void on_name(void *data, int status, int timeouts, struct hostent *host)
{
    gss_inquiry *inquiry = data;

    (void)timeouts;
    /* A host without a name for its address has the one that was found before. */
    inquiry->asked--;
    if (status == ARES_SUCCESS && host->h_name != NULL &&
        !gss_answer_set_name(inquiry->answer, host->h_name))
        inquiry->failed = true;
}

static void ask_reverse(gss_inquiry *inquiry)
{
    const struct sockaddr *address =
        (const struct sockaddr *)&inquiry->answer->addresses[0].address;

    inquiry->asked++;
    if (address->sa_family == AF_INET)
        ares_gethostbyaddr(inquiry->ares, &((const struct sockaddr_in *)address)->sin_addr, 4,
                           AF_INET, on_name, inquiry);
    else
        ares_gethostbyaddr(inquiry->ares, &((const struct sockaddr_in6 *)address)->sin6_addr,
                           16, AF_INET6, on_name, inquiry);
}

static void on_host(void *data, int status, int timeouts, struct ares_addrinfo *found)
{
    gss_inquiry *inquiry = data;
    gss_answer *answer = inquiry->answer;
    const char *name;
    bool enough = true;

    (void)timeouts;
    if (!reply_counts(inquiry, status))
        return;
    for (const struct ares_addrinfo_node *node = found->nodes; node != NULL;
         node = node->ai_next) {
        enough = enough && gss_answer_add_address(answer, node->ai_addr, node->ai_addrlen);
        gss_answer_limit_ttl(answer, node->ai_ttl > 0 ? (uint32_t)node->ai_ttl : 0);
    }
    for (const struct ares_addrinfo_cname *alias = found->cnames; alias != NULL;
         alias = alias->next)
        gss_answer_limit_ttl(answer, alias->ttl > 0 ? (uint32_t)alias->ttl : 0);
    name = canonical(found, found->name);
    enough = enough && gss_answer_set_name(answer, name != NULL ? name : inquiry->name);
    ares_freeaddrinfo(found);
    if (!enough || answer->address_count == 0)
        inquiry->failed = true;
    else if (inquiry->query == GSS_QUERY_CANONICAL && (inquiry->flags & GSS_LOOKUP_REVERSE))
        ask_reverse(inquiry);
}

/* False if memory ran out. Replies may come back at once. */
static bool ask(gss_inquiry *inquiry)
{
    struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC};

    if (inquiry->query == GSS_QUERY_ADDRESSES || inquiry->query == GSS_QUERY_CANONICAL) {
        hints.ai_flags = ARES_AI_CANONNAME;
        inquiry->asked = 1;
        ares_getaddrinfo(inquiry->ares, inquiry->name, NULL, &hints, on_host, inquiry);
        return true;
    }
    inquiry->part_count =
        gss_query_places(inquiry->query, inquiry->flags, inquiry->name, inquiry->places);
    for (unsigned i = 0; i < inquiry->part_count; i++) {
        inquiry->parts[i].inquiry = inquiry;
        inquiry->parts[i].answer = gss_answer_create();
        if (inquiry->parts[i].answer == NULL)
            return false;
    }
    inquiry->asked = inquiry->part_count;
    for (unsigned i = 0; i < inquiry->part_count; i++)
        ares_query(inquiry->ares, inquiry->places[i].name, ns_c_in, inquiry->places[i].type,
                   on_records, &inquiry->parts[i]);
    return true;
}

gss_inquiry *gss_inquiry_open(gss_query query, unsigned flags, const char *name,
                              gss_answer *answer)
{
    gss_inquiry *inquiry = NULL;

    pthread_once(&library_once, start_library);
    if (library_ready && environment_is_safe())
        inquiry = calloc(1, sizeof *inquiry);
    if (inquiry == NULL)
        return NULL;
    inquiry->query = query;
    inquiry->flags = flags;
    inquiry->name = name;
    inquiry->answer = answer;
    if (open_channel(inquiry) && ask(inquiry))
        return inquiry;
    gss_inquiry_close(inquiry);
    return NULL;
}

/* What was found, once nothing more is to come. */
static void conclude(gss_inquiry *inquiry)
{
    gss_answer *answer = inquiry->answer;
    gss_answer *parts[GSS_PLACES];

    if (inquiry->part_count > 0) {
        for (unsigned i = 0; i < inquiry->part_count; i++)
            parts[i] = inquiry->parts[i].answer;
        if (!gss_query_merge(answer, parts, inquiry->places, inquiry->part_count,
                             inquiry->failed))
            answer->found = GSS_FOUND_REFUSED;
    } else {
        answer->found = inquiry->failed             ? GSS_FOUND_REFUSED
                        : answer->address_count > 0 ? GSS_FOUND
                                                    : GSS_FOUND_NONE;
    }
}

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

bool gss_inquiry_go(gss_inquiry *inquiry, struct pollfd *fds, uint32_t *count, int64_t *until)
{
    struct timeval patience;

    for (uint32_t i = 0; i < *count; i++) {
        /* Errors and hang-ups are found by reading. */
        bool read = (fds[i].revents & (POLLIN | POLLERR | POLLHUP)) != 0;
        bool write = (fds[i].revents & POLLOUT) != 0;

        if (read || write)
            ares_process_fd(inquiry->ares, read ? fds[i].fd : ARES_SOCKET_BAD,
                            write ? fds[i].fd : ARES_SOCKET_BAD);
    }
    ares_process_fd(inquiry->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* timeouts */
    *count = 0;
    *until = INT64_MAX;
    if (inquiry->settled || inquiry->asked == 0) {
        conclude(inquiry);
        return true;
    }
    memcpy(fds, inquiry->fds, inquiry->fd_count * sizeof *fds);
    *count = inquiry->fd_count;
    if (ares_timeout(inquiry->ares, NULL, &patience) != NULL)
        *until =
            now() + (int64_t)patience.tv_sec * 1000000000 + (int64_t)patience.tv_usec * 1000;
    return false;
}

void gss_inquiry_close(gss_inquiry *inquiry)
{
    if (inquiry == NULL)
        return;
    if (inquiry->ares != NULL)
        ares_destroy(inquiry->ares);
    for (unsigned i = 0; i < inquiry->part_count; i++)
        gss_answer_free(inquiry->parts[i].answer);
    free(inquiry);
}
