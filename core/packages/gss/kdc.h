/* SPDX-License-Identifier: MIT */
#ifndef GSS_KDC_H
#define GSS_KDC_H

#include <krb5.h>
#include <netinet/in.h>
#include <stdbool.h>

/* Bits of a set of transports. */
#define GSS_KDC_UDP 0x1u
#define GSS_KDC_TCP 0x2u

/* One address of a realm's KDCs, with its port. */
typedef struct gss_kdc {
    union {
        struct sockaddr sa;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } any;
    unsigned transports;
} gss_kdc;

#define GSS_KDCS_MAX 16u

typedef struct gss_kdcs {
    gss_kdc list[GSS_KDCS_MAX];
    unsigned count;
    krb5_error_code code; /* why they are not known, if a plug-in failed */
} gss_kdcs;

socklen_t gss_kdc_size(const gss_kdc *kdc); /* of its address */
bool gss_kdc_same(const gss_kdc *one, const gss_kdc *other);

/* Messages up to this size go by UDP first, larger ones by TCP. */
unsigned gss_kdc_udp_limit(krb5_context context);

#endif
