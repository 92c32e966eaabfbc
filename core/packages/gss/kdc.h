/* SPDX-License-Identifier: MIT */
#ifndef GSS_KDC_H
#define GSS_KDC_H

#include "hosts.h"

#include <krb5.h>

/* Bits of a set of transports. */
#define GSS_KDC_UDP 0x1u
#define GSS_KDC_TCP 0x2u

/* One address of a realm's KDCs. */
typedef struct gss_kdc {
    gss_hosts_address address; /* with its port */
    unsigned transports;
} gss_kdc;

#define GSS_KDCS_MAX 16u

typedef struct gss_kdcs {
    gss_kdc list[GSS_KDCS_MAX];
    unsigned count;
} gss_kdcs;

typedef enum gss_kdcs_found {
    GSS_KDCS_KNOWN,   /* count may be 0: names that have no address */
    GSS_KDCS_NONE,    /* the realm has none */
    GSS_KDCS_BLOCKS,  /* a name is to be looked up: ask again where that may be done */
    GSS_KDCS_FOREIGN, /* libkrb5 alone knows, or reaches them by other means than ours */
} gss_kdcs_found;

/* Where a realm's KDCs are (primary: the primary one, for who was refused by another), in the
 * order in which libkrb5 asks them. Looks names up only if it may block. */
gss_kdcs_found gss_kdcs_find(krb5_context context, const char *realm, bool primary,
                             bool may_block, gss_kdcs *kdcs);

/* Messages up to this size go by UDP first, larger ones by TCP. */
unsigned gss_kdc_udp_limit(krb5_context context);

#endif
