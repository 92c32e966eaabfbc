/* SPDX-License-Identifier: MIT */
#ifndef GSS_HOOK_H
#define GSS_HOOK_H

#include <krb5.h>

/* Has what libkrb5 asks KDCs for by itself, with this context, go by the exchange (exchange.h),
 * on the thread that libkrb5 was called on: until the result of the call at *call is not wanted
 * any more. So a thread that waits for a silent KDC comes back at the call's deadline. */
void gss_hook_set(krb5_context context, void *const *call);

#endif
