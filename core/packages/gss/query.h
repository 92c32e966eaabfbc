/* SPDX-License-Identifier: MIT */
#ifndef GSS_QUERY_H
#define GSS_QUERY_H

#include "records.h"

/* What the DNS can be asked, and plug-ins of libkrb5. */
typedef enum gss_query {
    /* The KDCs of a realm, to answer->servers: records of the type URI, _kerberos.REALM, else
     * SRV, _kerberos._udp.REALM and then _kerberos._tcp.REALM, each in the order of priority.
     * All of them are asked for at once; libkrb5, whose order that is, asks one by one. */
    GSS_QUERY_KDCS,
    /* Its primary KDCs: the URIs that say so, else SRV, _kerberos-master. */
    GSS_QUERY_PRIMARY_KDCS,
    /* A host's addresses, to answer->addresses, in the order in which they should be tried
     * (RFC 6724). Numbers are answered without asking anybody. */
    GSS_QUERY_ADDRESSES,
    /* The canonical name of a host, to answer->name, as the DNS writes it: what AI_CANONNAME
     * of getaddrinfo gives. */
    GSS_QUERY_CANONICAL,
    /* The KDCs of a realm, and its primary ones, that a plug-in knows (locator.h), to
     * answer->addresses. Needs a thread. */
    GSS_QUERY_BY_PLUGIN,
    GSS_QUERY_PRIMARY_BY_PLUGIN
} gss_query;

/* Flags. */
#define GSS_LOOKUP_NO_URI 0x1u /* KDCs: by SRV alone (dns_uri_lookup = false) */
#define GSS_LOOKUP_REVERSE                                                                     \
    0x2u /* CANONICAL: then the name of its first address, if any (rdns) */

/* Whether plug-ins are asked, and not the DNS. */
bool gss_query_is_by_plugin(gss_query query);

/* The servers to ask instead of those of resolv.conf, or NULL: "address:port", by commas. */
const char *gss_query_servers(void);

/* The names under which the KDCs of a realm are found, by type and transport. */
typedef struct gss_place {
    int type; /* of record */
    gss_transport transport;
    char name[1024 + 32];
} gss_place;

#define GSS_PLACES 3u

/* Fills in the places of a query for KDCs; returns how many there are, 0 if a realm of that
 * name can have none. */
unsigned gss_query_places(gss_query query, unsigned flags, const char *realm,
                          gss_place places[GSS_PLACES]);

/* Puts together what the places said, one answer for each: URIs come before SRV. failed: some
 * of them could not be asked. False if memory ran out. */
bool gss_query_merge(gss_answer *answer, gss_answer *const *parts, const gss_place *places,
                     unsigned count, bool failed);

#endif
