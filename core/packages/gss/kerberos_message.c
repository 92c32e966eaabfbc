/* SPDX-License-Identifier: MIT */
/*
 * Sealed messages of Kerberos, directly or inside SPNEGO, through the IOV functions.
 *
 * Layout. TOKEN is GSSAPI's HEADER, and there is no TRAILER: gss_wrap_iov then moves the
 * trailer in front of the data and says so in RRC (RFC 4121 4.2.5), as Windows does. TOKEN,
 * DATA and PADDING one after the other are a wrap token that any gss_unwrap takes. AES and
 * Camellia never pad; the tokens of RFC 1964 and RFC 4757 (DES3, RC4) do, and the padding is
 * not known before the message is, so they need a PADDING buffer.
 *
 * A peer's token may be rotated otherwise: MIT's gss_wrap puts the trailer at the end. Cut in
 * two at the size of our own TOKEN it is still in one piece once it is put together, which
 * gss_unwrap_iov's STREAM form then takes apart. Only where that form does not exist (DCE
 * style, data that is signed and not sealed) the buffers go in as they are.
 *
 * DCE style. The frame of a token holds TOKEN alone, RRC does not count the filler that EC
 * does, and nothing is padded: the caller of an RPC knows where DATA begins and pads it. TOKEN
 * has one length, whatever DATA has, so that a STREAM can be cut in two all the same.
 */
#include "kerberos_message.h"
#include "sizes.h"
#include "status.h"

#include <gssapi/gssapi_ext.h>
#include <string.h>

#define IOV_MAX_COUNT (GSS_MESSAGE_DATA_MAX + 2)

static gss_iov_buffer_desc *add(gss_iov_buffer_desc *iov, int *count, OM_uint32 type,
                                void *value, size_t length)
{
    gss_iov_buffer_desc *entry = &iov[(*count)++];

    entry->type = type;
    entry->buffer.value = value;
    entry->buffer.length = length;
    return entry;
}

static void add_data(gss_iov_buffer_desc *iov, int *count, const gss_message *message)
{
    for (unsigned i = 0; i < message->data_count; i++) {
        const SecBuffer *data = message->data[i];

        add(iov, count,
            data->BufferType & SECBUFFER_READONLY_WITH_CHECKSUM ? GSS_IOV_BUFFER_TYPE_SIGN_ONLY
                                                                : GSS_IOV_BUFFER_TYPE_DATA,
            data->pvBuffer, data->cbBuffer);
    }
}

SECURITY_STATUS gss_kerberos_seal(gss_context *context, gss_message *message, bool encrypt,
                                  sspia_report *report)
{
    gss_iov_buffer_desc iov[IOV_MAX_COUNT];
    gss_iov_buffer_desc *header;
    gss_iov_buffer_desc *padding;
    int count = 0;
    int sealed = 0;
    uint32_t room = message->padding != NULL ? message->padding->cbBuffer : 0;
    OM_uint32 major;
    OM_uint32 minor;
    SECURITY_STATUS status;

    header = add(iov, &count, GSS_IOV_BUFFER_TYPE_HEADER, NULL, 0);
    add_data(iov, &count, message);
    padding = add(iov, &count, GSS_IOV_BUFFER_TYPE_PADDING, NULL, 0);
    major = gss_wrap_iov_length(&minor, context->handle, encrypt, GSS_C_QOP_DEFAULT, NULL, iov,
                                count);
    status = gss_status(major, minor, GSS_AT_MESSAGE, report);
    if (status != SEC_E_OK)
        return status;
    if (header->buffer.length > message->token->cbBuffer)
        return gss_status_report(report, SEC_E_BUFFER_TOO_SMALL, "TOKEN",
                                 "see cbSecurityTrailer");
    if (padding->buffer.length > room)
        return gss_status_report(report, SEC_E_BUFFER_TOO_SMALL, "PADDING", "see cbBlockSize");
    header->buffer.value = message->token->pvBuffer;
    padding->buffer.value = room > 0 ? message->padding->pvBuffer : NULL;
    major =
        gss_wrap_iov(&minor, context->handle, encrypt, GSS_C_QOP_DEFAULT, &sealed, iov, count);
    status = gss_status(major, minor, GSS_AT_MESSAGE, report);
    if (status != SEC_E_OK)
        return status;
    message->token->cbBuffer = (uint32_t)header->buffer.length;
    if (message->padding != NULL)
        message->padding->cbBuffer = (uint32_t)padding->buffer.length;
    if (encrypt && !sealed && message->data_size > 0 && !message->has_checksummed)
        return gss_status_report(report, SEC_E_ENCRYPT_FAILURE, "EncryptMessage",
                                 "it is signed but not encrypted");
    return SEC_E_OK;
}

