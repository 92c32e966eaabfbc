/* SPDX-License-Identifier: MIT */
#include "outcome.h"

#include <stdlib.h>

#include "memory.h"

static void free_attachment(struct attachment *attachment)
{
    outcome_free((struct outcome *)attachment);
}

struct outcome *outcome_create(void)
{
    struct outcome *outcome = calloc(1, sizeof(*outcome));

    if (outcome == NULL)
        return NULL;
    outcome->attachment.free = free_attachment;
    outcome->expiry = INT64_MAX;
    outcome->token.BufferType = SECBUFFER_TOKEN;
    outcome->output = (SecBufferDesc){SECBUFFER_VERSION, 1, &outcome->token};
    outcome->inputs[0].BufferType = SECBUFFER_EMPTY;
    outcome->input = (SecBufferDesc){SECBUFFER_VERSION, 1, outcome->inputs};
    return outcome;
}

void outcome_add_input(struct outcome *outcome, uint32_t type, const void *data, size_t size)
{
    /* Only read, but the structure is shared with outputs. */
    union {
        const void *given;
        void *kept;
    } pointer = {.given = data};

    outcome->inputs[outcome->input.cBuffers++] =
        (SecBuffer){.cbBuffer = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size,
                    .BufferType = type,
                    .pvBuffer = pointer.kept};
}

void outcome_free(struct outcome *outcome)
{
    if (outcome == NULL)
        return;
    if (outcome->credential.dwLower != 0)
        sspia_FreeCredentialsHandle(&outcome->credential);
    if (outcome->context.dwLower != 0)
        sspia_DeleteSecurityContext(&outcome->context);
    memory_free(outcome->token.pvBuffer);
    free(outcome);
}
