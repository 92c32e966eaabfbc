/* SPDX-License-Identifier: MIT */
/*
 * The places that a call of the hub owns: what a caller of sspi.h passes pointers to. One is
 * made for each submit that has outputs, and belongs to the async context until the outcome is
 * taken, the next submit brings its own, or the context goes.
 */
#ifndef SSPI_ASYNC_OUTCOME_H
#define SSPI_ASYNC_OUTCOME_H

#include "call.h"

#define OUTCOME_INPUTS 5

struct outcome {
    struct attachment attachment; /* first */
    CredHandle credential;        /* zero: none */
    CtxtHandle context;
    uint32_t attributes;
    int64_t expiry;
    SecBuffer token;
    SecBufferDesc output;

    /* The descriptor that the submit passes. Its bytes are copied there and then; the EMPTY
     * buffer, the first, is written when the leg completes. */
    SecBuffer inputs[OUTCOME_INPUTS];
    SecBufferDesc input;
};

/* NULL without memory. */
struct outcome *outcome_create(void);
void outcome_add_input(struct outcome *outcome, uint32_t type, const void *data, size_t size);

/* Deletes handles and wipes a token that nobody took; NULL is fine. May enter a package: not
 * with the engine lock held. */
void outcome_free(struct outcome *outcome);

#endif