/* The layout goes by the session key's encryption type (RFC 4121 1; RFC 1964, 4757 for DES,
 * DES3 and RC4), the last arc of the OID that comes with the key. */
static void find_layout(gss_context *context)
{
    gss_buffer_set_t set = GSS_C_NO_BUFFER_SET;
    OM_uint32 minor;

    if (gss_inquire_sec_context_by_oid(&minor, context->handle, GSS_C_INQ_SSPI_SESSION_KEY,
                                       &set) == GSS_S_COMPLETE &&
        set != GSS_C_NO_BUFFER_SET && set->count > 1 && set->elements[1].length > 0) {
        const unsigned char *oid = set->elements[1].value;
        unsigned enctype = oid[set->elements[1].length - 1];
        bool old = enctype <= 3 || enctype == 16 || enctype == 23 || enctype == 24;

        context->layout = old ? GSS_LAYOUT_RFC1964 : GSS_LAYOUT_RFC4121;
    }
    for (size_t i = 0; set != GSS_C_NO_BUFFER_SET && i < set->count; i++)
        explicit_bzero(set->elements[i].value, set->elements[i].length);
    gss_release_buffer_set(&minor, &set);
}

SECURITY_STATUS gss_kerberos_check(gss_context *context, const void *token, size_t size,
                                   bool is_signature, sspia_report *report)
{
    const unsigned char *bytes = token;

    if (context->layout == GSS_LAYOUT_UNKNOWN)
        find_layout(context);
    /* TOK_ID: 04 04 of a MIC, 05 04 of a wrap token (RFC 4121 4.2.6). */
    if (context->layout == GSS_LAYOUT_RFC4121 &&
        (size < 16 || bytes[0] != (is_signature ? 4 : 5) || bytes[1] != 4))
        return gss_status_report(report, SEC_E_INVALID_TOKEN, "message",
                                 "not a token of RFC 4121");
    return SEC_E_OK;
}

static SECURITY_STATUS unseal_stream(gss_context *context, void *bytes, size_t size,
                                     gss_buffer_desc *plain, bool *encrypted,
                                     sspia_report *report)
{
    gss_iov_buffer_desc iov[2];
    gss_iov_buffer_desc *data;
    int count = 0;
    int sealed = 0;
    OM_uint32 major;
    OM_uint32 minor;

    if (gss_kerberos_check(context, bytes, size, false, report) != SEC_E_OK)
        return SEC_E_INVALID_TOKEN;
    add(iov, &count, GSS_IOV_BUFFER_TYPE_STREAM, bytes, size);
    data = add(iov, &count, GSS_IOV_BUFFER_TYPE_DATA, NULL, 0);
    major = gss_unwrap_iov(&minor, context->handle, &sealed, NULL, iov, count);
    *plain = data->buffer;
    *encrypted = sealed != 0;
    return gss_status(major, minor, GSS_AT_MESSAGE, report);
}

/* What GSSAPI may have decrypted although the message is out of order: the caller may look at
 * it, as with GSSAPI itself. */
static bool has_result(SECURITY_STATUS status)
{
    return status == SEC_E_OK || status == SEC_E_OUT_OF_SEQUENCE;
}

