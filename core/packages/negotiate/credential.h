/* SPDX-License-Identifier: MIT */
#ifndef NEGOTIATE_CREDENTIAL_H
#define NEGOTIATE_CREDENTIAL_H

#include "mechanism.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* A mechanism's own credential, made of the identity that Negotiate was given. */
typedef struct neg_member {
    neg_mechanism mechanism;
    uint32_t use; /* SECPKG_CRED_*; of what was asked for, what the identity allows */
    void *credential;
    _Atomic int64_t paused; /* initiators pass it over until then; seconds of CLOCK_MONOTONIC */
} neg_member;

/* Shared by handshakes on several threads: only the count of references and the pauses change
 * once it is made. */
typedef struct neg_credential {
    atomic_uint references;
    uint32_t use;
    size_t count; /* the best mechanism first */
    neg_member members[NEG_MECHANISMS_MAX];
    size_t acquired; /* as long as it is being made: how many members have been asked */
} neg_credential;

/* sspia_package's functions. Nothing is asked of a mechanism for which the identity says
 * nothing while it says something for another one. */
SECURITY_STATUS neg_credential_acquire(const char *principal, uint32_t use,
                                       const void *auth_data, void **credential,
                                       int64_t *expiry, sspia_report *report);
SECURITY_STATUS neg_credential_acquire_waiting(const char *principal, uint32_t use,
                                               const void *auth_data, void **credential,
                                               int64_t *expiry, sspia_wait *wait,
                                               sspia_report *report);
void neg_credential_release(void *credential);
SECURITY_STATUS neg_credential_query(void *credential, uint32_t attribute, void *buffer,
                                     sspia_report *report);
uint32_t neg_credential_may_block(void *credential);

/* One that has a package's own, outbound, as its only member; NULL: without memory, and the
 * package's own is left alone. */
neg_credential *neg_credential_of(const sspia_package *package, void *own);

neg_credential *neg_credential_keep(neg_credential *credential);

/* The member for one use whose mechanism an identifier stands for; NULL: none. */
neg_member *neg_credential_find(neg_credential *credential, uint32_t use, neg_bytes oid);

/* A logon that has just failed is not tried again for a minute. */
void neg_member_pause(neg_member *member);
bool neg_member_is_paused(const neg_member *member);

#endif
