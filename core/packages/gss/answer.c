/* SPDX-License-Identifier: MIT */
#include "answer.h"

#include <stdlib.h>
#include <string.h>

gss_answer *gss_answer_create(void)
{
    gss_answer *answer = calloc(1, sizeof *answer);

    if (answer == NULL)
        return NULL;
    answer->found = GSS_FOUND_NONE;
    answer->ttl = UINT32_MAX;
    return answer;
}

void gss_answer_free(gss_answer *answer)
{
    if (answer == NULL)
        return;
    for (size_t i = 0; i < answer->server_count; i++) {
        free(answer->servers[i].host);
        free(answer->servers[i].path);
    }
    free(answer->servers);
    free(answer->addresses);
    free(answer->name);
    free(answer);
}

bool gss_answer_add_server(gss_answer *answer, const gss_server *server, size_t first)
{
    gss_server copy = *server;
    gss_server *grown = realloc(answer->servers, (answer->server_count + 1) * sizeof *grown);
    size_t place = answer->server_count;

    if (grown == NULL)
        return false;
    answer->servers = grown;
    copy.host = strdup(server->host);
    copy.path = server->path != NULL ? strdup(server->path) : NULL;
    if (copy.host == NULL || (server->path != NULL && copy.path == NULL)) {
        free(copy.host);
        free(copy.path);
        return false;
    }
    for (; place > first && grown[place - 1].priority > copy.priority; place--)
        grown[place] = grown[place - 1];
    grown[place] = copy;
    answer->server_count++;
    return true;
}

bool gss_answer_add_address(gss_answer *answer, const struct sockaddr *address, socklen_t size)
{
    gss_address *grown;

    if (size > sizeof grown->address)
        return true; /* no address of the internet */
    grown = realloc(answer->addresses, (answer->address_count + 1) * sizeof *grown);
    if (grown == NULL)
        return false;
    answer->addresses = grown;
    memset(&grown[answer->address_count], 0, sizeof *grown);
    memcpy(&grown[answer->address_count].address, address, size);
    grown[answer->address_count].size = size;
    answer->address_count++;
    return true;
}

bool gss_answer_set_name(gss_answer *answer, const char *name)
{
    char *copy = strdup(name);

    if (copy == NULL)
        return false;
    free(answer->name);
    answer->name = copy;
    return true;
}

void gss_answer_limit_ttl(gss_answer *answer, uint32_t ttl)
{
    if (ttl < answer->ttl)
        answer->ttl = ttl;
}