static SECURITY_STATUS unseal_parts(gss_context *context, gss_message *message, bool *encrypted,
                                    sspia_report *report)
{
    gss_iov_buffer_desc iov[IOV_MAX_COUNT];
    int count = 0;
    int sealed = 0;
    OM_uint32 major;
    OM_uint32 minor;
    SECURITY_STATUS status = gss_kerberos_check(context, message->token->pvBuffer,
                                                message->token->cbBuffer, false, report);

    if (status != SEC_E_OK)
        return status;
    add(iov, &count, GSS_IOV_BUFFER_TYPE_HEADER, message->token->pvBuffer,
        message->token->cbBuffer);
    add_data(iov, &count, message);
    if (message->padding != NULL)
        add(iov, &count, GSS_IOV_BUFFER_TYPE_PADDING, message->padding->pvBuffer,
            message->padding->cbBuffer);
    major = gss_unwrap_iov(&minor, context->handle, &sealed, NULL, iov, count);
    *encrypted = sealed != 0;
    status = gss_status(major, minor, GSS_AT_MESSAGE, report);
    for (unsigned i = 0; has_result(status) && i < message->data_count; i++) {
        if (iov[i + 1].buffer.length <= message->data[i]->cbBuffer)
            message->data[i]->cbBuffer = (uint32_t)iov[i + 1].buffer.length;
    }
    return status;
}

static SECURITY_STATUS unseal_dce_stream(gss_context *context, gss_message *message,
                                         bool *encrypted, sspia_report *report)
{
    unsigned char *bytes = message->stream->pvBuffer;
    size_t size = message->stream->cbBuffer;
    size_t cut;
    size_t ignored;
    SECURITY_STATUS status = gss_kerberos_check(context, bytes, size, false, report);

    /* Of RFC 4121's tokens the signed ones are shorter: flag Sealed (4.2.2). RFC 1964's have a
     * confounder either way. */
    if (status == SEC_E_OK)
        status = gss_sizes_of_message(
            context, context->layout != GSS_LAYOUT_RFC4121 || (bytes[2] & 2) != 0, size, &cut,
            &ignored, report);
    if (status == SEC_E_OK && size < cut)
        status = gss_status_report(report, SEC_E_INVALID_TOKEN, "message", "it is too short");
    if (status == SEC_E_OK) {
        SecBuffer token = {(uint32_t)cut, SECBUFFER_TOKEN, bytes};
        SecBuffer data = {(uint32_t)(size - cut), SECBUFFER_DATA, bytes + cut};
        gss_message parts = {.token = &token, .data = {&data}, .data_count = 1};

        status = unseal_parts(context, &parts, encrypted, report);
        if (has_result(status)) {
            message->data[0]->pvBuffer = data.pvBuffer;
            message->data[0]->cbBuffer = data.cbBuffer;
        }
    }
    return status;
}

SECURITY_STATUS gss_kerberos_unseal(gss_context *context, gss_message *message, bool *encrypted,
                                    sspia_report *report)
{
    const bool dce = (context->attributes & ISC_RET_USED_DCE_STYLE) != 0; /* ASC's bit too */
    gss_gathered whole = {NULL, 0, false};
    gss_buffer_desc plain = {0, NULL};
    SECURITY_STATUS status;

    if (message->stream != NULL && dce)
        return unseal_dce_stream(context, message, encrypted, report);
    if (message->stream != NULL) {
        status = unseal_stream(context, message->stream->pvBuffer, message->stream->cbBuffer,
                               &plain, encrypted, report);
        if (has_result(status)) {
            message->data[0]->pvBuffer = plain.value;
            message->data[0]->cbBuffer = (uint32_t)plain.length;
        }
        return status;
    }
    if (message->has_checksummed || dce)
        return unseal_parts(context, message, encrypted, report);
    if (!gss_message_gather(message, message->token, message->padding, &whole))
        return SEC_E_INSUFFICIENT_MEMORY;
    status = unseal_stream(context, whole.bytes, whole.size, &plain, encrypted, report);
    if (has_result(status) && !gss_message_scatter(message, plain.value, plain.length))
        status = gss_status_report(report, SEC_E_BUFFER_TOO_SMALL, "DATA",
                                   "the message is longer than these buffers");
    gss_message_release(&whole);
    return status;
}
