/* SPDX-License-Identifier: MIT */
/*
 * side.h - one side of a real handshake through the public calls, synchronous or not. For
 * tests that run inside `realm run`.
 */
#ifndef SIDE_H
#define SIDE_H

#include <sspi.h>
#include <sspi_queue.h>

#include <stdbool.h>

#define SIDE_PATIENCE_MS 60000

/* Where a credential comes from: fill in `identity`, or login_as. It is not copied. */
struct login {
    sspia_auth_identity identity;
    SEC_WINNT_AUTH_IDENTITY_EXA account;
};

struct side {
    bool initiator;
    bool asynchronous;
    char *target;
    uint32_t wanted; /* request flags */

    CredHandle credential;
    CtxtHandle context;
    bool acquired;
    bool started; /* there is a context */

    /* Of the last call. */
    SECURITY_STATUS status;
    char message[512];
    uint32_t attributes;
    TimeStamp expiry;
    SecBuffer token; /* memory of the library */
};

/* A variable of the realm's; ends the program as skipped (77) outside one. */
char *realm_value(const char *name);

void login_init(struct login *login);
/* Each may be NULL. The strings must stay. */
void login_as(struct login *login, const char *domain, const char *user, const char *password,
              const char *packages);

void side_init(struct side *side, bool initiator, bool asynchronous);
SECURITY_STATUS side_acquire(struct side *side, const char *package, struct login *login);
/* A leg with the peer's token, which may be NULL on an initiator's first. */
SECURITY_STATUS side_step(struct side *side, const SecBuffer *token);
/* Deletes the context if there is one, and frees the credential. False if one of them said
 * anything but SEC_E_OK. */
bool side_delete(struct side *side);
bool side_release(struct side *side);

/* Up to `most` legs by turns. SEC_E_OK once both are complete, the status of the leg that
 * failed, or SEC_I_CONTINUE_NEEDED after `most`. */
SECURITY_STATUS sides_shake(struct side *initiator, struct side *acceptor, unsigned most);

/* A sealed message from one to the other, read there. */
bool sides_send(struct side *from, struct side *to, const char *text);

#endif
