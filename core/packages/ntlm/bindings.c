/* SPDX-License-Identifier: MIT */
/* SEC_CHANNEL_BINDINGS to the hash that NTLM carries: MD5 of gss_channel_bindings_struct with
 * its numbers as 32 bits, little-endian (MS-NLMP 2.2.2.1, RFC 4121 4.1.1.2). The buffer is the
 * caller's, and its offsets are checked. */
#include "bindings.h"
#include "status.h"

#include <string.h>

static bool inside(uint32_t offset, uint32_t length, uint32_t size)
{
    return length == 0 || (offset >= sizeof(SEC_CHANNEL_BINDINGS) && offset <= size &&
                           length <= size - offset);
}

static void add32(ntlm_digest *digest, uint32_t value)
{
    unsigned char bytes[4];

    for (int i = 0; i < 4; i++)
        bytes[i] = (unsigned char)(value >> (8 * i));
    ntlm_digest_add(digest, bytes, sizeof bytes);
}

static void add_part(ntlm_digest *digest, const unsigned char *base, uint32_t offset,
                     uint32_t length)
{
    add32(digest, length);
    if (length > 0)
        ntlm_digest_add(digest, base + offset, length);
}

SECURITY_STATUS ntlm_bindings_read(const SecBuffer *input, uint32_t count,
                                   unsigned char hash[NTLM_DIGEST_SIZE], bool *given,
                                   sspia_report *report)
{
    const SecBuffer *buffer = NULL;
    const unsigned char *base;
    SEC_CHANNEL_BINDINGS head;
    ntlm_digest digest;

    *given = false;
    for (uint32_t i = 0; buffer == NULL && i < count; i++) {
        if ((input[i].BufferType & ~SECBUFFER_ATTRMASK) == SECBUFFER_CHANNEL_BINDINGS)
            buffer = &input[i];
    }
    if (buffer == NULL || buffer->pvBuffer == NULL || buffer->cbBuffer == 0)
        return SEC_E_OK;
    if (buffer->cbBuffer < sizeof head)
        return ntlm_report(report, SEC_E_INVALID_PARAMETER, "channel bindings",
                           "the buffer is too short");
    base = buffer->pvBuffer;
    memcpy(&head, base, sizeof head);
    if (!inside(head.dwInitiatorOffset, head.cbInitiatorLength, buffer->cbBuffer) ||
        !inside(head.dwAcceptorOffset, head.cbAcceptorLength, buffer->cbBuffer) ||
        !inside(head.dwApplicationDataOffset, head.cbApplicationDataLength, buffer->cbBuffer))
        return ntlm_report(report, SEC_E_INVALID_PARAMETER, "channel bindings",
                           "an offset points outside the buffer");
    ntlm_digest_start(&digest);
    add32(&digest, head.dwInitiatorAddrType);
    add_part(&digest, base, head.dwInitiatorOffset, head.cbInitiatorLength);
    add32(&digest, head.dwAcceptorAddrType);
    add_part(&digest, base, head.dwAcceptorOffset, head.cbAcceptorLength);
    add_part(&digest, base, head.dwApplicationDataOffset, head.cbApplicationDataLength);
    if (!ntlm_digest_end(&digest, hash))
        return ntlm_report_crypto(report);
    *given = true;
    return SEC_E_OK;
}
