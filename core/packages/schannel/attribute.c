/* SPDX-License-Identifier: MIT */
#include "attribute.h"

#include <string.h>

#include "bindings.h"
#include "certificate.h"
#include "connection.h"
#include "datagram.h"
#include "handshake.h"
#include "host.h"
#include "message.h"
#include "status.h"
#include "timestamp.h"
#include "verify.h"

#define MAX_TOKEN 0x6000u

/* Enough for any use of RFC 5705, little enough for a typing error to be found. */
#define KEYING_MATERIAL_MAX 65536u

static SECURITY_STATUS missing(sspia_report *report, SECURITY_STATUS status, const char *what)
{
    report_line(report, "%s", what);
    return status;
}

static SECURITY_STATUS give_text(const char *text, SEC_CHAR **target)
{
    char *copy = host->allocate(strlen(text) + 1);

    if (copy == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    *target = strcpy(copy, text);
    return SEC_E_OK;
}

static SECURITY_STATUS give_name(const X509 *certificate, bool issuer, SEC_CHAR **target,
                                 sspia_report *report)
{
    char text[512];

    if (certificate == NULL)
        return missing(report, SEC_E_NO_CREDENTIALS, "there is no such certificate");
    certificate_name_text(issuer ? X509_get_issuer_name(certificate)
                                 : X509_get_subject_name(certificate),
                          text, sizeof(text));
    return give_text(text, target);
}

static SECURITY_STATUS give_certificate(X509 *certificate, PCCERT_CONTEXT *target,
                                        sspia_report *report)
{
    PCCERT_CONTEXT context;

    if (certificate == NULL)
        return missing(report, SEC_E_NO_CREDENTIALS, "there is no such certificate");
    context = certificate_export(certificate);
    if (context == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    *target = context;
    return SEC_E_OK;
}

/* An initiator that was not asked for its certificate did not show it. */
static X509 *local_certificate(const struct context *context)
{
    return context->server || context->answered ? SSL_get_certificate(context->ssl) : NULL;
}

static size_t chain_entry_size(X509 *certificate)
{
    return sizeof(uint32_t) + (size_t)i2d_X509(certificate, NULL);
}

/* schannel.h of the Windows SDK: the length in front, in the machine's own order. */
static void write_chain_entry(X509 *certificate, unsigned char **at)
{
    const uint32_t size = (uint32_t)i2d_X509(certificate, NULL);

    memcpy(*at, &size, sizeof(size));
    *at += sizeof(size);
    i2d_X509(certificate, at);
}

/* The peer's own first. For a server OpenSSL's chain is without it; and a resumed session may
 * have no chain at all. */
static SECURITY_STATUS give_chain(const struct context *context,
                                  SecPkgContext_Certificates *result, sspia_report *report)
{
    X509 *own = SSL_get0_peer_certificate(context->ssl);
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(context->ssl);
    const int count = chain != NULL ? sk_X509_num(chain) : 0;
    const int first = count > 0 && !context->server ? 1 : 0;
    size_t size;
    unsigned char *at;

    if (own == NULL)
        return missing(report, SEC_E_NO_CREDENTIALS, "the peer has no certificate");
    size = chain_entry_size(own);
    for (int i = first; i < count; i++)
        size += chain_entry_size(sk_X509_value(chain, i));
    at = host->allocate(size);
    if (at == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    *result = (SecPkgContext_Certificates){
        .cCertificates = (uint32_t)(1 + count - first),
        .cbCertificateChain = (uint32_t)size,
        .pbCertificateChain = at,
    };
    write_chain_entry(own, &at);
    for (int i = first; i < count; i++)
        write_chain_entry(sk_X509_value(chain, i), &at);
    return SEC_E_OK;
}

static SECURITY_STATUS give_issuers(const struct context *context,
                                    SecPkgContext_IssuerListInfoEx *result,
                                    sspia_report *report)
{
    const STACK_OF(X509_NAME) *names = SSL_get0_peer_CA_list(context->ssl);
    const int count = sk_X509_NAME_num(names);
    size_t size;
    CERT_NAME_BLOB *blobs;
    unsigned char *at;

    if (context->server)
        return missing(report, SEC_E_UNSUPPORTED_FUNCTION, "issuer lists are sent by servers");
    *result = (SecPkgContext_IssuerListInfoEx){0};
    if (count <= 0)
        return SEC_E_OK;
    size = (size_t)count * sizeof(*blobs);
    for (int i = 0; i < count; i++)
        size += (size_t)i2d_X509_NAME(sk_X509_NAME_value(names, i), NULL);
    blobs = host->allocate(size);
    if (blobs == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    at = (unsigned char *)(blobs + count);
    for (int i = 0; i < count; i++) {
        blobs[i].pbData = at;
        blobs[i].cbData = (uint32_t)i2d_X509_NAME(sk_X509_NAME_value(names, i), &at);
    }
    *result = (SecPkgContext_IssuerListInfoEx){.aIssuers = blobs, .cIssuers = (uint32_t)count};
    return SEC_E_OK;
}

static void give_protocol(const struct context *context,
                          SecPkgContext_ApplicationProtocol *result)
{
    const unsigned char *name;
    unsigned length;

    *result = (SecPkgContext_ApplicationProtocol){0};
    SSL_get0_alpn_selected(context->ssl, &name, &length);
    if (length == 0 || length > MAX_PROTOCOL_ID_SIZE)
        return;
    result->ProtoNegoStatus = SecApplicationProtocolNegotiationStatus_Success;
    result->ProtoNegoExt = SecApplicationProtocolNegotiationExt_ALPN;
    result->ProtocolIdSize = (uint8_t)length;
    memcpy(result->ProtocolId, name, length);
}

static void give_session(const struct context *context, SecPkgContext_SessionInfo *result)
{
    const SSL_SESSION *session = SSL_get_session(context->ssl);
    unsigned size = 0;
    const unsigned char *id = session != NULL ? SSL_SESSION_get_id(session, &size) : NULL;

    *result = (SecPkgContext_SessionInfo){
        .dwFlags = SSL_session_reused(context->ssl) == 1 ? SSL_SESSION_RECONNECT : 0,
    };
    if (size > sizeof(result->rgbSessionId))
        size = sizeof(result->rgbSessionId);
    if (id != NULL && size > 0)
        memcpy(result->rgbSessionId, id, size);
    result->cbSessionId = size;
}

static SECURITY_STATUS give_keying_material(const struct context *context,
                                            SecPkgContext_KeyingMaterial *result,
                                            sspia_report *report)
{
    uint8_t *block;

    if (context->export_label == NULL)
        return missing(report, SEC_E_OUT_OF_SEQUENCE,
                       "SECPKG_ATTR_KEYING_MATERIAL_INFO was not set");
    block = host->allocate(context->export_size);
    if (block == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    if (SSL_export_keying_material(context->ssl, block, context->export_size,
                                   context->export_label, context->export_label_size,
                                   context->export_context, context->export_context_size,
                                   context->export_has_context) != 1) {
        host->free(block);
        return report_openssl(report, "exporting keying material");
    }
    *result = (SecPkgContext_KeyingMaterial){.cbKeyingMaterial = context->export_size,
                                             .pbKeyingMaterial = block};
    return SEC_E_OK;
}

static SECURITY_STATUS give_target(const struct context *context,
                                   SecPkgContext_ClientSpecifiedTarget *result,
                                   sspia_report *report)
{
    const char *name = context->server
                           ? SSL_get_servername(context->ssl, TLSEXT_NAMETYPE_host_name)
                           : context->target.name;
    WCHAR *wide;
    size_t length;

    if (name == NULL || name[0] == '\0')
        return missing(report, SEC_E_TARGET_UNKNOWN, "the client named no server");
    length = strlen(name);
    wide = host->allocate((length + 1) * sizeof(*wide));
    if (wide == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    /* RFC 6066 3: ASCII. What a client sends beyond that is shown as such. */
    for (size_t i = 0; i <= length; i++)
        wide[i] = (unsigned char)name[i] < 0x80 ? (WCHAR)name[i] : u'?';
    result->sTargetName = wide;
    return SEC_E_OK;
}

static SECURITY_STATUS give_check_result(const struct context *context,
                                         SecPkgContext_CertificateValidationResult *result,
                                         sspia_report *report)
{
    long error;

    if (context->validation == VALIDATION_MANUAL)
        return missing(report, SEC_E_UNSUPPORTED_FUNCTION, "validation is manual");
    if (SSL_get0_peer_certificate(context->ssl) == NULL)
        return missing(report, SEC_E_NO_CREDENTIALS, "the peer has no certificate");
    result->hrVerifyChainStatus = verify_result(context, &error);
    result->dwChainErrorStatus = (uint32_t)error;
    return SEC_E_OK;
}

static void give_stream_sizes(const struct context *context, SecPkgContext_StreamSizes *result)
{
    const struct stream_sizes sizes = message_sizes(context);

    *result = (SecPkgContext_StreamSizes){
        .cbHeader = sizes.header,
        .cbTrailer = sizes.trailer,
        .cbMaximumMessage = sizes.maximum,
        .cBuffers = 4,
        .cbBlockSize = 1,
    };
}

static SECURITY_STATUS give_lifespan(const struct context *context,
                                     SecPkgContext_Lifespan *result)
{
    const X509 *peer = SSL_get0_peer_certificate(context->ssl);

    result->tsStart = timestamp_from_unix(context->opened);
    result->tsExpiry =
        timestamp_from_unix(peer != NULL ? certificate_not_after(peer) : INT64_MAX);
    return SEC_E_OK;
}

static SECURITY_STATUS give_datagram(const struct context *context, uint32_t attribute,
                                     void *buffer, sspia_report *report)
{
    if (!context->datagrams)
        return missing(report, SEC_E_UNSUPPORTED_FUNCTION,
                       "the context has no datagrams (ISC_REQ_DATAGRAM)");
    if (attribute == SECPKG_ATTR_DTLS_MTU)
        ((SEC_DTLS_MTU *)buffer)->PathMTU = (uint16_t)context->mtu;
    else
        *(uint32_t *)buffer = datagram_patience(context);
    return SEC_E_OK;
}

/* Of the handshake as far as it has come. */
static SECURITY_STATUS query_early(const struct context *context, uint32_t attribute,
                                   void *buffer, sspia_report *report, bool *done)
{
    SSL *ssl = context->ssl;

    *done = true;
    switch (attribute) {
    case SECPKG_ATTR_DTLS_MTU:
    case SSPIA_ATTR_DTLS_PATIENCE:
        return give_datagram(context, attribute, buffer, report);
    case SECPKG_ATTR_SIZES:
        *(SecPkgContext_Sizes *)buffer = (SecPkgContext_Sizes){.cbMaxToken = MAX_TOKEN};
        return SEC_E_OK;
    case SECPKG_ATTR_ISSUER_LIST_EX:
        return give_issuers(context, buffer, report);
    case SECPKG_ATTR_REMOTE_CERT_CONTEXT:
        return give_certificate(SSL_get0_peer_certificate(ssl), buffer, report);
    case SECPKG_ATTR_REMOTE_CERTIFICATES:
        return give_chain(context, buffer, report);
    case SECPKG_ATTR_CLIENT_SPECIFIED_TARGET:
        return give_target(context, buffer, report);
    case SECPKG_ATTR_FLAGS:
        ((SecPkgContext_Flags *)buffer)->Flags =
            context->state == CONTEXT_OPEN ? handshake_attributes(context) : 0;
        return SEC_E_OK;
    default:
        *done = false;
        return SEC_E_OK;
    }
}

static SECURITY_STATUS query_open(const struct context *context, uint32_t attribute,
                                  void *buffer, sspia_report *report)
{
    SSL *ssl = context->ssl;
    X509 *peer = SSL_get0_peer_certificate(ssl);

    switch (attribute) {
    case SECPKG_ATTR_STREAM_SIZES:
        if (context->messages)
            return missing(report, SEC_E_UNSUPPORTED_FUNCTION, "the context has no records");
        give_stream_sizes(context, buffer);
        return SEC_E_OK;
    case SECPKG_ATTR_NAMES:
        return give_name(context->server ? peer : local_certificate(context), false,
                         &((SecPkgContext_NamesA *)buffer)->sUserName, report);
    case SECPKG_ATTR_AUTHORITY:
        return give_name(peer, true, &((SecPkgContext_AuthorityA *)buffer)->sAuthorityName,
                         report);
    case SECPKG_ATTR_LIFESPAN:
        return give_lifespan(context, buffer);
    case SECPKG_ATTR_KEY_INFO:
        return connection_key(context, buffer);
    case SECPKG_ATTR_CONNECTION_INFO:
        connection_info(context, buffer);
        return SEC_E_OK;
    case SECPKG_ATTR_CIPHER_INFO:
        connection_cipher(context, buffer);
        return SEC_E_OK;
    case SECPKG_ATTR_LOCAL_CERT_CONTEXT:
        return give_certificate(local_certificate(context), buffer, report);
    case SECPKG_ATTR_SESSION_INFO:
        give_session(context, buffer);
        return SEC_E_OK;
    case SECPKG_ATTR_APPLICATION_PROTOCOL:
        give_protocol(context, buffer);
        return SEC_E_OK;
    case SECPKG_ATTR_UNIQUE_BINDINGS:
        return bindings_unique(context, buffer, report);
    case SECPKG_ATTR_ENDPOINT_BINDINGS:
        return bindings_endpoint(context, buffer, report);
    case SSPIA_ATTR_EXPORTER_BINDINGS:
        return bindings_exporter(context, buffer, report);
    case SECPKG_ATTR_KEYING_MATERIAL:
    case SECPKG_ATTR_KEYING_MATERIAL_INPROC:
        return give_keying_material(context, buffer, report);
    case SECPKG_ATTR_CERT_CHECK_RESULT:
    case SECPKG_ATTR_CERT_CHECK_RESULT_INPROC:
        return give_check_result(context, buffer, report);
    default:
        report_line(report, "attribute 0x%X", (unsigned)attribute);
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
}

SECURITY_STATUS attribute_query(void *state, uint32_t attribute, void *buffer,
                                sspia_report *report)
{
    const struct context *context = state;
    bool done;
    SECURITY_STATUS status = query_early(context, attribute, buffer, report, &done);

    if (!done && context->state == CONTEXT_OPEN)
        status = query_open(context, attribute, buffer, report);
    else if (!done && context->state == CONTEXT_FAILED)
        status = context_failed(context, report);
    else if (!done)
        status = missing(report, SEC_E_OUT_OF_SEQUENCE, "the handshake is not complete");
    return status;
}

static SECURITY_STATUS set_keying_material(struct context *context,
                                           const SecPkgContext_KeyingMaterialInfo *info,
                                           sspia_report *report)
{
    const size_t label_size =
        info->pszLabel != NULL ? strnlen(info->pszLabel, info->cbLabel) : 0;
    char *label;
    uint8_t *value = NULL;

    if (label_size == 0 || info->cbKeyingMaterial == 0 ||
        info->cbKeyingMaterial > KEYING_MATERIAL_MAX ||
        (info->pbContextValue == NULL && info->cbContextValue > 0))
        return missing(report, SEC_E_INVALID_PARAMETER,
                       "the label, the context value or the size is malformed");
    label = OPENSSL_strndup(info->pszLabel, label_size);
    if (info->pbContextValue != NULL)
        value = OPENSSL_zalloc(info->cbContextValue + 1u);
    if (label == NULL || (info->pbContextValue != NULL && value == NULL)) {
        OPENSSL_free(label);
        OPENSSL_free(value);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    if (value != NULL)
        memcpy(value, info->pbContextValue, info->cbContextValue);
    OPENSSL_clear_free(context->export_label, context->export_label_size);
    OPENSSL_clear_free(context->export_context, context->export_context_size);
    context->export_label = label;
    context->export_label_size = label_size;
    context->export_context = value;
    context->export_context_size = info->cbContextValue;
    context->export_has_context = value != NULL;
    context->export_size = info->cbKeyingMaterial;
    return SEC_E_OK;
}

SECURITY_STATUS attribute_set(void *state, uint32_t attribute, const void *buffer, size_t size,
                              sspia_report *report)
{
    struct context *context = state;

    if (attribute == SECPKG_ATTR_DTLS_MTU && context->datagrams)
        return datagram_set_mtu(context, buffer, size, report);
    if (attribute != SECPKG_ATTR_KEYING_MATERIAL_INFO) {
        report_line(report, "attribute 0x%X", (unsigned)attribute);
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    if (size < sizeof(SecPkgContext_KeyingMaterialInfo))
        return missing(report, SEC_E_BUFFER_TOO_SMALL, "SecPkgContext_KeyingMaterialInfo");
    return set_keying_material(context, buffer, report);
}
