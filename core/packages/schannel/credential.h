/* SPDX-License-Identifier: MIT */
/* A credential: a profile, and the sessions that its initiators may resume. */
#ifndef SCHANNEL_CREDENTIAL_H
#define SCHANNEL_CREDENTIAL_H

#include <stdatomic.h>

#include "profile.h"
#include "session.h"
#include "ticket.h"

struct credential {
    atomic_uint references; /* the core's, and one of each context */
    struct profile *profile;
    struct session_cache sessions;
    struct ticket_keys tickets;
    atomic_ulong policy; /* X509_V_FLAG_* for client certificates (policy.c) */
};

void credential_retain(struct credential *credential);

/* Of the package table; install is for the profile. */
SECURITY_STATUS credential_acquire(uint32_t use, const void *auth_data,
                                   profile_install *install, void **credential, int64_t *expiry,
                                   sspia_report *report);
void credential_release(void *credential); /* NULL is fine */
SECURITY_STATUS credential_set(void *credential, uint32_t attribute, const void *buffer,
                               size_t size, sspia_report *report);
SECURITY_STATUS credential_query(void *credential, uint32_t attribute, void *buffer,
                                 sspia_report *report);

#endif
