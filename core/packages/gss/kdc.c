/* SPDX-License-Identifier: MIT */
#include "kdc.h"

#include <profile.h>
#include <string.h>

/* MIT's sendto_kdc.c: what it takes for UDP if krb5.conf says nothing, and at most. */
#define UDP_LIMIT     1465
#define UDP_LIMIT_MAX 32700

socklen_t gss_kdc_size(const gss_kdc *kdc)
{
    return kdc->any.sa.sa_family == AF_INET6 ? sizeof kdc->any.v6 : sizeof kdc->any.v4;
}

bool gss_kdc_same(const gss_kdc *one, const gss_kdc *other)
{
    if (one->any.sa.sa_family != other->any.sa.sa_family)
        return false;
    if (one->any.sa.sa_family == AF_INET6)
        return one->any.v6.sin6_port == other->any.v6.sin6_port &&
               memcmp(&one->any.v6.sin6_addr, &other->any.v6.sin6_addr,
                      sizeof one->any.v6.sin6_addr) == 0;
    return one->any.v4.sin_port == other->any.v4.sin_port &&
           one->any.v4.sin_addr.s_addr == other->any.v4.sin_addr.s_addr;
}

unsigned gss_kdc_udp_limit(krb5_context context)
{
    profile_t profile;
    int limit = UDP_LIMIT;

    if (krb5_get_profile(context, &profile) == 0) {
        profile_get_integer(profile, "libdefaults", "udp_preference_limit", NULL, UDP_LIMIT,
                            &limit);
        profile_release(profile);
    }
    if (limit < 0)
        limit = UDP_LIMIT;
    return limit > UDP_LIMIT_MAX ? UDP_LIMIT_MAX : (unsigned)limit;
}
