/* SPDX-License-Identifier: MIT */
#include "connection.h"

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <string.h>

#include "host.h"
#include "suite.h"

/* What this connection runs with. */
struct connection {
    const struct suite *suite; /* one of ours, always */
    bool dh;                   /* a finite field; else a curve */
    uint32_t group_bits;       /* 0 if OpenSSL does not tell */
    uint32_t exchange_id;      /* ALG_ID */
};

/* 0 where Windows has no number. */
static ALG_ID cipher_id(const struct suite *suite)
{
    if (strcmp(suite->cipher, "AES") != 0)
        return 0;
    return suite->key_bits == 256 ? CALG_AES_256 : CALG_AES_128;
}

/* The IANA number of the curve (RFC 8446 4.2.7), 0 for a finite field: CNG's key types. */
static uint32_t curve_id(SSL *ssl)
{
    static const struct {
        int nid;
        uint16_t id;
    } curves[] = {{NID_X9_62_prime256v1, 23},
                  {NID_secp384r1, 24},
                  {NID_secp521r1, 25},
                  {NID_X25519, 29},
                  {NID_X448, 30}};
    const int nid = (int)SSL_get_negotiated_group(ssl);

    /* ssl.h: so OpenSSL tells of a group that has no NID. */
    if ((nid & TLSEXT_nid_unknown) != 0)
        return (uint32_t)nid & 0xFFFFu;
    for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
        if (curves[i].nid == nid)
            return curves[i].id;
    }
    return 0;
}

static struct connection look_at(const struct context *context)
{
    SSL *ssl = context->ssl;
    struct connection connection = {
        .suite = suite_find(SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(ssl))),
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

static uint32_t protocol_of(const struct context *context)
{
    if (context->datagrams)
        return context->server ? SP_PROT_DTLS1_2_SERVER : SP_PROT_DTLS1_2_CLIENT;
    if (SSL_version(context->ssl) == TLS1_3_VERSION)
        return context->server ? SP_PROT_TLS1_3_SERVER : SP_PROT_TLS1_3_CLIENT;
    return context->server ? SP_PROT_TLS1_2_SERVER : SP_PROT_TLS1_2_CLIENT;
}

void connection_info(const struct context *context, SecPkgContext_ConnectionInfo *info)
{
    const struct connection connection = look_at(context);
    const struct suite *suite = connection.suite;

    *info = (SecPkgContext_ConnectionInfo){
        .dwProtocol = protocol_of(context),
        .aiCipher = cipher_id(suite),
        .dwCipherStrength = suite->key_bits,
        /* Its use in the handshake; records have no MAC of their own (below too). */
        .aiHash = suite->hash_bits == 384 ? CALG_SHA_384 : CALG_SHA_256,
        .dwHashStrength = 0,
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

static const char *certificate_kind(const struct context *context, ALG_ID *id)
{
    X509 *certificate = context->server ? SSL_get_certificate(context->ssl)
                                        : SSL_get0_peer_certificate(context->ssl);
    EVP_PKEY *key = certificate != NULL ? X509_get0_pubkey(certificate) : NULL;

    *id = 0;
    if (key == NULL)
        return "";
    if (EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS")) {
        *id = CALG_RSA_SIGN;
        return "RSA";
    }
    if (EVP_PKEY_is_a(key, "EC")) {
        *id = CALG_ECDSA;
        return "ECDSA";
    }
    return EVP_PKEY_get0_type_name(key);
}

void connection_cipher(const struct context *context, SecPkgContext_CipherInfo *info)
{
    const struct connection connection = look_at(context);
    const struct suite *suite = connection.suite;
    ALG_ID signature;

    *info = (SecPkgContext_CipherInfo){
        .dwVersion = SECPKGCONTEXT_CIPHERINFO_V1,
        .dwProtocol = (uint32_t)SSL_version(context->ssl),
        .dwCipherSuite = suite->id,
        .dwBaseCipherSuite = suite->id,
        .dwCipherLen = suite->key_bits,
        .dwCipherBlockLen = strcmp(suite->cipher, "AES") == 0 ? 16 : 1,
        .dwHashLen = 0,
        /* Since Windows 10 a suite does not say how long the keys of the exchange are. */
        .dwMinExchangeLen = 0,
        .dwMaxExchangeLen = 65536,
        .dwKeyType = curve_id(context->ssl),
    };
    write_wide(info->szCipherSuite, suite->name);
    write_wide(info->szCipher, suite->cipher);
    write_wide(info->szExchange, connection.dh ? "DH" : "ECDH");
    write_wide(info->szCertificate, certificate_kind(context, &signature));
}

static char *copy(const char *text)
{
    char *block = host->allocate(strlen(text) + 1);

    return block != NULL ? strcpy(block, text) : NULL;
}

SECURITY_STATUS connection_key(const struct context *context, SecPkgContext_KeyInfoA *info)
{
    const struct connection connection = look_at(context);
    ALG_ID signature;
    SecPkgContext_KeyInfoA result = {
        .sSignatureAlgorithmName = copy(certificate_kind(context, &signature)),
        .sEncryptAlgorithmName = copy(connection.suite->cipher),
        .KeySize = connection.suite->key_bits,
        .EncryptAlgorithm = cipher_id(connection.suite),
    };

    if (result.sSignatureAlgorithmName == NULL || result.sEncryptAlgorithmName == NULL) {
        if (result.sSignatureAlgorithmName != NULL)
            host->free(result.sSignatureAlgorithmName);
        if (result.sEncryptAlgorithmName != NULL)
            host->free(result.sEncryptAlgorithmName);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    result.SignatureAlgorithm = signature;
    *info = result;
    return SEC_E_OK;
}
