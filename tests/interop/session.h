/* SPDX-License-Identifier: MIT */
/*
 * One side of a security context, made and deleted by asynchronous calls.
 *
 * A session has one async context for one call after another. Without a queue it waits for
 * each (sspia_async_wait); with one it polls the queue's descriptor, as a program with an
 * event loop would.
 */
#ifndef SESSION_H
#define SESSION_H

#include "options.h"

#include <stddef.h>

struct session {
    const struct options *options;
    SspiAsyncContext *async;
    sspia_queue *queue;
    CredHandle *credential;
    CtxtHandle context;
    bool started; /* there is a context */
    uint32_t flags;
    SecBuffer token; /* for the peer; of the library */
};

/* A credential, shared by all sessions that are begun with it. Ends the program on failure. */
void session_acquire(const struct options *options, uint32_t use, CredHandle *credential);
void session_release(CredHandle *credential);

void session_begin(struct session *session, const struct options *options,
                   CredHandle *credential, bool with_queue);
/* Deletes the context, complete or not, and says so. Returns false if that fails. */
bool session_end(struct session *session);

/* A leg. The token for the peer is in session->token until the next. Failures are printed. */
SECURITY_STATUS session_initialize(struct session *session, void *token, size_t size);
SECURITY_STATUS session_accept(struct session *session, void *token, size_t size);

/* The name of the package in HTTP: Negotiate (RFC 4559) or NTLM (MS-NTHT). */
const char *session_scheme(const struct session *session);

/* Prints what the library knows of a complete context. */
bool session_describe(struct session *session);

/* A sealed message as one block of memory, freed with free: TOKEN, DATA, PADDING. */
bool session_seal(struct session *session, const char *text, unsigned char **message,
                  size_t *size);
/* Unseals in place and prints; false if it was not sealed. *text is terminated, in message. */
bool session_unseal(struct session *session, unsigned char *message, size_t size, char **text);
/* A signature of a text, freed with free, and its check. */
bool session_sign(struct session *session, char *text, unsigned char **signature, size_t *size);
bool session_verify(struct session *session, char *text, unsigned char *signature, size_t size);

#endif
