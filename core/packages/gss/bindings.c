/* SPDX-License-Identifier: MIT */
/* SEC_CHANNEL_BINDINGS to gss_channel_bindings_t: the same eight numbers (RFC 2744 3.11), with
 * offsets in place of pointers. The buffer is the caller's, maybe a peer's: nothing in it
 * is believed. */
#include "bindings.h"
#include "status.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool inside(uint32_t offset, uint32_t length, uint32_t size)
{
    return length == 0 || (offset >= sizeof(SEC_CHANNEL_BINDINGS) && offset <= size &&
                           length <= size - offset);
}

static gss_buffer_desc part(unsigned char *base, uint32_t offset, uint32_t length)
{
    gss_buffer_desc buffer = {length, length == 0 ? NULL : base + offset};

    return buffer;
}

SECURITY_STATUS gss_bindings_read(const SecBuffer *input, uint32_t count,
                                  gss_channel_bindings_t *bindings, sspia_report *report)
{
    const SecBuffer *buffer = NULL;
    SEC_CHANNEL_BINDINGS head;
    gss_channel_bindings_t made;
    unsigned char *copy;

    *bindings = GSS_C_NO_CHANNEL_BINDINGS;
    for (uint32_t i = 0; buffer == NULL && i < count; i++) {
        if ((input[i].BufferType & ~SECBUFFER_ATTRMASK) == SECBUFFER_CHANNEL_BINDINGS)
            buffer = &input[i];
    }
    if (buffer == NULL || buffer->pvBuffer == NULL || buffer->cbBuffer == 0)
        return SEC_E_OK;
    if (buffer->cbBuffer < sizeof head)
        return gss_status_report(report, SEC_E_INVALID_PARAMETER, "channel bindings",
                                 "the buffer is too short");
    memcpy(&head, buffer->pvBuffer, sizeof head);
    if (!inside(head.dwInitiatorOffset, head.cbInitiatorLength, buffer->cbBuffer) ||
        !inside(head.dwAcceptorOffset, head.cbAcceptorLength, buffer->cbBuffer) ||
        !inside(head.dwApplicationDataOffset, head.cbApplicationDataLength, buffer->cbBuffer))
        return gss_status_report(report, SEC_E_INVALID_PARAMETER, "channel bindings",
                                 "an offset points outside the buffer");
    made = malloc(sizeof *made + buffer->cbBuffer);
    if (made == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    copy = (unsigned char *)(made + 1);
    memcpy(copy, buffer->pvBuffer, buffer->cbBuffer);
    made->initiator_addrtype = head.dwInitiatorAddrType;
    made->initiator_address = part(copy, head.dwInitiatorOffset, head.cbInitiatorLength);
    made->acceptor_addrtype = head.dwAcceptorAddrType;
    made->acceptor_address = part(copy, head.dwAcceptorOffset, head.cbAcceptorLength);
    made->application_data =
        part(copy, head.dwApplicationDataOffset, head.cbApplicationDataLength);
    *bindings = made;
    return SEC_E_OK;
}

void gss_bindings_free(gss_channel_bindings_t bindings)
{
    free(bindings);
}
