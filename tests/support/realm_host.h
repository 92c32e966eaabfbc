/* SPDX-License-Identifier: MIT */
/*
 * realm_host.h - the modules gss, ntlm and negotiate without the library: a host that is only
 * malloc, and the two sides of a handshake. For tests that run inside `realm run`, and for
 * those of the one module that REALM_HOST_MODULE names, which need no realm.
 */
#ifndef REALM_HOST_H
#define REALM_HOST_H

#include "sspi_package.h"

#include <stdatomic.h>
#include <stdbool.h>

/* Loads the modules, once. Ends the program with 77, which ctest takes for skipped, outside a
 * realm. */
void realm_host_load(void);

/* The package of that name; NULL if the system has no such mechanism. */
const sspia_package *realm_host_package(const char *name);

/* A package of the test's own, in place of the one before; NULL: none. */
void realm_host_add(const sspia_package *package);

/* A variable of the realm's; ends the program if it is not set. */
const char *realm_host_env(const char *name);

/* How many blocks of host->allocate are alive. */
int realm_host_blocks(void);
void *realm_host_allocate(size_t size);
void realm_host_free(void *memory);

/* One side of a handshake. */
typedef struct realm_side {
    const sspia_package *package;
    void *credential;
    void *context;
    bool initiator;
    const char *target;
    uint64_t flags;
    const void *bindings; /* SEC_CHANNEL_BINDINGS */
    uint32_t bindings_size;

    SECURITY_STATUS status; /* of the last call */
    uint32_t attributes;
    int64_t expiry;
    sspia_bytes token; /* to be sent */
    sspia_report report;
} realm_side;

/* An initiator's first leg that may wait, as the core would drive it. */
typedef struct realm_leg {
    realm_side *side;
    SECURITY_STATUS status; /* SSPIA_WAITING: not over */
    unsigned calls;
    unsigned threads; /* how often it asked for a thread */
    sspia_wait wait;
    /* How often it may be asked whether the result is wanted until it is not; 0: always. Set it
     * after realm_leg_begin. */
    unsigned patience;
    bool given_up; /* it was asked so often */
    atomic_bool resumed;
    int resumption; /* of the thread that began it, and runs it */
    const void *token;
    size_t token_size;
} realm_leg;

/* Begins it: the first call. The side has a package, a credential and a target. */
void realm_leg_begin(realm_leg *leg, realm_side *side);
/* The same with the peer's token, which has to stay. */
void realm_leg_answer(realm_leg *leg, realm_side *side, const void *token, size_t size);
/* Polls for those that wait, and calls them again, until all are over (true) or the time is. */
bool realm_legs_run(realm_leg *legs, unsigned count, int64_t milliseconds);
/* Ends the wait of one that is not over, as a cancel does, and deletes its context. */
void realm_leg_stop(realm_leg *leg);

/* A credential of a package; on failure the side's status says why. */
SECURITY_STATUS realm_side_acquire(realm_side *side, const char *package, uint32_t use,
                                   const char *principal, const sspia_identity *identity);

/* One leg with the peer's token (may be empty); replaces side->token. With REALM_HOST_WAITS in
 * the environment first legs of Kerberos wait, else they block. */
SECURITY_STATUS realm_side_step(realm_side *side, const void *token, size_t size);

/* Legs by turns until both are done or one fails. Returns SEC_E_OK or that failure. */
SECURITY_STATUS realm_shake(realm_side *initiator, realm_side *acceptor);

/* Credentials of alice (her tickets, or with NTLM her password) and of the services, and the
 * handshake. Returns as realm_shake, or the failure of an acquire. */
SECURITY_STATUS realm_connect(realm_side *initiator, realm_side *acceptor, const char *package,
                              const char *target, uint64_t flags);

/* Deletes the context, keeps the credential; and both. */
void realm_side_reset(realm_side *side);
void realm_side_release(realm_side *side);

#endif
