/* SPDX-License-Identifier: MIT */
/*
 * dns_server.h - a server of the DNS on loopback, over UDP and TCP, on a thread of its own. It
 * knows the records that a test gives it, and says of every other name that it does not exist.
 */
#ifndef DNS_SERVER_H
#define DNS_SERVER_H

#include <stdint.h>

typedef struct dns_server dns_server;

typedef enum dns_mood {
    DNS_ANSWERS,
    DNS_SILENT,    /* takes queries, and answers none */
    DNS_FAILS,     /* SERVFAIL */
    DNS_TRUNCATES, /* over UDP: the answer is too long, ask by TCP */
    DNS_MUMBLES,   /* a header that fits the query, and garbage behind it */
    DNS_BREAKS_OFF /* half of an answer, with the header of a whole one */
} dns_mood;

/* Asserts that it could be made. */
dns_server *dns_server_start(void);
void dns_server_stop(dns_server *server);

/* "127.0.0.1:port" */
const char *dns_server_address(const dns_server *server);

/* Any thread, any time. */
void dns_server_set_mood(dns_server *server, dns_mood mood);

/* How many queries there were for a name, over UDP; NULL: for all. */
unsigned dns_server_asked(dns_server *server, const char *name);
unsigned dns_server_asked_by_tcp(dns_server *server);

/* Records, in the order in which they will be sent. */
void dns_server_a(dns_server *server, const char *name, uint32_t ttl, const char *address);
void dns_server_aaaa(dns_server *server, const char *name, uint32_t ttl, const char *address);
void dns_server_cname(dns_server *server, const char *name, uint32_t ttl, const char *target);
void dns_server_ptr(dns_server *server, const char *name, uint32_t ttl, const char *target);
void dns_server_srv(dns_server *server, const char *name, uint32_t ttl, uint16_t priority,
                    uint16_t port, const char *target);
void dns_server_uri(dns_server *server, const char *name, uint32_t ttl, uint16_t priority,
                    const char *uri);

#endif
