/* SPDX-License-Identifier: MIT */
#ifndef GSS_CANONICAL_H
#define GSS_CANONICAL_H

#include "host.h"

/*
 * Under which name Kerberos knows a service on a host. libkrb5 asks the DNS for the host's
 * canonical name if krb5.conf says so (dns_canonicalize_hostname, true by default), on the
 * thread that happens to import or use the name. Here the resolver asks, and the name is handed
 * to GSSAPI as that of a principal, which it uses as it is.
 */
typedef struct gss_canonical gss_canonical;

/* The names to try, in order; fallback: the second one if the KDC does not know the first. */
typedef enum gss_candidate {
    GSS_CANDIDATE_FIRST, /* true: by the DNS. false, fallback: as it was given */
    GSS_CANDIDATE_SECOND /* fallback: by the DNS. true, false: there is none */
} gss_candidate;

/*
 * *principal: what to use in place of target, "HTTP/www.example.org@REALM", freed with free;
 * the realm is empty if only the KDC can know it. NULL if target is to be used as it is (it is
 * no service on a host), or if there is no such candidate.
 *
 * SSPIA_WAITING: wait says for what, *work keeps it; call it again with the same arguments.
 * *work is NULL before the first call and after the last. It is sspia_wait.data for
 * gss_canonical_stop.
 */
SECURITY_STATUS gss_canonical_name(gss_canonical **work, const char *target,
                                   gss_candidate candidate, sspia_wait *wait, char **principal,
                                   sspia_report *report);

/* sspia_wait.stop: closes what is open, and keeps *work for gss_canonical_end. */
void gss_canonical_stop(void *work);
void gss_canonical_end(gss_canonical *work); /* NULL is fine */

#endif
