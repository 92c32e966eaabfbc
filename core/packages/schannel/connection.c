/* SPDX-License-Identifier: MIT */
#include "connection.h"

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <string.h>

#include "module.h"
#include "suite.h"

/* What this connection runs with. */
struct connection {
    const struct suite *suite; /* one of ours, always */
    bool tls13;
    bool dh;              /* a finite field; else a curve */
    uint32_t group_bits;  /* 0 if OpenSSL does not tell */
    uint32_t exchange_id; /* ALG_ID */
};

static struct connection look_at(const struct context *context)
{
    SSL *ssl = context->ssl;
    struct connection connection = {
        .suite = suite_find(SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(ssl))),
        .tls13 = SSL_version(ssl) >= TLS1_3_VERSION,
    };
    EVP_PKEY *key = NULL;

    /* The peer's half of the exchange; resumed sessions of TLS 1.2 have none. */
    if (SSL_get_peer_tmp_key(ssl, &key) == 1 && key != NULL) {
        connection.dh = EVP_PKEY_is_a(key, "DH") == 1;
        connection.group_bits = (uint32_t)EVP_PKEY_get_bits(key);
        EVP_PKEY_free(key);
    } else {
        connection.dh = strcmp(connection.suite->exchange, "DH") == 0;
    }
    connection.exchange_id = connection.dh ? CALG_DH_EPHEM : CALG_ECDH_EPHEM;
    return connection;
}

void connection_info(const struct context *context, SecPkgContext_ConnectionInfo *info)
{
    const struct connection connection = look_at(context);
    const struct suite *suite = connection.suite;
    const bool aes = strcmp(suite->cipher, "AES") == 0;

    *info = (SecPkgContext_ConnectionInfo){
        .dwProtocol = connection.tls13
                          ? (context->server ? SP_PROT_TLS1_3_SERVER : SP_PROT_TLS1_3_CLIENT)
                          : (context->server ? SP_PROT_TLS1_2_SERVER : SP_PROT_TLS1_2_CLIENT),
        .aiCipher = !aes                     ? 0
                    : suite->key_bits == 256 ? CALG_AES_256
                                             : CALG_AES_128,
        .dwCipherStrength = suite->key_bits,
        .aiHash = suite->hash_bits == 384 ? CALG_SHA_384 : CALG_SHA_256,
        .dwHashStrength = suite->hash_bits,
        .aiExch = connection.exchange_id,
        .dwExchStrength = connection.group_bits,
    };
}

static void write_wide(WCHAR target[SZ_ALG_MAX_SIZE], const char *ascii)
{
    size_t i = 0;

    for (; ascii[i] != '\0' && i < SZ_ALG_MAX_SIZE - 1; i++)
        target[i] = (WCHAR)ascii[i];
    target[i] = 0;
}

static const char *certificate_kind(const struct context *context, uint32_t *bits)
{
    X509 *certificate = context->server ? SSL_get_certificate(context->ssl)
                                        : SSL_get0_peer_certificate(context->ssl);
    EVP_PKEY *key = certificate != NULL ? X509_get0_pubkey(certificate) : NULL;

    *bits = 0;
    if (key == NULL)
        return "";
    *bits = (uint32_t)EVP_PKEY_get_bits(key);
    if (EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS"))
        return "RSA";
    if (EVP_PKEY_is_a(key, "EC"))
        return "ECDSA";
    return EVP_PKEY_get0_type_name(key);
}

void connection_cipher(const struct context *context, SecPkgContext_CipherInfo *info)
{
    const struct connection connection = look_at(context);
    const struct suite *suite = connection.suite;
    uint32_t certificate_bits;

    *info = (SecPkgContext_CipherInfo){
        .dwVersion = SECPKGCONTEXT_CIPHERINFO_V1,
        .dwProtocol = (uint32_t)SSL_version(context->ssl),
        .dwCipherSuite = suite->id,
        .dwBaseCipherSuite = suite->id,
        .dwCipherLen = suite->key_bits,
        .dwCipherBlockLen = strcmp(suite->cipher, "AES") == 0 ? 16 : 1,
        .dwHashLen = suite->hash_bits,
        .dwMinExchangeLen = connection.group_bits,
        .dwMaxExchangeLen = connection.group_bits,
    };
    write_wide(info->szCipherSuite, suite->name);
    write_wide(info->szCipher, suite->cipher);
    write_wide(info->szHash, suite->hash_bits == 384 ? "SHA384" : "SHA256");
    write_wide(info->szExchange, connection.dh ? "DH" : "ECDH");
    write_wide(info->szCertificate, certificate_kind(context, &certificate_bits));
    info->dwKeyType = 0;
}

static char *copy(const char *text)
{
    char *block = module_host()->allocate(strlen(text) + 1);

    return block != NULL ? strcpy(block, text) : NULL;
}

SECURITY_STATUS connection_key(const struct context *context, SecPkgContext_KeyInfoA *info)
{
    const struct connection connection = look_at(context);
    uint32_t bits;
    SecPkgContext_KeyInfoA result = {
        .sSignatureAlgorithmName = copy(certificate_kind(context, &bits)),
        .sEncryptAlgorithmName = copy(connection.suite->cipher),
        .KeySize = connection.suite->key_bits,
    };

    if (result.sSignatureAlgorithmName == NULL || result.sEncryptAlgorithmName == NULL) {
        if (result.sSignatureAlgorithmName != NULL)
            module_host()->free(result.sSignatureAlgorithmName);
        if (result.sEncryptAlgorithmName != NULL)
            module_host()->free(result.sEncryptAlgorithmName);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    *info = result;
    return SEC_E_OK;
}
