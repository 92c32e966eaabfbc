/* SPDX-License-Identifier: MIT */
#ifndef GSS_MESSAGE_H
#define GSS_MESSAGE_H

#include "context.h"

/*
 * The buffers of a message, sorted. Pointers into the caller's descriptor; data keeps the
 * caller's order.
 *   token     TOKEN, or STREAM_HEADER in the order of stream packages
 *   padding   PADDING, or STREAM_TRAILER
 *   stream    STREAM: all that was received, for decrypting
 *   data      DATA that is part of the message: neither READONLY, which takes no part
 *             (except in signatures), nor empty types
 */
#define GSS_MESSAGE_DATA_MAX 32

typedef struct gss_message {
    SecBuffer *token;
    SecBuffer *padding;
    SecBuffer *stream;
    SecBuffer *data[GSS_MESSAGE_DATA_MAX];
    unsigned data_count;
    size_t data_size;     /* bytes in all of data */
    bool has_checksummed; /* one of data is READONLY_WITH_CHECKSUM: signed, not sealed */
} gss_message;

/* Memory in one piece: the caller's own if the parts were one, else a copy to be wiped. */
typedef struct gss_gathered {
    unsigned char *bytes;
    size_t size;
    bool owned;
} gss_gathered;

/* before may be NULL: a buffer that comes before the data; after likewise. */
bool gss_message_gather(const gss_message *message, const SecBuffer *before,
                        const SecBuffer *after, gss_gathered *gathered);
void gss_message_release(gss_gathered *gathered);

/* Writes bytes over the data buffers one after the other and shortens them to what they
 * got. False, with nothing written, if it does not fit. */
bool gss_message_scatter(gss_message *message, const unsigned char *bytes, size_t size);

/* For Kerberos, protect.c; for NTLM, ntlm_message.c. The context is ready, what is asked for
 * was negotiated, there is a token (seal, sign, verify) or a token or stream (unseal). */
SECURITY_STATUS gss_protect_seal(gss_context *context, gss_message *message, bool encrypt,
                                 sspia_report *report);
/* For what a peer sent, before GSSAPI sees it: libgssapi_krb5 1.20 follows a null pointer when
 * a context of RFC 4121 (AES, Camellia) gets a token of RFC 1964. */
SECURITY_STATUS gss_protect_check(gss_context *context, const void *token, size_t size,
                                  bool is_signature, sspia_report *report);
SECURITY_STATUS gss_protect_unseal(gss_context *context, gss_message *message, bool *encrypted,
                                   sspia_report *report);
SECURITY_STATUS gss_ntlm_seal(gss_context *context, gss_message *message, bool encrypt,
                              sspia_report *report);
SECURITY_STATUS gss_ntlm_unseal(gss_context *context, gss_message *message, bool *encrypted,
                                sspia_report *report);

/* Whether the context can make messages of this quality. */
SECURITY_STATUS gss_message_may_encrypt(gss_context *context, uint32_t qop,
                                        sspia_report *report);

/* sspia_package's functions. */
SECURITY_STATUS gss_message_sign(void *context, uint32_t qop, SecBufferDesc *buffers,
                                 sspia_report *report);
SECURITY_STATUS gss_message_verify(void *context, SecBufferDesc *buffers, uint32_t *qop,
                                   sspia_report *report);
SECURITY_STATUS gss_message_encrypt(void *context, uint32_t qop, SecBufferDesc *buffers,
                                    sspia_report *report);
SECURITY_STATUS gss_message_decrypt(void *context, SecBufferDesc *buffers, uint32_t *qop,
                                    sspia_report *report);

#endif
