/* SPDX-License-Identifier: MIT */
#ifndef GSS_CREDENTIAL_H
#define GSS_CREDENTIAL_H

#include "packed_keytab.h"
#include "source.h"

#include <stdatomic.h>

/*
 * A credential: a source of GSSAPI creds for initiators, another one for acceptors.
 *
 * Immutable once it was acquired, but for what the sources guard themselves; any
 * number of threads may use it. Contexts keep it alive as long as they hold a lease.
 */
typedef struct gss_credential {
    atomic_uint references;
    uint32_t use;
    char *principal;           /* of an acceptor, as the caller gave it, or NULL */
    gss_packed_keytab *packed; /* or NULL; the sources' recipes name it */
    gss_source outbound;
    gss_source inbound;
} gss_credential;

/* With empty sources; NULL if memory ran out. */
gss_credential *gss_credential_create(uint32_t use);
void gss_credential_release(void *credential);
SECURITY_STATUS gss_credential_query(void *credential, uint32_t attribute, void *buffer,
                                     sspia_report *report);

gss_credential *gss_credential_keep(gss_credential *credential);

#endif
