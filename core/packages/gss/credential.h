/* SPDX-License-Identifier: MIT */
#ifndef GSS_CREDENTIAL_H
#define GSS_CREDENTIAL_H

#include "kind.h"
#include "source.h"

#include <stdatomic.h>

/*
 * A credential: up to three sources of GSSAPI creds. An acceptor of Negotiate has one for
 * each mechanism, because they cannot share one gss_acquire_cred: Kerberos accepts with any
 * key if no name is asked for, NTLM with a user file only if one is. Which of the two a
 * handshake needs shows in its first token (sniff.h).
 *
 * Immutable once it was acquired, but for what the sources guard themselves; any
 * number of threads may use it. Contexts keep it alive as long as they hold a lease.
 */
typedef struct gss_credential {
    atomic_uint references;
    gss_kind kind;
    uint32_t use;
    char *principal; /* of an acceptor, as the caller gave it, or NULL */
    gss_source outbound;
    gss_source kerberos_in;
    gss_source ntlm_in;
} gss_credential;

/* With empty sources; NULL if memory ran out. */
gss_credential *gss_credential_create(gss_kind kind, uint32_t use);
void gss_credential_release(void *credential);
SECURITY_STATUS gss_credential_query(void *credential, uint32_t attribute, void *buffer,
                                     sspia_report *report);

gss_credential *gss_credential_keep(gss_credential *credential);

#endif
