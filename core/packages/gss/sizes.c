/* SPDX-License-Identifier: MIT */
/* How long signatures and sealed messages are. */
#include "sizes.h"
#include "status.h"

#define MESSAGE_MAX (64u << 20) /* as the core has it: no buffers are larger together */

SECURITY_STATUS gss_sizes_of_message(gss_context *context, bool encrypt, size_t size,
                                     size_t *token, size_t *padding, sspia_report *report)
{
    gss_iov_buffer_desc iov[] = {
        {GSS_IOV_BUFFER_TYPE_HEADER, {0, NULL}},
        {GSS_IOV_BUFFER_TYPE_DATA, {size, NULL}},
        {GSS_IOV_BUFFER_TYPE_PADDING, {0, NULL}},
    };
    OM_uint32 major;
    OM_uint32 minor;

    major = gss_wrap_iov_length(&minor, context->handle, encrypt, GSS_C_QOP_DEFAULT, NULL, iov,
                                sizeof iov / sizeof iov[0]);
    *token = iov[0].buffer.length;
    *padding = iov[2].buffer.length;
    return gss_status(major, minor, GSS_AT_MESSAGE, report);
}

static SECURITY_STATUS signature_size(gss_context *context, uint32_t *size,
                                      sspia_report *report)
{
    gss_iov_buffer_desc iov[] = {
        {GSS_IOV_BUFFER_TYPE_DATA, {0, NULL}},
        {GSS_IOV_BUFFER_TYPE_MIC_TOKEN, {0, NULL}},
    };
    OM_uint32 major;
    OM_uint32 minor;

    major = gss_get_mic_iov_length(&minor, context->handle, GSS_C_QOP_DEFAULT, iov,
                                   sizeof iov / sizeof iov[0]);
    *size = (uint32_t)iov[1].buffer.length;
    return gss_status(major, minor, GSS_AT_MESSAGE, report);
}

SECURITY_STATUS gss_sizes_query(gss_context *context, SecPkgContext_Sizes *sizes,
                                sspia_report *report)
{
    size_t token;
    size_t padding;
    SECURITY_STATUS status;

    sizes->cbMaxToken = GSS_KERBEROS_MAX_TOKEN;
    status = signature_size(context, &sizes->cbMaxSignature, report);
    /* The frame of an RFC 1964 token holds the length of the whole in as many bytes as that
     * takes: 16 MiB stand for any message. */
    if (status == SEC_E_OK)
        status = gss_sizes_of_message(context, true, 1u << 24, &token, &padding, report);
    if (status != SEC_E_OK)
        return status;
    sizes->cbSecurityTrailer = (uint32_t)token;
    /* Padding fills up to 8, and is never empty where there is any (RFC 1964 1.2.2.3); RC4 has
     * one byte of it, but a TOKEN alone would not do, which 1 would say. */
    sizes->cbBlockSize = padding > 0 ? 8 : 1;
    return SEC_E_OK;
}

static SECURITY_STATUS whole_size(gss_context *context, bool encrypt, size_t size,
                                  size_t *whole, sspia_report *report)
{
    size_t token = 0;
    size_t padding = 0;
    SECURITY_STATUS status =
        gss_sizes_of_message(context, encrypt, size, &token, &padding, report);

    *whole = token + size + padding;
    return status;
}

/* gss_wrap_size_limit knows nothing of DCE style, where a token is longer, and allows for
 * padding that RC4 does not have. */
SECURITY_STATUS gss_sizes_limit(gss_context *context, sspia_message_limit *limit,
                                sspia_report *report)
{
    bool encrypt = limit->qop != SECQOP_WRAP_NO_ENCRYPT;
    size_t packet = limit->packet < MESSAGE_MAX ? limit->packet : MESSAGE_MAX;
    size_t size = packet;
    size_t whole;
    SECURITY_STATUS status = gss_context_may_encrypt(context, limit->qop, report);

    limit->plaintext = 0;
    if (status == SEC_E_OK)
        status = whole_size(context, encrypt, size, &whole, report);
    /* A message never shrinks when data is added: down by what is too much, then up by what
     * padding and a shorter length of the frame have left. */
    while (status == SEC_E_OK && whole > packet && size > 0) {
        size -= whole - packet < size ? whole - packet : size;
        status = whole_size(context, encrypt, size, &whole, report);
    }
    if (status != SEC_E_OK || whole > packet)
        return status;
    while (status == SEC_E_OK && whole <= packet) {
        limit->plaintext = (uint32_t)size++;
        status = whole_size(context, encrypt, size, &whole, report);
    }
    return status;
}
