/* SPDX-License-Identifier: MIT */
/* Whom we ask, and where the DNS has what we ask for. */
#include "query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool gss_query_is_by_plugin(gss_query query)
{
    return query == GSS_QUERY_BY_PLUGIN || query == GSS_QUERY_PRIMARY_BY_PLUGIN;
}

const char *gss_query_servers(void)
{
    return secure_getenv("SSPI_ASYNC_DNS_SERVERS");
}

static bool add_place(gss_place *places, unsigned *count, int type, gss_transport transport,
                      const char *prefix, const char *realm)
{
    gss_place *place = &places[*count];
    int length = snprintf(place->name, sizeof place->name, "%s.%s", prefix, realm);

    if (length < 0 || (size_t)length >= sizeof place->name)
        return false;
    place->type = type;
    place->transport = transport;
    (*count)++;
    return true;
}

unsigned gss_query_places(gss_query query, unsigned flags, const char *realm,
                          gss_place places[GSS_PLACES])
{
    bool primary = query == GSS_QUERY_PRIMARY_KDCS;
    unsigned count = 0;

    if (*realm == '\0')
        return 0;
    if (!(flags & GSS_LOOKUP_NO_URI) &&
        !add_place(places, &count, GSS_RECORD_URI, GSS_ANY_TRANSPORT, "_kerberos", realm))
        return 0;
    if (!add_place(places, &count, GSS_RECORD_SRV, GSS_UDP,
                   primary ? "_kerberos-master._udp" : "_kerberos._udp", realm) ||
        !add_place(places, &count, GSS_RECORD_SRV, GSS_TCP,
                   primary ? "_kerberos-master._tcp" : "_kerberos._tcp", realm))
        return 0;
    return count;
}

bool gss_query_merge(gss_answer *answer, gss_answer *const *parts, const gss_place *places,
                     unsigned count, bool failed)
{
    for (unsigned i = 0; i < count; i++) {
        size_t first = answer->server_count;

        for (size_t k = 0; k < parts[i]->server_count; k++) {
            if (!gss_answer_add_server(answer, &parts[i]->servers[k], first))
                return false;
        }
        gss_answer_limit_ttl(answer, parts[i]->ttl);
        if (places[i].type == GSS_RECORD_URI && parts[i]->server_count > 0)
            break;
    }
    answer->found = answer->server_count > 0 ? GSS_FOUND
                    : failed                 ? GSS_FOUND_REFUSED
                                             : GSS_FOUND_NONE;
    return true;
}
