/* SPDX-License-Identifier: MIT */
#include "datagram.h"

#include <string.h>
#include <sys/time.h>

#include "host.h"
#include "record.h"
#include "status.h"

/* OpenSSL puts no smaller datagrams together. */
#define MTU_MIN_HERE 256u

size_t datagram_record(const uint8_t *bytes, size_t size)
{
    size_t whole;

    if (size < DATAGRAM_HEADER_SIZE || bytes[0] < RECORD_CHANGE_CIPHER_SPEC ||
        bytes[0] > RECORD_APPLICATION_DATA || bytes[1] != 0xFE)
        return 0;
    whole = DATAGRAM_HEADER_SIZE + ((size_t)bytes[11] << 8 | bytes[12]);
    return whole <= size ? whole : 0;
}

SECURITY_STATUS datagram_prepare(struct context *context, sspia_report *report)
{
    SSL_set_options(context->ssl, SSL_OP_NO_QUERY_MTU);
    if (context->server)
        SSL_set_options(context->ssl, SSL_OP_COOKIE_EXCHANGE);
    context->mtu = DATAGRAM_MTU_DEFAULT;
    if (SSL_set_mtu(context->ssl, (long)context->mtu) <= 0)
        return report_openssl(report, "setting the MTU");
    return SEC_E_OK;
}

SECURITY_STATUS datagram_set_mtu(struct context *context, const void *buffer, size_t size,
                                 sspia_report *report)
{
    SEC_DTLS_MTU mtu;

    if (size < sizeof(mtu)) {
        report_line(report, "the SEC_DTLS_MTU is too short");
        return SEC_E_INVALID_PARAMETER;
    }
    memcpy(&mtu, buffer, sizeof(mtu));
    if (mtu.PathMTU < DATAGRAM_MTU_MIN) {
        report_line(report, "the MTU is below %u", DATAGRAM_MTU_MIN);
        return SEC_E_INVALID_PARAMETER;
    }
    if (mtu.PathMTU < MTU_MIN_HERE) {
        report_line(report, "the MTU must be at least %u", MTU_MIN_HERE);
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    if (SSL_set_mtu(context->ssl, mtu.PathMTU) <= 0)
        return report_openssl(report, "setting the MTU");
    context->mtu = mtu.PathMTU;
    return SEC_E_OK;
}

static SECURITY_STATUS read_address(struct context *context, const SecBuffer *buffer,
                                    sspia_report *report)
{
    if (buffer->cbBuffer == 0 || buffer->cbBuffer > sizeof(context->peer.bytes)) {
        report_line(report, "the peer's address in the EXTRA buffer has 1 to %u bytes",
                    (unsigned)sizeof(context->peer.bytes));
        return SEC_E_INVALID_PARAMETER;
    }
    memcpy(context->peer.bytes, buffer->pvBuffer, buffer->cbBuffer);
    context->peer.size = buffer->cbBuffer;
    return SEC_E_OK;
}

SECURITY_STATUS datagram_read_buffers(struct context *context, const sspia_step *step,
                                      sspia_report *report)
{
    SECURITY_STATUS status = SEC_E_OK;

    for (uint32_t i = 0; i < step->input_count && status == SEC_E_OK; i++) {
        const SecBuffer *buffer = &step->input[i];

        if (buffer->BufferType == SECBUFFER_DTLS_MTU)
            status = datagram_set_mtu(context, buffer->pvBuffer, buffer->cbBuffer, report);
        else if (buffer->BufferType == SECBUFFER_EXTRA && context->server)
            status = read_address(context, buffer, report);
    }
    if (status == SEC_E_OK && context->server && context->peer.size == 0) {
        report_line(report,
                    "the peer's address is needed in an EXTRA buffer: the cookie that a "
                    "client must return is made of it");
        status = SEC_E_INVALID_PARAMETER;
    }
    return status;
}

SECURITY_STATUS datagram_wait_is_over(struct context *context, sspia_report *report)
{
    if (DTLSv1_handle_timeout(context->ssl) < 0)
        return context_fail_openssl(context, "the peer does not answer", report);
    return SEC_I_CONTINUE_NEEDED;
}

uint32_t datagram_patience(const struct context *context)
{
    struct timeval left;

    if (context->state != CONTEXT_HANDSHAKE || DTLSv1_get_timeout(context->ssl, &left) != 1)
        return UINT32_MAX;
    /* Up: who comes too early has waited for nothing. */
    return (uint32_t)(left.tv_sec * 1000 + (left.tv_usec + 999) / 1000);
}

SECURITY_STATUS datagram_give(struct context *context, SECURITY_STATUS status,
                              sspia_step_result *result)
{
    char *bytes;
    const long pending = BIO_get_mem_data(context->out, &bytes);
    const size_t all = pending > 0 ? (size_t)pending : 0;
    size_t size = 0, record;

    while (size < all) {
        record = datagram_record((uint8_t *)bytes + size, all - size);
        if (record == 0)
            record = all - size;
        if (size > 0 && size + record > context->mtu)
            break;
        size += record;
    }
    context->fragments = false;
    if (size == 0)
        return status;
    result->token.data = host->allocate(size);
    if (result->token.data == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    result->token.size = size;
    BIO_read(context->out, result->token.data, (int)size);
    if (size == all || status < 0)
        return status;
    context->fragments = true;
    context->fragments_status = status;
    return SEC_I_MESSAGE_FRAGMENT;
}
