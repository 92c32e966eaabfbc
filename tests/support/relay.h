/* SPDX-License-Identifier: MIT */
/*
 * relay.h - a handshake that drives itself: each callback submits the next leg, and at the
 * end the two deletes, all on one async context. For tests with many of them in flight.
 */
#ifndef RELAY_H
#define RELAY_H

#include <sspi.h>
#include <sspi_queue.h>

#include <stdbool.h>

struct relay {
    CredHandle credentials[2]; /* initiator's, acceptor's; copies of handles others own */
    char *target;
    bool fickle; /* gives some handshakes up after a leg, and deletes them as they are */
    uint32_t random;

    /* Called with SEC_E_OK when both contexts are deleted, or with the first error, also that
     * of a submit. It may start the relay again. */
    void (*done)(struct relay *relay, SECURITY_STATUS status);
    void *data;
    char message[512]; /* after an error */

    SspiAsyncContext *async;
    CtxtHandle contexts[2];
    bool started[2];
    bool shaken;
    int turn;
    SecBuffer input, output;
    uint32_t attributes;
};

/* The fields above `async` are the caller's. False if memory ran out. */
bool relay_init(struct relay *relay);
void relay_free(struct relay *relay);

/* Begins a handshake. Everything else happens in callbacks, done() too. */
void relay_start(struct relay *relay);

/* A random number below `limit` (xorshift). */
uint32_t relay_random(uint32_t *state, uint32_t limit);

#endif
