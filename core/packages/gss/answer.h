/* SPDX-License-Identifier: MIT */
#ifndef GSS_ANSWER_H
#define GSS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* How a server wants to be talked to. */
typedef enum gss_transport { GSS_ANY_TRANSPORT, GSS_UDP, GSS_TCP, GSS_HTTPS } gss_transport;

/* A server of a realm, as the DNS names it: the host is still to be looked up, unless it is an
 * address. */
typedef struct gss_server {
    char *host;
    char *path; /* of a proxy (GSS_HTTPS), without leading '/'; NULL if it has none */
    uint16_t port;
    gss_transport transport;
    bool primary;
    uint16_t priority; /* the list is in this order already */
} gss_server;

typedef struct gss_address {
    struct sockaddr_storage address; /* its port is 0, unless a plug-in named it */
    socklen_t size;
    gss_transport transport; /* that a plug-in named it for */
} gss_address;

typedef enum gss_found {
    GSS_FOUND,
    GSS_FOUND_NONE,   /* the DNS says that there is nothing; no plug-in feels responsible */
    GSS_FOUND_REFUSED /* no server answered, or none in a way that we understand */
} gss_found;

/* What the DNS or a plug-in says. Filled in by one thread, then read only. */
typedef struct gss_answer {
    gss_found found;
    uint32_t ttl; /* seconds; the shortest of the records that it is made of */
    gss_server *servers;
    size_t server_count;
    gss_address *addresses;
    size_t address_count;
    char *name; /* of a host */
    int code;   /* libkrb5's, if a plug-in failed */
} gss_answer;

/* Empty, GSS_FOUND_NONE; NULL if memory ran out. */
gss_answer *gss_answer_create(void);
void gss_answer_free(gss_answer *answer); /* NULL is fine */

/* While it is being filled in; false if memory ran out. A server goes where its priority puts
 * it, after its equals among those from the place `first` on. */
bool gss_answer_add_server(gss_answer *answer, const gss_server *server, size_t first);
bool gss_answer_add_address(gss_answer *answer, const struct sockaddr *address, socklen_t size);
bool gss_answer_set_name(gss_answer *answer, const char *name);
void gss_answer_limit_ttl(gss_answer *answer, uint32_t ttl);

#endif
