/* SPDX-License-Identifier: MIT */
/* Records of the DNS that name the servers of a realm. What is in them is a stranger's text. */
#include "records.h"

#include <arpa/nameser.h>
#include <limits.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define KERBEROS_PORT 88
#define HTTPS_PORT    443

/* 1 to 65535, all of the text; 0 if it is no port. */
static uint16_t read_port(const char *text)
{
    unsigned long port = 0;

    if (*text == '\0')
        return 0;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return 0;
        port = port * 10 + (unsigned long)(*text - '0');
        if (port > UINT16_MAX)
            return 0;
    }
    return (uint16_t)port;
}

/* host, host:port, [address]:port; cuts the host out of the text. */
static bool split_host(char *text, gss_server *server)
{
    char *end;

    if (*text == '[') {
        server->host = text + 1;
        end = strchr(text, ']');
        if (end == NULL)
            return false;
        *end++ = '\0';
    } else {
        server->host = text;
        end = text + strcspn(text, ":");
    }
    if (*end == ':') {
        *end = '\0';
        server->port = read_port(end + 1);
    } else if (*end != '\0') {
        return false;
    }
    return *server->host != '\0' && server->port != 0;
}

/* "krb5srv:flags:udp|tcp|kkdcp:host", as libkrb5 reads it; m among the flags is a primary. */
static bool read_uri(char *text, gss_server *server)
{
    static const char scheme[] = "krb5srv:";
    static const char https[] = "https://";
    char *flags = text + sizeof scheme - 1;
    char *transport;
    char *host;

    if (strncasecmp(text, scheme, sizeof scheme - 1) != 0)
        return false;
    transport = strchr(flags, ':');
    if (transport == NULL)
        return false;
    *transport++ = '\0';
    server->primary = strpbrk(flags, "mM") != NULL;
    host = strchr(transport, ':');
    if (host == NULL)
        return false;
    *host++ = '\0';
    server->port = KERBEROS_PORT;
    if (strcasecmp(transport, "udp") == 0) {
        server->transport = GSS_UDP;
    } else if (strcasecmp(transport, "tcp") == 0) {
        server->transport = GSS_TCP;
    } else if (strcasecmp(transport, "kkdcp") == 0 &&
               strncasecmp(host, https, sizeof https - 1) == 0) {
        server->transport = GSS_HTTPS;
        server->port = HTTPS_PORT;
        host += sizeof https - 1;
        server->path = strchr(host, '/');
        if (server->path != NULL)
            *server->path++ = '\0';
    } else {
        return false;
    }
    return split_host(host, server);
}

/* Copies the text of a URI record; NULL if there is a zero in it, or no memory. */
static char *copy_uri(const unsigned char *data, size_t size, bool *enough)
{
    char *text;

    if (memchr(data, 0, size) != NULL)
        return NULL;
    text = malloc(size + 1);
    *enough = *enough && text != NULL;
    if (text == NULL)
        return NULL;
    memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

/* One record; false if memory ran out. */
static bool read_record(gss_answer *answer, const ns_msg *reply, const ns_rr *record,
                        gss_transport transport, bool primary_only, size_t first)
{
    const unsigned char *data = ns_rr_rdata(*record);
    size_t size = ns_rr_rdlen(*record);
    gss_server server = {.transport = transport, .primary = primary_only};
    char host[NS_MAXDNAME + 1];
    char *uri = NULL;
    bool enough = true;
    bool sound = false;

    if (ns_rr_type(*record) == GSS_RECORD_SRV && size > 6) {
        server.port = (uint16_t)ns_get16(data + 4);
        server.host = host;
        /* The final dot keeps the search list out. The root alone: no such service. */
        if (ns_name_uncompress(ns_msg_base(*reply), ns_msg_end(*reply), data + 6, host,
                               NS_MAXDNAME) >= 0 &&
            host[0] != '\0' && host[0] != '.' && server.port != 0) {
            strcat(host, ".");
            sound = true;
        }
    } else if (ns_rr_type(*record) == GSS_RECORD_URI && size > 4) {
        uri = copy_uri(data + 4, size - 4, &enough);
        sound = uri != NULL && read_uri(uri, &server) && (server.primary || !primary_only);
    }
    if (sound) {
        server.priority = (uint16_t)ns_get16(data);
        gss_answer_limit_ttl(answer, ns_rr_ttl(*record));
        enough = gss_answer_add_server(answer, &server, first);
    }
    free(uri);
    return enough;
}

bool gss_records_read(gss_answer *answer, int type, gss_transport transport, bool primary_only,
                      const void *message, size_t size)
{
    size_t first = answer->server_count;
    ns_msg reply;
    ns_rr record;

    if (size > INT_MAX || ns_initparse(message, (int)size, &reply) != 0)
        return false;
    for (int i = 0; i < ns_msg_count(reply, ns_s_an); i++) {
        if (ns_parserr(&reply, ns_s_an, i, &record) != 0)
            return false;
        if ((int)ns_rr_type(record) == type && ns_rr_class(record) == ns_c_in &&
            !read_record(answer, &reply, &record, transport, primary_only, first))
            return false;
    }
    return true;
}
