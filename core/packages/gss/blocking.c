/* SPDX-License-Identifier: MIT */
/* Queries by the C library and by plug-ins. */
#include "blocking.h"
#include "locator.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPLY_SIZE 65535

/* Makes the first of our own servers that of the state. */
static void use_servers(struct __res_state *state)
{
    const char *servers = gss_query_servers();
    struct sockaddr_in address = {.sin_family = AF_INET};
    char text[INET_ADDRSTRLEN];
    unsigned port = 53;

    if (servers == NULL || sscanf(servers, "%15[0-9.]:%u", text, &port) < 1 ||
        port > UINT16_MAX || inet_pton(AF_INET, text, &address.sin_addr) != 1)
        return;
    address.sin_port = htons((uint16_t)port);
    state->nsaddr_list[0] = address;
    state->nscount = 1;
}

static void ask_servers(gss_query query, unsigned flags, const char *realm, gss_answer *answer)
{
    gss_place places[GSS_PLACES];
    gss_answer *parts[GSS_PLACES] = {NULL};
    unsigned count = gss_query_places(query, flags, realm, places);
    struct __res_state state;
    unsigned char *reply = malloc(REPLY_SIZE);
    bool enough = reply != NULL;
    bool failed = false;

    memset(&state, 0, sizeof state);
    for (unsigned i = 0; i < count; i++)
        enough = (parts[i] = gss_answer_create()) != NULL && enough;
    if (enough && res_ninit(&state) == 0) {
        use_servers(&state);
        for (unsigned i = 0; i < count; i++) {
            int size =
                res_nquery(&state, places[i].name, ns_c_in, places[i].type, reply, REPLY_SIZE);

            if (size >= 0)
                failed = !gss_records_read(parts[i], places[i].type, places[i].transport,
                                           query == GSS_QUERY_PRIMARY_KDCS, reply,
                                           (size_t)(size < REPLY_SIZE ? size : REPLY_SIZE)) ||
                         failed;
            else if (state.res_h_errno != HOST_NOT_FOUND && state.res_h_errno != NO_DATA)
                failed = true;
            if (places[i].type == GSS_RECORD_URI && parts[i]->server_count > 0)
                break;
        }
        res_nclose(&state);
    } else {
        failed = true;
    }
    if (!enough || !gss_query_merge(answer, parts, places, count, failed))
        answer->found = GSS_FOUND_REFUSED;
    for (unsigned i = 0; i < count; i++)
        gss_answer_free(parts[i]);
    free(reply);
}

static void ask_host(gss_query query, unsigned flags, const char *host, gss_answer *answer)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_CANONNAME};
    struct addrinfo *found = NULL;
    char name[NI_MAXHOST];
    bool enough = true;
    int code = getaddrinfo(host, NULL, &hints, &found);

    if (code != 0) {
        answer->found =
            code == EAI_NONAME || code == EAI_NODATA ? GSS_FOUND_NONE : GSS_FOUND_REFUSED;
        return;
    }
    for (const struct addrinfo *one = found; one != NULL; one = one->ai_next)
        enough = enough && gss_answer_add_address(answer, one->ai_addr, one->ai_addrlen);
    enough = enough && gss_answer_set_name(
                           answer, found->ai_canonname != NULL ? found->ai_canonname : host);
    if (query == GSS_QUERY_CANONICAL && (flags & GSS_LOOKUP_REVERSE) &&
        getnameinfo(found->ai_addr, found->ai_addrlen, name, sizeof name, NULL, 0,
                    NI_NAMEREQD) == 0)
        enough = enough && gss_answer_set_name(answer, name);
    freeaddrinfo(found);
    answer->found = enough ? GSS_FOUND : GSS_FOUND_REFUSED;
}

void gss_blocking_ask(gss_query query, unsigned flags, const char *name, gss_answer *answer)
{
    if (query == GSS_QUERY_KDCS || query == GSS_QUERY_PRIMARY_KDCS)
        ask_servers(query, flags, name, answer);
    else if (gss_query_is_by_plugin(query))
        gss_locator_ask(query, name, answer);
    else
        ask_host(query, flags, name, answer);
}
