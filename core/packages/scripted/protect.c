/* SPDX-License-Identifier: MIT */
#include "protect.h"

#include <string.h>

#include "control.h"

static const uint8_t mask = 0x5a;

static bool is_of(const SecBuffer *buffer, uint32_t type)
{
    return (buffer->BufferType & ~SECBUFFER_ATTRMASK) == type;
}

static SecBuffer *token_of(const SecBufferDesc *message)
{
    for (uint32_t i = 0; i < message->cBuffers; i++) {
        if (is_of(&message->pBuffers[i], SECBUFFER_TOKEN))
            return &message->pBuffers[i];
    }
    return NULL;
}

/* FNV-1a over the data, begun with the number: tells altered messages and wrong orders. */
static uint64_t checksum(const SecBufferDesc *message, uint64_t number)
{
    uint64_t sum = 14695981039346656037ull ^ number;

    for (uint32_t i = 0; i < message->cBuffers; i++) {
        const SecBuffer *buffer = &message->pBuffers[i];
        const uint8_t *bytes = buffer->pvBuffer;

        for (uint32_t k = 0; is_of(buffer, SECBUFFER_DATA) && k < buffer->cbBuffer; k++)
            sum = (sum ^ bytes[k]) * 1099511628211ull;
    }
    return sum;
}

static void flip(SecBufferDesc *message)
{
    for (uint32_t i = 0; i < message->cBuffers; i++) {
        const SecBuffer *buffer = &message->pBuffers[i];
        uint8_t *bytes = buffer->pvBuffer;

        if (!is_of(buffer, SECBUFFER_DATA) ||
            (buffer->BufferType & (SECBUFFER_READONLY | SECBUFFER_READONLY_WITH_CHECKSUM)) != 0)
            continue;
        for (uint32_t k = 0; k < buffer->cbBuffer; k++)
            bytes[k] ^= mask;
    }
}

SECURITY_STATUS protect_sign(struct protect *protect, SecBufferDesc *message, bool seal,
                             sspia_report *report)
{
    SecBuffer *token = token_of(message);
    uint64_t words[2];

    if (token == NULL) {
        scripted_host->report(report, "a TOKEN buffer is missing", NULL);
        return SEC_E_INVALID_TOKEN;
    }
    if (token->cbBuffer < sizeof(words))
        return SEC_E_BUFFER_TOO_SMALL;
    words[0] = protect->sent;
    words[1] = checksum(message, protect->sent++);
    memcpy(token->pvBuffer, words, sizeof(words));
    token->cbBuffer = sizeof(words);
    if (seal)
        flip(message);
    return SEC_E_OK;
}

SECURITY_STATUS protect_verify(struct protect *protect, SecBufferDesc *message, bool sealed,
                               sspia_report *report)
{
    const SecBuffer *token = token_of(message);
    uint64_t words[2];

    if (token == NULL || token->cbBuffer != sizeof(words)) {
        scripted_host->report(report, "a TOKEN buffer of 16 bytes is missing", NULL);
        return SEC_E_INVALID_TOKEN;
    }
    memcpy(words, token->pvBuffer, sizeof(words));
    if (words[0] != protect->received)
        return SEC_E_OUT_OF_SEQUENCE;
    if (sealed)
        flip(message);
    if (words[1] != checksum(message, words[0]))
        return SEC_E_MESSAGE_ALTERED;
    protect->received++;
    return SEC_E_OK;
}
