/* SPDX-License-Identifier: MIT */
#include "bindings.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#include "host.h"
#include "status.h"

/* RFC 9266 4: 32 bytes. */
#define EXPORTER_SIZE 32u

static SECURITY_STATUS make(const char *prefix, const uint8_t *data, size_t size,
                            SecPkgContext_Bindings *bindings)
{
    const size_t prefix_size = strlen(prefix);
    const size_t total = sizeof(SEC_CHANNEL_BINDINGS) + prefix_size + size;
    SEC_CHANNEL_BINDINGS *block = host->allocate(total);
    uint8_t *at = (uint8_t *)(block + 1);

    if (block == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    /* No addresses: RFC 5929 and Windows leave them out. */
    *block = (SEC_CHANNEL_BINDINGS){
        .cbApplicationDataLength = (uint32_t)(prefix_size + size),
        .dwApplicationDataOffset = sizeof(*block),
    };
    memcpy(at, prefix, prefix_size);
    memcpy(at + prefix_size, data, size);
    bindings->BindingsLength = (uint32_t)total;
    bindings->Bindings = block;
    return SEC_E_OK;
}

/* The first Finished of the handshake (RFC 5929 3): the client's, or the server's in a
 * resumption. */
SECURITY_STATUS bindings_unique(const struct context *context, SecPkgContext_Bindings *bindings,
                                sspia_report *report)
{
    const bool resumed = SSL_session_reused(context->ssl) == 1;
    const bool mine = context->server == resumed;
    uint8_t finished[EVP_MAX_MD_SIZE];
    size_t size;

    if (SSL_version(context->ssl) == TLS1_3_VERSION) {
        report_line(report, "TLS 1.3 has no tls-unique; take SSPIA_ATTR_EXPORTER_BINDINGS");
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    /* RFC 7627 1: in a resumption it does not name the channel without this. */
    if (resumed && SSL_get_extms_support((SSL *)context->ssl) != 1) {
        report_line(
            report,
            "tls-unique is not safe for a resumed session without the extended master secret");
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    size = mine ? SSL_get_finished(context->ssl, finished, sizeof(finished))
                : SSL_get_peer_finished(context->ssl, finished, sizeof(finished));
    return make("tls-unique:", finished, size, bindings);
}

/* The hash of the server's certificate, with the hash of its signature but no weaker one
 * than SHA-256 (RFC 5929 4.1). */
SECURITY_STATUS bindings_endpoint(const struct context *context,
                                  SecPkgContext_Bindings *bindings, sspia_report *report)
{
    const X509 *server = context->server ? SSL_get_certificate(context->ssl)
                                         : SSL_get0_peer_certificate(context->ssl);
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned size;
    int digest_nid;
    const EVP_MD *digest;

    if (server == NULL) {
        report_line(report, "the server has no certificate");
        return SEC_E_NO_CREDENTIALS;
    }
    if (X509_get_signature_info((X509 *)server, &digest_nid, NULL, NULL, NULL) != 1 ||
        digest_nid == NID_undef) {
        report_line(report, "tls-server-end-point is not defined for the signature of the "
                            "server's certificate");
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    if (digest_nid == NID_md5 || digest_nid == NID_sha1)
        digest_nid = NID_sha256;
    digest = EVP_get_digestbynid(digest_nid);
    if (digest == NULL || X509_digest(server, digest, hash, &size) != 1)
        return report_openssl(report, "hashing the server's certificate");
    return make("tls-server-end-point:", hash, size, bindings);
}

SECURITY_STATUS bindings_exporter(const struct context *context,
                                  SecPkgContext_Bindings *bindings, sspia_report *report)
{
    static const char label[] = "EXPORTER-Channel-Binding";
    uint8_t secret[EXPORTER_SIZE];
    SECURITY_STATUS status;

    /* RFC 9266 4.2 */
    if (SSL_version(context->ssl) != TLS1_3_VERSION &&
        SSL_get_extms_support((SSL *)context->ssl) != 1) {
        report_line(report, "tls-exporter needs TLS 1.3 or the extended master secret");
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    if (SSL_export_keying_material(context->ssl, secret, sizeof(secret), label,
                                   sizeof(label) - 1, NULL, 0, 0) != 1)
        return report_openssl(report, "exporting keying material");
    status = make("tls-exporter:", secret, sizeof(secret), bindings);
    OPENSSL_cleanse(secret, sizeof(secret));
    return status;
}
