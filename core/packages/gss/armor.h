/* SPDX-License-Identifier: MIT */
#ifndef GSS_ARMOR_H
#define GSS_ARMOR_H

#include <krb5.h>
#include <stdbool.h>

/* Has requests for the initial tickets of a realm's account encrypted with a ticket of a cache,
 * and nothing taken that was not (FAST, RFC 6113). Fails, with a text in the context that says
 * what to do, if no ticket in it is good for that. *asks: libkrb5 gets one from the KDCs itself
 * when it makes the request, and blocks. */
krb5_error_code gss_armor_put_on(krb5_context context, krb5_get_init_creds_opt *options,
                                 const char *cache, const krb5_data *realm, bool *asks);

#endif
