/* SPDX-License-Identifier: MIT */
/*
 * schannel.h - TLS as a security package: credentials, control tokens and attributes of
 * "Schannel", with the names and x64 layouts of the Windows header of the same name.
 *
 *     PCCERT_CONTEXT certificate;
 *     sspia_certificate_load_file("server.pem", NULL, NULL, &certificate);
 *     SCH_CREDENTIALS credentials = {SCH_CREDENTIALS_VERSION, 0, 1, &certificate};
 *     AcquireCredentialsHandle(NULL, UNISP_NAME, SECPKG_CRED_INBOUND, NULL, &credentials,
 *                              NULL, NULL, &handle, NULL);
 *     sspia_certificate_free(certificate);
 *
 * TLS 1.2 and 1.3, DTLS 1.2; suites with forward secrecy and authenticated encryption (AES-GCM,
 * AES-CCM, ChaCha20-Poly1305) only. Nothing blocks: revocation lists and OCSP responses
 * are never fetched.
 *
 * Initiator. pszTargetName is the host name (ASCII; a name beyond it in its xn-- form) or
 * the IP address: it is sent as SNI, and the server's certificate must be issued for it. By
 * default the chain, the dates and the name are checked against hRootStore, or the
 * system's roots. A credential without a certificate answers a server that asks for one
 * with SEC_I_INCOMPLETE_CREDENTIALS, once: call again with the same input and another
 * credential, or the same one to go on without a certificate.
 *
 * Acceptor. ASC_REQ_MUTUAL_AUTH asks for a client certificate, and insists on it unless
 * validation is manual. Application protocols come in an APPLICATION_PROTOCOLS buffer on
 * the first leg of either side.
 *
 * Input is consumed in whole records. SEC_E_INCOMPLETE_MESSAGE: not even one is there,
 * nothing has changed. An EXTRA buffer holds what was not consumed: the beginning of a
 * record, or application data that followed the handshake.
 *
 * Messages. EncryptMessage: STREAM_HEADER, DATA, STREAM_TRAILER (and EMPTY) with the sizes
 * of SECPKG_ATTR_STREAM_SIZES; send the three in this order. DecryptMessage: DATA and three
 * EMPTY buffers; they come back as STREAM_HEADER, DATA, STREAM_TRAILER and, if input is
 * left, EXTRA, all inside the caller's memory. One record a call. Besides SEC_E_OK (DATA
 * may be empty) it returns
 *   SEC_E_INCOMPLETE_MESSAGE  the record is not whole, and its bytes are as they were; the
 *                             DATA buffer has become MISSING, its cbBuffer how much more is
 *                             needed. Fill in type and size anew for the next call
 *   SEC_I_RENEGOTIATE         the record was a message of the handshake protocol (TLS 1.3:
 *                             a session ticket, a key update; TLS 1.2: a request to
 *                             renegotiate, which is refused). Call
 *                             InitializeSecurityContext or AcceptSecurityContext, with
 *                             the EXTRA data as token or with none; it returns SEC_E_OK,
 *                             a token to send if there is one, and all input as EXTRA
 *                             again. Until that is done, EncryptMessage may return
 *                             SEC_E_OUT_OF_SEQUENCE: the peer is owed that token first.
 *   SEC_I_CONTEXT_EXPIRED     the peer closed the connection with close_notify
 *
 * Returned flags. REPLAY_DETECT, SEQUENCE_DETECT, CONFIDENTIALITY and STREAM (or DATAGRAM)
 * always; the others only if a leg asked for them: MUTUAL_AUTH once the peer's certificate was
 * validated, INTEGRITY, EXTENDED_ERROR, MANUAL_CRED_VALIDATION, USED_SUPPLIED_CREDS,
 * SESSION_TICKET.
 *
 * Messages without records. With ISC_REQ_MESSAGES or ASC_REQ_MESSAGES, in a FLAGS buffer on the
 * first leg, tokens are handshake messages of TLS 1.3 (RFC 8446 4) and nothing else: a
 * transport of the caller's protects them, as QUIC does (RFC 9001). Each leg takes the whole
 * messages of its token, at any time after the handshake too (tickets), and these buffers: in
 * SEND_GENERIC_TLS_EXTENSION, SUBSCRIBE_GENERIC_TLS_EXTENSION: on any leg before it counts; of
 * the extensions that QUIC has its transport parameters in (0x0039, and 0xffa5 of drafts) out
 * TRAFFIC_SECRETS, four on each leg: TrafficSecretType says whose a secret is. The first of a
 * side is that of the handshake, the next is of what follows it; one's own of the handshake
 * comes once more if there was nothing to protect when it came. Those that are left over are
 * zeroed. SEC_E_BUFFER_TOO_SMALL: call again with larger ones, or more.
 *        SUBSCRIBE_GENERIC_TLS_EXTENSION: with SEC_I_GENERIC_EXTENSION_RECEIVED, which comes
 *        before a ClientHello or EncryptedExtensions is answered, the extension as it was on
 * the wire (type, size, content). Call again with the same token or none; the bytes of the
 *        token do not count then, so it may be written over. SEC_E_EXT_BUFFER_TOO_SMALL:
 * cbBuffer says how large it must be. ALERT: level and description of what the peer is to be
 * told when the leg fails SEC_E_ILLEGAL_MESSAGE: a message of another encryption level, or a
 * KeyUpdate. There is nothing for EncryptMessage, DecryptMessage and ApplyControlToken to do.
 *
 * Datagrams (DTLS 1.2). With ISC_REQ_DATAGRAM or ASC_REQ_DATAGRAM on the first leg a token is
 * one datagram, in and out. An acceptor's legs need the peer's address (any bytes up to 128, a
 * sockaddr) in an EXTRA buffer: the first one answers with a cookie made of it, and nothing
 * else is done for a client that does not return it (SEC_E_INVALID_TOKEN: it returned another).
 *   SEC_I_MESSAGE_FRAGMENT    send the token and call again at once: more datagrams are to be
 * sent. A token that is passed then does not count SEC_I_CONTINUE_NEEDED     wait for a
 * datagram, for SSPIA_ATTR_DTLS_PATIENCE at most; when that is over call without a token: what
 * was lost is sent again. Before, such a call does nothing. The time doubles from a second on
 *                             (RFC 6347 4.2.4.1); the twelfth time ends the context
 * What is no record of this connection is dropped, as the net may do: a leg then has no token,
 * and DecryptMessage returns SEC_E_OK with empty DATA. Messages are sealed and opened as those
 * of a stream are, one record in one datagram; they may be lost and come in any order, but not
 * twice. A datagram of the peer's handshake that comes late is SEC_I_RENEGOTIATE, and answered
 * by a leg. A DTLS_MTU buffer, or SECPKG_ATTR_DTLS_MTU (set and queried, a SEC_DTLS_MTU), says
 * how large a datagram may be: 256 bytes and more, 1096 if nothing is said; cbMaximumMessage
 * follows it. ApplyControlToken: SCHANNEL_SHUTDOWN, once and after the handshake, and
 * SCHANNEL_SESSION.
 *
 * After ApplyControlToken the next InitializeSecurityContext or AcceptSecurityContext call
 * gives the token to send. After SCHANNEL_SHUTDOWN, EncryptMessage returns
 * SEC_E_CONTEXT_EXPIRED; what the peer had already sent can still be decrypted. Another
 * SCHANNEL_SHUTDOWN or SCHANNEL_ALERT after it gives its own token.
 */
#ifndef SSPI_ASYNC_SCHANNEL_H
#define SSPI_ASYNC_SCHANNEL_H

#include "sspi.h"
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define UNISP_NAME_A    "Microsoft Unified Security Protocol Provider"
#define UNISP_NAME_W    u"Microsoft Unified Security Protocol Provider"
#define SCHANNEL_NAME_A "Schannel"
#define SCHANNEL_NAME_W u"Schannel"
#define UNISP_RPC_ID    14
#ifndef SSPI_ASYNC_NO_PLAIN_NAMES
#ifdef UNICODE
#define UNISP_NAME    UNISP_NAME_W
#define SCHANNEL_NAME SCHANNEL_NAME_W
#else
#define UNISP_NAME    UNISP_NAME_A
#define SCHANNEL_NAME SCHANNEL_NAME_A
#endif
#endif

/** ---- Certificates ----------------------------------------------------------------
 *
 * A CERT_CONTEXT of ours is made by sspia_certificate_load_*, or comes from
 * SECPKG_ATTR_REMOTE_CERT_CONTEXT and SECPKG_ATTR_LOCAL_CERT_CONTEXT. It is constant, may
 * be used by many threads, and is copied by what uses it: free it when you like. On Windows
 * hCertStore of a peer's certificate is a store with the other certificates that the peer
 * sent; here they come from SECPKG_ATTR_REMOTE_CERTIFICATES.
 *
 *   X509_ASN_ENCODING      pbCertEncoded is the certificate in DER (what queries give)
 *   SSPIA_ENCODING_SOURCE  pbCertEncoded has the loaded bytes unchanged; a package reads it
 *                          when a credential is acquired
 */
typedef struct _CERT_CONTEXT {
    uint32_t dwCertEncodingType;
    uint8_t *pbCertEncoded;
    uint32_t cbCertEncoded;
    void *pCertInfo;  /* for packages; NULL with X509_ASN_ENCODING */
    void *hCertStore; /* NULL, always: there are no stores here */
} CERT_CONTEXT, *PCERT_CONTEXT;
typedef const CERT_CONTEXT *PCCERT_CONTEXT;
typedef void *HCERTSTORE;

#define X509_ASN_ENCODING     0x00000001u
#define SSPIA_ENCODING_SOURCE 0x53500001u
#define SSPIA_ENCODING_ROOTS  0x53500002u

/** A certificate with its private key and the certificates between it and a root, from PEM
 * (the certificate first, any order of keys and chain after it) or PKCS#12, older exports
 * with RC2 too where OpenSSL's legacy provider is installed; which of the two is found out. The
 * key may be in a separate file (key_path, PEM or DER). password: of the key or the
 * PKCS#12, NULL for none. The file is read at once and whole; what it holds is looked at when a
 * credential is acquired with it, and then a wrong password (SEC_E_LOGON_DENIED), a key that
 * does not belong to the certificate or garbage (SEC_E_UNKNOWN_CREDENTIALS), or a missing key
 * (SEC_E_NO_CREDENTIALS) is reported. *certificate is freed with sspia_certificate_free.
 * SEC_E_OK, SEC_E_NO_CREDENTIALS (a file cannot be read; the message says why),
 * SEC_E_INVALID_PARAMETER, SEC_E_INSUFFICIENT_MEMORY. */
SSPI_ASYNC_API SECURITY_STATUS sspia_certificate_load_file(const char *path,
                                                           const char *key_path,
                                                           const char *password,
                                                           PCCERT_CONTEXT *certificate);
/** The same from memory, which is copied. key may be NULL. */
SSPI_ASYNC_API SECURITY_STATUS sspia_certificate_load_memory(const void *data, size_t size,
                                                             const void *key, size_t key_size,
                                                             const char *password,
                                                             PCCERT_CONTEXT *certificate);
/** Wipes and frees; NULL is fine. SEC_E_INVALID_HANDLE for what is not a certificate of
 * ours, or was freed before. */
SSPI_ASYNC_API SECURITY_STATUS sspia_certificate_free(PCCERT_CONTEXT certificate);
/** What frees a certificate on Windows; true, as there. */
#ifndef SSPI_ASYNC_NO_PLAIN_NAMES
#define CertFreeCertificateContext(certificate)                                                \
    (sspia_certificate_free(certificate) == SEC_E_OK)
#endif

/** Trusted roots for hRootStore: certificates (and revocation lists, which the
 * SCH_CRED_REVOCATION_CHECK_* flags use) in PEM. SSPIA_ROOTS_SYSTEM: the system's roots as
 * well; with path or data NULL, these alone, which is what hRootStore NULL means too. */
#define SSPIA_ROOTS_SYSTEM 0x1u
SSPI_ASYNC_API SECURITY_STATUS sspia_roots_load_file(const char *path, uint32_t flags,
                                                     HCERTSTORE *roots);
SSPI_ASYNC_API SECURITY_STATUS sspia_roots_load_memory(const void *data, size_t size,
                                                       uint32_t flags, HCERTSTORE *roots);
SSPI_ASYNC_API SECURITY_STATUS sspia_roots_free(HCERTSTORE roots);

/** For packages: what pCertInfo of SSPIA_ENCODING_SOURCE points to, and of the CERT_CONTEXT
 * of SSPIA_ENCODING_ROOTS that an HCERTSTORE of ours is. The content is in pbCertEncoded. */
typedef struct sspia_certificate_source {
    uint32_t size;   /* sizeof(sspia_certificate_source) */
    uint32_t flags;  /* SSPIA_ROOTS_* */
    const void *key; /* NULL: in the content */
    size_t key_size;
    const char *password; /* or NULL */
} sspia_certificate_source;

/** ---- Credentials ------------------------------------------------------------------ */

typedef uint32_t ALG_ID;

typedef enum _eTlsAlgorithmUsage {
    TlsParametersCngAlgUsageKeyExchange, /* "ECDH", "DH" */
    TlsParametersCngAlgUsageSignature,   /* "RSA", "ECDSA" */
    TlsParametersCngAlgUsageCipher,      /* "AES", "CHACHA20_POLY1305" */
    TlsParametersCngAlgUsageDigest,      /* "SHA256", "SHA384" of the suite */
    TlsParametersCngAlgUsageCertSig
} eTlsAlgorithmUsage;

#define SCH_CRED_MAX_SUPPORTED_PARAMETERS      16u
#define SCH_CRED_MAX_SUPPORTED_ALPN_IDS        16u
#define SCH_CRED_MAX_SUPPORTED_CRYPTO_SETTINGS 16u
#define SCH_CRED_MAX_SUPPORTED_CHAINING_MODES  16u

/** What must not be used. Both bit lengths 0: the algorithm; else its keys shorter than the
 * one or longer than the other. Chaining modes ("ChainingModeGCM", "ChainingModeCCM")
 * narrow it down to these. */
typedef struct _CRYPTO_SETTINGS {
    eTlsAlgorithmUsage eAlgorithmUsage;
    UNICODE_STRING strCngAlgId;
    uint32_t cChainingModes;
    PUNICODE_STRING rgstrChainingModes;
    uint32_t dwMinBitLength;
    uint32_t dwMaxBitLength;
} CRYPTO_SETTINGS, *PCRYPTO_SETTINGS;

/** The names of bcrypt.h that strCngAlgId, chaining modes, cipher information and traffic
 * secrets have. */
#ifndef BCRYPT_AES_ALGORITHM
#define BCRYPT_AES_ALGORITHM    u"AES"
#define BCRYPT_SHA256_ALGORITHM u"SHA256"
#define BCRYPT_SHA384_ALGORITHM u"SHA384"
#define BCRYPT_SHA512_ALGORITHM u"SHA512"
#define BCRYPT_RSA_ALGORITHM    u"RSA"
#define BCRYPT_ECDSA_ALGORITHM  u"ECDSA"
#define BCRYPT_ECDH_ALGORITHM   u"ECDH"
#define BCRYPT_DH_ALGORITHM     u"DH"
#define BCRYPT_CHAIN_MODE_GCM   u"ChainingModeGCM"
#define BCRYPT_CHAIN_MODE_CCM   u"ChainingModeCCM"
#endif
#ifndef BCRYPT_CHACHA20_POLY1305_ALGORITHM
#define BCRYPT_CHACHA20_POLY1305_ALGORITHM u"CHACHA20_POLY1305"
#endif

#define TLS_PARAMS_OPTIONAL 0x1u /* not supported */

typedef struct _TLS_PARAMETERS {
    uint32_t cAlpnIds; /* must be 0: the parameters hold for all connections */
    PUNICODE_STRING rgstrAlpnIds;
    uint32_t grbitDisabledProtocols; /* SP_PROT_* that must NOT be used */
    uint32_t cDisabledCrypto;
    PCRYPTO_SETTINGS pDisabledCrypto;
    uint32_t dwFlags;
} TLS_PARAMETERS, *PTLS_PARAMETERS;

/** Versions of old structures, which nothing takes. */
#define SCH_CRED_V1      1u
#define SCH_CRED_V2      2u
#define SCH_CRED_V3      3u
#define SCH_CRED_VERSION SCH_CRED_V2

#define SCHANNEL_CRED_VERSION   4u
#define SCH_CREDENTIALS_VERSION 5u

/** Of dwCredFormat, which counts only with cCreds. */
#define SCH_CRED_FORMAT_CERT_CONTEXT    0u
#define SCH_CRED_FORMAT_CERT_HASH       1u /* not supported */
#define SCH_CRED_FORMAT_CERT_HASH_STORE 2u /* not supported */

/** pAuthData. An acceptor needs a certificate: a credential without one can be acquired, and
 * its first leg fails with SEC_E_NO_CREDENTIALS. With several, the one issued for the name
 * that the client asks for is used, or else the first. dwSessionLifespan: for how long
 * sessions can be resumed, in milliseconds; 0: ten hours. */
typedef struct _SCH_CREDENTIALS {
    uint32_t dwVersion; /* SCH_CREDENTIALS_VERSION */
    uint32_t dwCredFormat;
    uint32_t cCreds;
    PCCERT_CONTEXT *paCred;
    HCERTSTORE hRootStore;
    uint32_t cMappers; /* 0 */
    struct _HMAPPER **aphMappers;
    uint32_t dwSessionLifespan;
    uint32_t dwFlags; /* SCH_* */
    uint32_t cTlsParameters;
    PTLS_PARAMETERS pTlsParameters;
} SCH_CREDENTIALS, *PSCH_CREDENTIALS;

typedef struct _SCHANNEL_CRED {
    uint32_t dwVersion; /* SCHANNEL_CRED_VERSION */
    uint32_t cCreds;
    PCCERT_CONTEXT *paCred;
    HCERTSTORE hRootStore;
    uint32_t cMappers;
    struct _HMAPPER **aphMappers;
    uint32_t cSupportedAlgs; /* 0: all */
    ALG_ID *palgSupportedAlgs;
    uint32_t grbitEnabledProtocols;   /* SP_PROT_*; 0: TLS 1.2 and 1.3 */
    uint32_t dwMinimumCipherStrength; /* bits; 0: no bound */
    uint32_t dwMaximumCipherStrength;
    uint32_t dwSessionLifespan;
    uint32_t dwFlags;
    uint32_t dwCredFormat;
} SCHANNEL_CRED, *PSCHANNEL_CRED;

/** What a certificate is named by in stores of Windows: paCred of SCH_CRED_FORMAT_CERT_HASH and
 * ..._STORE, which nothing takes here. Programs pass the flag in dwFlags of a credential, too,
 * where it has no meaning. */
#define SCH_CRED_MAX_STORE_NAME_SIZE 128u
#define SCH_CRED_MAX_SUPPORTED_ALGS  256u
#define SCH_CRED_MAX_SUPPORTED_CERTS 100u
#define SCH_MACHINE_CERT_HASH        0x00000001u

typedef uintptr_t HCRYPTPROV;

typedef struct _SCHANNEL_CERT_HASH {
    uint32_t dwLength;
    uint32_t dwFlags; /* SCH_MACHINE_CERT_HASH */
    HCRYPTPROV hProv;
    uint8_t ShaHash[20];
} SCHANNEL_CERT_HASH, *PSCHANNEL_CERT_HASH;

typedef struct _SCHANNEL_CERT_HASH_STORE {
    uint32_t dwLength;
    uint32_t dwFlags;
    HCRYPTPROV hProv;
    uint8_t ShaHash[20];
    WCHAR pwszStoreName[SCH_CRED_MAX_STORE_NAME_SIZE];
} SCHANNEL_CERT_HASH_STORE, *PSCHANNEL_CERT_HASH_STORE;

#define SCH_CRED_NO_SYSTEM_MAPPER                    0x00000002u
#define SCH_CRED_NO_SERVERNAME_CHECK                 0x00000004u
#define SCH_CRED_MANUAL_CRED_VALIDATION              0x00000008u
#define SCH_CRED_NO_DEFAULT_CREDS                    0x00000010u
#define SCH_CRED_AUTO_CRED_VALIDATION                0x00000020u
#define SCH_CRED_USE_DEFAULT_CREDS                   0x00000040u
#define SCH_CRED_DISABLE_RECONNECTS                  0x00000080u
#define SCH_CRED_REVOCATION_CHECK_END_CERT           0x00000100u
#define SCH_CRED_REVOCATION_CHECK_CHAIN              0x00000200u
#define SCH_CRED_REVOCATION_CHECK_CHAIN_EXCLUDE_ROOT 0x00000400u
#define SCH_CRED_IGNORE_NO_REVOCATION_CHECK          0x00000800u
#define SCH_CRED_IGNORE_REVOCATION_OFFLINE           0x00001000u
#define SCH_CRED_RESTRICTED_ROOTS                    0x00002000u
#define SCH_CRED_REVOCATION_CHECK_CACHE_ONLY         0x00004000u
#define SCH_CRED_CACHE_ONLY_URL_RETRIEVAL            0x00008000u
#define SCH_CRED_MEMORY_STORE_CERT                   0x00010000u
#define SCH_CRED_CACHE_ONLY_URL_RETRIEVAL_ON_CREATE  0x00020000u
#define SCH_SEND_ROOT_CERT                           0x00040000u
#define SCH_CRED_SNI_CREDENTIAL                      0x00080000u /* as it is anyway */
#define SCH_CRED_SNI_ENABLE_OCSP                     0x00100000u /* inbound: not supported */
#define SCH_SEND_AUX_RECORD                          0x00200000u
#define SCH_USE_STRONG_CRYPTO                        0x00400000u
#define SCH_USE_PRESHAREDKEY_ONLY                    0x00800000u /* not supported */
#define SCH_USE_DTLS_ONLY                            0x01000000u
#define SCH_ALLOW_NULL_ENCRYPTION                    0x02000000u /* not supported */
#define SCH_CRED_DEFERRED_CRED_VALIDATION            0x04000000u

/** Of these TLS 1.2, TLS 1.3 and DTLS 1.2 are spoken. What else a program names is passed over,
 * as a system does on which an administrator has turned it off. */
#define SP_PROT_PCT1_SERVER      0x00000001u
#define SP_PROT_PCT1_CLIENT      0x00000002u
#define SP_PROT_SSL2_SERVER      0x00000004u
#define SP_PROT_SSL2_CLIENT      0x00000008u
#define SP_PROT_SSL3_SERVER      0x00000010u
#define SP_PROT_SSL3_CLIENT      0x00000020u
#define SP_PROT_TLS1_SERVER      0x00000040u
#define SP_PROT_TLS1_CLIENT      0x00000080u
#define SP_PROT_TLS1_0_SERVER    SP_PROT_TLS1_SERVER
#define SP_PROT_TLS1_0_CLIENT    SP_PROT_TLS1_CLIENT
#define SP_PROT_TLS1_1_SERVER    0x00000100u
#define SP_PROT_TLS1_1_CLIENT    0x00000200u
#define SP_PROT_TLS1_2_SERVER    0x00000400u
#define SP_PROT_TLS1_2_CLIENT    0x00000800u
#define SP_PROT_TLS1_3_SERVER    0x00001000u
#define SP_PROT_TLS1_3_CLIENT    0x00002000u
#define SP_PROT_DTLS_SERVER      0x00010000u
#define SP_PROT_DTLS_CLIENT      0x00020000u
#define SP_PROT_DTLS1_0_SERVER   SP_PROT_DTLS_SERVER
#define SP_PROT_DTLS1_0_CLIENT   SP_PROT_DTLS_CLIENT
#define SP_PROT_DTLS1_2_SERVER   0x00040000u
#define SP_PROT_DTLS1_2_CLIENT   0x00080000u
#define SP_PROT_UNI_SERVER       0x40000000u
#define SP_PROT_UNI_CLIENT       0x80000000u
#define SP_PROT_UNI              (SP_PROT_UNI_SERVER | SP_PROT_UNI_CLIENT)
#define SP_PROT_PCT1             (SP_PROT_PCT1_SERVER | SP_PROT_PCT1_CLIENT)
#define SP_PROT_SSL2             (SP_PROT_SSL2_SERVER | SP_PROT_SSL2_CLIENT)
#define SP_PROT_SSL3             (SP_PROT_SSL3_SERVER | SP_PROT_SSL3_CLIENT)
#define SP_PROT_TLS1             (SP_PROT_TLS1_SERVER | SP_PROT_TLS1_CLIENT)
#define SP_PROT_SSL3TLS1_CLIENTS (SP_PROT_TLS1_CLIENT | SP_PROT_SSL3_CLIENT)
#define SP_PROT_SSL3TLS1_SERVERS (SP_PROT_TLS1_SERVER | SP_PROT_SSL3_SERVER)
#define SP_PROT_SSL3TLS1         (SP_PROT_SSL3 | SP_PROT_TLS1)
#define SP_PROT_TLS1_0           (SP_PROT_TLS1_0_SERVER | SP_PROT_TLS1_0_CLIENT)
#define SP_PROT_TLS1_1           (SP_PROT_TLS1_1_SERVER | SP_PROT_TLS1_1_CLIENT)
#define SP_PROT_TLS1_2           (SP_PROT_TLS1_2_SERVER | SP_PROT_TLS1_2_CLIENT)
#define SP_PROT_TLS1_3           (SP_PROT_TLS1_3_SERVER | SP_PROT_TLS1_3_CLIENT)
#define SP_PROT_TLS1_1PLUS_SERVER                                                              \
    (SP_PROT_TLS1_1_SERVER | SP_PROT_TLS1_2_SERVER | SP_PROT_TLS1_3_SERVER)
#define SP_PROT_TLS1_1PLUS_CLIENT                                                              \
    (SP_PROT_TLS1_1_CLIENT | SP_PROT_TLS1_2_CLIENT | SP_PROT_TLS1_3_CLIENT)
#define SP_PROT_TLS1_1PLUS         (SP_PROT_TLS1_1PLUS_SERVER | SP_PROT_TLS1_1PLUS_CLIENT)
#define SP_PROT_TLS1_3PLUS_SERVER  SP_PROT_TLS1_3_SERVER
#define SP_PROT_TLS1_3PLUS_CLIENT  SP_PROT_TLS1_3_CLIENT
#define SP_PROT_TLS1_3PLUS         (SP_PROT_TLS1_3PLUS_SERVER | SP_PROT_TLS1_3PLUS_CLIENT)
#define SP_PROT_TLS1_X_SERVER      (SP_PROT_TLS1_0_SERVER | SP_PROT_TLS1_1PLUS_SERVER)
#define SP_PROT_TLS1_X_CLIENT      (SP_PROT_TLS1_0_CLIENT | SP_PROT_TLS1_1PLUS_CLIENT)
#define SP_PROT_TLS1_X             (SP_PROT_TLS1_X_SERVER | SP_PROT_TLS1_X_CLIENT)
#define SP_PROT_SSL3TLS1_X_SERVERS (SP_PROT_TLS1_X_SERVER | SP_PROT_SSL3_SERVER)
#define SP_PROT_SSL3TLS1_X_CLIENTS (SP_PROT_TLS1_X_CLIENT | SP_PROT_SSL3_CLIENT)
#define SP_PROT_SSL3TLS1_X         (SP_PROT_SSL3 | SP_PROT_TLS1_X)
#define SP_PROT_DTLS               (SP_PROT_DTLS_SERVER | SP_PROT_DTLS_CLIENT)
#define SP_PROT_DTLS1_0            (SP_PROT_DTLS1_0_SERVER | SP_PROT_DTLS1_0_CLIENT)
#define SP_PROT_DTLS1_2            (SP_PROT_DTLS1_2_SERVER | SP_PROT_DTLS1_2_CLIENT)
#define SP_PROT_DTLS1_X_SERVER     (SP_PROT_DTLS1_0_SERVER | SP_PROT_DTLS1_2_SERVER)
#define SP_PROT_DTLS1_X_CLIENT     (SP_PROT_DTLS1_0_CLIENT | SP_PROT_DTLS1_2_CLIENT)
#define SP_PROT_DTLS1_X            (SP_PROT_DTLS1_X_SERVER | SP_PROT_DTLS1_X_CLIENT)
#define SP_PROT_X_CLIENTS          (SP_PROT_CLIENTS | SP_PROT_TLS1_X_CLIENT | SP_PROT_DTLS1_X_CLIENT)
#define SP_PROT_X_SERVERS          (SP_PROT_SERVERS | SP_PROT_TLS1_X_SERVER | SP_PROT_DTLS1_X_SERVER)
#define SP_PROT_CLIENTS                                                                        \
    (SP_PROT_PCT1_CLIENT | SP_PROT_SSL2_CLIENT | SP_PROT_SSL3_CLIENT | SP_PROT_UNI_CLIENT |    \
     SP_PROT_TLS1_CLIENT)
#define SP_PROT_SERVERS                                                                        \
    (SP_PROT_PCT1_SERVER | SP_PROT_SSL2_SERVER | SP_PROT_SSL3_SERVER | SP_PROT_UNI_SERVER |    \
     SP_PROT_TLS1_SERVER)
#define SP_PROT_ALL  0xffffffffu
#define SP_PROT_NONE 0u

/** The numbers of wincrypt.h that attributes and palgSupportedAlgs may hold. */
#define CALG_MD5        0x00008003u
#define CALG_SHA        0x00008004u
#define CALG_SHA1       CALG_SHA
#define CALG_MAC        0x00008005u
#define CALG_HMAC       0x00008009u
#define CALG_SHA_256    0x0000800cu
#define CALG_SHA_384    0x0000800du
#define CALG_SHA_512    0x0000800eu
#define CALG_DES        0x00006601u
#define CALG_RC2        0x00006602u
#define CALG_3DES       0x00006603u
#define CALG_3DES_112   0x00006609u
#define CALG_AES_128    0x0000660eu
#define CALG_AES_192    0x0000660fu
#define CALG_AES_256    0x00006610u
#define CALG_AES        0x00006611u
#define CALG_RC4        0x00006801u
#define CALG_RSA_SIGN   0x00002400u
#define CALG_DSS_SIGN   0x00002200u
#define CALG_ECDSA      0x00002203u
#define CALG_RSA_KEYX   0x0000a400u
#define CALG_DH_SF      0x0000aa01u
#define CALG_DH_EPHEM   0x0000aa02u
#define CALG_ECMQV      0x0000a001u
#define CALG_ECDH       0x0000aa05u
#define CALG_ECDH_EPHEM 0x0000ae06u

/** ---- Control tokens (ApplyControlToken: one TOKEN buffer) ------------------------------ */

#define SCHANNEL_RENEGOTIATE 0u /* one uint32_t; TLS 1.3: new keys both ways */
#define SCHANNEL_SHUTDOWN    1u /* one uint32_t: close_notify */
#define SCHANNEL_ALERT       2u
#define SCHANNEL_SESSION     3u

#define TLS1_ALERT_WARNING 1u
#define TLS1_ALERT_FATAL   2u

/** A fatal alert ends the context. Of the warnings there is close_notify alone. */
typedef struct _SCHANNEL_ALERT_TOKEN {
    uint32_t dwTokenType; /* SCHANNEL_ALERT */
    uint32_t dwAlertType;
    uint32_t dwAlertNumber; /* TLS1_ALERT_* */
} SCHANNEL_ALERT_TOKEN;

#define SSL_SESSION_ENABLE_RECONNECTS  1u
#define SSL_SESSION_DISABLE_RECONNECTS 2u

/** Whether the session may be resumed later. */
typedef struct _SCHANNEL_SESSION_TOKEN {
    uint32_t dwTokenType; /* SCHANNEL_SESSION */
    uint32_t dwFlags;
} SCHANNEL_SESSION_TOKEN;

#define TLS1_ALERT_CLOSE_NOTIFY         0u
#define TLS1_ALERT_UNEXPECTED_MESSAGE   10u
#define TLS1_ALERT_BAD_RECORD_MAC       20u
#define TLS1_ALERT_DECRYPTION_FAILED    21u
#define TLS1_ALERT_RECORD_OVERFLOW      22u
#define TLS1_ALERT_DECOMPRESSION_FAIL   30u
#define TLS1_ALERT_HANDSHAKE_FAILURE    40u
#define TLS1_ALERT_BAD_CERTIFICATE      42u
#define TLS1_ALERT_UNSUPPORTED_CERT     43u
#define TLS1_ALERT_CERTIFICATE_REVOKED  44u
#define TLS1_ALERT_CERTIFICATE_EXPIRED  45u
#define TLS1_ALERT_CERTIFICATE_UNKNOWN  46u
#define TLS1_ALERT_ILLEGAL_PARAMETER    47u
#define TLS1_ALERT_UNKNOWN_CA           48u
#define TLS1_ALERT_ACCESS_DENIED        49u
#define TLS1_ALERT_DECODE_ERROR         50u
#define TLS1_ALERT_DECRYPT_ERROR        51u
#define TLS1_ALERT_EXPORT_RESTRICTION   60u
#define TLS1_ALERT_PROTOCOL_VERSION     70u
#define TLS1_ALERT_INSUFFIENT_SECURITY  71u /* as Windows spells it */
#define TLS1_ALERT_INTERNAL_ERROR       80u
#define TLS1_ALERT_USER_CANCELED        90u
#define TLS1_ALERT_NO_RENEGOTIATION     100u
#define TLS1_ALERT_UNSUPPORTED_EXT      110u
#define TLS1_ALERT_UNKNOWN_PSK_IDENTITY 115u
#define TLS1_ALERT_NO_APP_PROTOCOL      120u

/** Statuses of certificates that sspi.h has no name for; they too are SECURITY_STATUS. */
#define CRYPT_E_REVOKED             ((SECURITY_STATUS)0x80092010)
#define CRYPT_E_NO_REVOCATION_CHECK ((SECURITY_STATUS)0x80092012)
#define CRYPT_E_REVOCATION_OFFLINE  ((SECURITY_STATUS)0x80092013)

/** ---- Extensions of TLS messages without records ----------------------------------------
 *
 * The content of SEND_GENERIC_TLS_EXTENSION and SUBSCRIBE_GENERIC_TLS_EXTENSION buffers. */

typedef struct _SEND_GENERIC_TLS_EXTENSION {
    uint16_t ExtensionType;
    uint16_t HandshakeType;
    uint32_t Flags;
    uint16_t BufferSize;
    uint8_t Buffer[1];
} SEND_GENERIC_TLS_EXTENSION, *PSEND_GENERIC_TLS_EXTENSION;

typedef struct _TLS_EXTENSION_SUBSCRIPTION {
    uint16_t ExtensionType;
    uint16_t HandshakeType;
} TLS_EXTENSION_SUBSCRIPTION, *PTLS_EXTENSION_SUBSCRIPTION;

typedef struct _SUBSCRIBE_GENERIC_TLS_EXTENSION {
    uint32_t Flags;
    uint32_t SubscriptionsCount;
    TLS_EXTENSION_SUBSCRIPTION Subscriptions[1];
} SUBSCRIBE_GENERIC_TLS_EXTENSION, *PSUBSCRIBE_GENERIC_TLS_EXTENSION;

/** ---- Application protocols (ALPN, RFC 7301) ------------------------------------------- */

/** The content of an APPLICATION_PROTOCOLS buffer is SEC_APPLICATION_PROTOCOLS of sspi.h. */
typedef enum _SEC_APPLICATION_PROTOCOL_NEGOTIATION_STATUS {
    SecApplicationProtocolNegotiationStatus_None,
    SecApplicationProtocolNegotiationStatus_Success,
    SecApplicationProtocolNegotiationStatus_SelectedClientOnly
} SEC_APPLICATION_PROTOCOL_NEGOTIATION_STATUS,
    *PSEC_APPLICATION_PROTOCOL_NEGOTIATION_STATUS;

#define MAX_PROTOCOL_ID_SIZE 0xffu

typedef struct _SecPkgContext_ApplicationProtocol {
    SEC_APPLICATION_PROTOCOL_NEGOTIATION_STATUS ProtoNegoStatus;
    SEC_APPLICATION_PROTOCOL_NEGOTIATION_EXT ProtoNegoExt;
    uint8_t ProtocolIdSize;
    uint8_t ProtocolId[MAX_PROTOCOL_ID_SIZE];
} SecPkgContext_ApplicationProtocol, *PSecPkgContext_ApplicationProtocol;

/** ---- Attributes ------------------------------------------------------------------------
 *
 * Of sspi.h: SIZES, STREAM_SIZES, NAMES (the client certificate's subject), LIFESPAN,
 * KEY_INFO, AUTHORITY (the peer certificate's issuer), FLAGS, APPLICATION_PROTOCOL,
 * UNIQUE_BINDINGS (tls-unique, RFC 5929; TLS 1.2), ENDPOINT_BINDINGS
 * (tls-server-end-point), CLIENT_SPECIFIED_TARGET (acceptor: the name in the client's SNI),
 * and those that follow here. Bindings are ready to be passed on in a CHANNEL_BINDINGS
 * buffer. SEC_E_NO_CREDENTIALS: there is no such certificate. SEC_E_OUT_OF_SEQUENCE: the
 * handshake has not come that far.
 */
#define SECPKG_ATTR_ISSUER_LIST                           0x50u
#define SECPKG_ATTR_REMOTE_CRED                           0x51u
#define SECPKG_ATTR_LOCAL_CRED                            0x52u
#define SECPKG_ATTR_REMOTE_CERT_CONTEXT                   0x53u /* PCCERT_CONTEXT */
#define SECPKG_ATTR_LOCAL_CERT_CONTEXT                    0x54u /* PCCERT_CONTEXT */
#define SECPKG_ATTR_ROOT_STORE                            0x55u
#define SECPKG_ATTR_SUPPORTED_ALGS                        0x56u /* credential */
#define SECPKG_ATTR_CIPHER_STRENGTHS                      0x57u /* credential */
#define SECPKG_ATTR_SUPPORTED_PROTOCOLS                   0x58u /* credential */
#define SECPKG_ATTR_ISSUER_LIST_EX                        0x59u
#define SECPKG_ATTR_CONNECTION_INFO                       0x5Au
#define SECPKG_ATTR_EAP_KEY_BLOCK                         0x5Bu
#define SECPKG_ATTR_MAPPED_CRED_ATTR                      0x5Cu
#define SECPKG_ATTR_SESSION_INFO                          0x5Du
#define SECPKG_ATTR_APP_DATA                              0x5Eu
#define SECPKG_ATTR_REMOTE_CERTIFICATES                   0x5Fu
#define SECPKG_ATTR_CLIENT_CERT_POLICY                    0x60u
#define SECPKG_ATTR_CC_POLICY_RESULT                      0x61u
#define SECPKG_ATTR_USE_NCRYPT                            0x62u
#define SECPKG_ATTR_LOCAL_CERT_INFO                       0x63u
#define SECPKG_ATTR_CIPHER_INFO                           0x64u
#define SECPKG_ATTR_EAP_PRF_INFO                          0x65u
#define SECPKG_ATTR_SUPPORTED_SIGNATURES                  0x66u
#define SECPKG_ATTR_REMOTE_CERT_CHAIN                     0x67u
#define SECPKG_ATTR_UI_INFO                               0x68u
#define SECPKG_ATTR_EARLY_START                           0x69u
#define SECPKG_ATTR_KEYING_MATERIAL_INFO                  0x6Au /* set */
#define SECPKG_ATTR_KEYING_MATERIAL                       0x6Bu
#define SECPKG_ATTR_SRTP_PARAMETERS                       0x6Cu
#define SECPKG_ATTR_TOKEN_BINDING                         0x6Du
#define SECPKG_ATTR_CONNECTION_INFO_EX                    0x6Eu
#define SECPKG_ATTR_KEYING_MATERIAL_TOKEN_BINDING         0x6Fu
#define SECPKG_ATTR_KEYING_MATERIAL_INPROC                0x70u
#define SECPKG_ATTR_CERT_CHECK_RESULT                     0x71u
#define SECPKG_ATTR_CERT_CHECK_RESULT_INPROC              0x72u
#define SECPKG_ATTR_SESSION_TICKET_KEYS                   0x73u
#define SECPKG_ATTR_SERIALIZED_REMOTE_CERT_CONTEXT_INPROC 0x74u
#define SECPKG_ATTR_SERIALIZED_REMOTE_CERT_CONTEXT        0x75u
/** Ours: tls-exporter bindings (RFC 9266) as SecPkgContext_Bindings, for TLS 1.3 and for
 * TLS 1.2 with the extended master secret. */
#define SSPIA_ATTR_EXPORTER_BINDINGS 0x53500001u

/** Ours: a uint32_t, the milliseconds until a leg without a token has something to send again,
 * in a handshake of DTLS; UINT32_MAX: there is nothing. */
#define SSPIA_ATTR_DTLS_PATIENCE 0x53500010u

/** dwProtocol: SP_PROT_* with the bit of one's own side. Lengths in bits. */
typedef struct _SecPkgContext_ConnectionInfo {
    uint32_t dwProtocol;
    ALG_ID aiCipher; /* 0 where Windows has no number (ChaCha20) */
    uint32_t dwCipherStrength;
    ALG_ID aiHash;           /* of the suite, which the handshake uses */
    uint32_t dwHashStrength; /* 0: no record has a MAC besides the cipher's own */
    ALG_ID aiExch;
    uint32_t dwExchStrength;
} SecPkgContext_ConnectionInfo, *PSecPkgContext_ConnectionInfo;

#define SECPKGCONTEXT_CIPHERINFO_V1 1u

typedef struct _SecPkgContext_CipherInfo {
    uint32_t dwVersion;  /* SECPKGCONTEXT_CIPHERINFO_V1 */
    uint32_t dwProtocol; /* 0x0303, 0x0304 */
    uint32_t dwCipherSuite;
    uint32_t dwBaseCipherSuite;
    WCHAR szCipherSuite[SZ_ALG_MAX_SIZE];
    WCHAR szCipher[SZ_ALG_MAX_SIZE];
    uint32_t dwCipherLen;
    uint32_t dwCipherBlockLen;     /* bytes */
    WCHAR szHash[SZ_ALG_MAX_SIZE]; /* "", and 0: as dwHashStrength above */
    uint32_t dwHashLen;
    WCHAR szExchange[SZ_ALG_MAX_SIZE];
    uint32_t dwMinExchangeLen; /* 0 and 65536: a suite sets no bounds */
    uint32_t dwMaxExchangeLen;
    WCHAR szCertificate[SZ_ALG_MAX_SIZE];
    uint32_t dwKeyType; /* the curve, by its number in TLS: 0x17 P-256, 0x1D X25519; 0: none */
} SecPkgContext_CipherInfo, *PSecPkgContext_CipherInfo;

#define SSL_SESSION_RECONNECT 1u

typedef struct _SecPkgContext_SessionInfo {
    uint32_t dwFlags; /* SSL_SESSION_RECONNECT: the session was resumed */
    uint32_t cbSessionId;
    uint8_t rgbSessionId[32];
} SecPkgContext_SessionInfo, *PSecPkgContext_SessionInfo;

/** Which names a certificate may be issued by, for a client that is asked for one. One block:
 * aIssuers is freed with FreeContextBuffer, and the blobs with it. */
typedef struct _CRYPTOAPI_BLOB {
    uint32_t cbData;
    uint8_t *pbData; /* of a name: X.500 in DER */
} CERT_NAME_BLOB, *PCERT_NAME_BLOB, CERT_BLOB, *PCERT_BLOB;

typedef struct _SecPkgContext_IssuerListInfoEx {
    PCERT_NAME_BLOB aIssuers;
    uint32_t cIssuers;
} SecPkgContext_IssuerListInfoEx, *PSecPkgContext_IssuerListInfoEx;

/** The peer's certificates, its own first: of each its length in four bytes (a uint32_t,
 * unaligned), then its DER. */
typedef struct _SecPkgContext_Certificates {
    uint32_t cCertificates;
    uint32_t cbCertificateChain;
    uint8_t *pbCertificateChain;
} SecPkgContext_Certificates, *PSecPkgContext_Certificates;

/** Says what SECPKG_ATTR_KEYING_MATERIAL exports (RFC 5705, RFC 8446 7.5). A context value
 * of NULL is none, which TLS 1.2 tells from an empty one. */
typedef struct _SecPkgContext_KeyingMaterialInfo {
    uint16_t cbLabel; /* bytes; a final zero may be counted */
    char *pszLabel;
    uint16_t cbContextValue;
    uint8_t *pbContextValue;
    uint32_t cbKeyingMaterial;
} SecPkgContext_KeyingMaterialInfo, *PSecPkgContext_KeyingMaterialInfo;

typedef struct _SecPkgContext_KeyingMaterial {
    uint32_t cbKeyingMaterial;
    uint8_t *pbKeyingMaterial;
} SecPkgContext_KeyingMaterial, *PSecPkgContext_KeyingMaterial;

/** The result of validation: SEC_E_OK, or the status with which the handshake would have failed
 * if validation were not deferred. With manual validation, SEC_E_UNSUPPORTED_FUNCTION. */
typedef struct _SecPkgContext_CertificateValidationResult {
    uint32_t dwChainErrorStatus; /* 0, or the X509_V_ERR_* of OpenSSL */
    SECURITY_STATUS hrVerifyChainStatus;
} SecPkgContext_CertificateValidationResult, *PSecPkgContext_CertificateValidationResult;

/** What palgSupportedAlgs may name here, whatever the credential's settings leave of it. Freed
 * with FreeContextBuffer. */
typedef struct _SecPkgCred_SupportedAlgs {
    uint32_t cSupportedAlgs;
    ALG_ID *palgSupportedAlgs;
} SecPkgCred_SupportedAlgs, *PSecPkgCred_SupportedAlgs;

typedef struct _SecPkgCred_CipherStrengths {
    uint32_t dwMinimumCipherStrength;
    uint32_t dwMaximumCipherStrength;
} SecPkgCred_CipherStrengths, *PSecPkgCred_CipherStrengths;

typedef struct _SecPkgCred_SupportedProtocols {
    uint32_t grbitProtocol;
} SecPkgCred_SupportedProtocols, *PSecPkgCred_SupportedProtocols;

#if !defined(GUID_DEFINED) && !defined(WINPR_WTYPES_H)
#define GUID_DEFINED
typedef struct _GUID {
    uint32_t Data1;
    uint16_t Data2;
    uint16_t Data3;
    uint8_t Data4[8];
} GUID;
#endif

/** Results of queries that are not answered (SEC_E_UNSUPPORTED_FUNCTION), and what other
 * queries of ours tell instead: for programs that ask and can do without. */
#define SECPKGCONTEXT_CONNECTION_INFO_EX_V1 1u
#define KERN_CONTEXT_CERT_INFO_V1           0u
#define ENABLE_TLS_CLIENT_EARLY_START       0x1u
#define RCRED_STATUS_NOCRED                 0u
#define RCRED_CRED_EXISTS                   1u
#define RCRED_STATUS_UNKNOWN_ISSUER         2u
#define LCRED_STATUS_NOCRED                 0u
#define LCRED_CRED_EXISTS                   1u
#define LCRED_STATUS_UNKNOWN_ISSUER         2u

typedef struct _SecPkgContext_ConnectionInfoEx {
    uint32_t dwVersion;
    uint32_t dwProtocol;
    WCHAR szCipher[SZ_ALG_MAX_SIZE];
    uint32_t dwCipherStrength;
    WCHAR szHash[SZ_ALG_MAX_SIZE];
    uint32_t dwHashStrength;
    WCHAR szExchange[SZ_ALG_MAX_SIZE];
    uint32_t dwExchStrength;
} SecPkgContext_ConnectionInfoEx, *PSecPkgContext_ConnectionInfoEx;

typedef struct _SecPkgContext_RemoteCredentialInfo {
    uint32_t cbCertificateChain;
    uint8_t *pbCertificateChain;
    uint32_t cCertificates;
    uint32_t fFlags; /* RCRED_* */
    uint32_t dwBits;
} SecPkgContext_RemoteCredentialInfo, *PSecPkgContext_RemoteCredentialInfo;

typedef struct _SecPkgContext_LocalCredentialInfo {
    uint32_t cbCertificateChain;
    uint8_t *pbCertificateChain;
    uint32_t cCertificates;
    uint32_t fFlags; /* LCRED_* */
    uint32_t dwBits;
} SecPkgContext_LocalCredentialInfo, *PSecPkgContext_LocalCredentialInfo;

typedef struct _SecPkgContext_CertInfo {
    uint32_t dwVersion;
    uint32_t cbSubjectName;
    WCHAR *pwszSubjectName;
    uint32_t cbIssuerName;
    WCHAR *pwszIssuerName;
    uint32_t dwKeySize;
} SecPkgContext_CertInfo, *PSecPkgContext_CertInfo;

typedef struct _SecPkgContext_ClientCertPolicyResult {
    int32_t dwPolicyResult;
    GUID guidPolicyId;
} SecPkgContext_ClientCertPolicyResult, *PSecPkgContext_ClientCertPolicyResult;

typedef struct _SecPkgContext_IssuerListInfo {
    uint32_t cbIssuerList;
    uint8_t *pIssuerList;
} SecPkgContext_IssuerListInfo, *PSecPkgContext_IssuerListInfo;

typedef struct _SecPkgContext_EapKeyBlock {
    uint8_t rgbKeys[128];
    uint8_t rgbIVs[64];
} SecPkgContext_EapKeyBlock, *PSecPkgContext_EapKeyBlock;

typedef struct _SecPkgContext_EapPrfInfo {
    uint32_t dwVersion;
    uint32_t cbPrfData;
    uint8_t *pbPrfData;
} SecPkgContext_EapPrfInfo, *PSecPkgContext_EapPrfInfo;

typedef struct _SecPkgContext_MappedCredAttr {
    uint32_t dwAttribute;
    void *pvBuffer;
} SecPkgContext_MappedCredAttr, *PSecPkgContext_MappedCredAttr;

typedef struct _SecPkgContext_SessionAppData {
    uint32_t dwFlags;
    uint32_t cbAppData;
    uint8_t *pbAppData;
} SecPkgContext_SessionAppData, *PSecPkgContext_SessionAppData;

typedef struct _SecPkgContext_SupportedSignatures {
    uint16_t cSignatureAndHashAlgorithms;
    uint16_t *pSignatureAndHashAlgorithms; /* eTlsHashAlgorithm, eTlsSignatureAlgorithm << 8 */
} SecPkgContext_SupportedSignatures, *PSecPkgContext_SupportedSignatures;

typedef enum _eTlsSignatureAlgorithm {
    TlsSignatureAlgorithm_Anonymous,
    TlsSignatureAlgorithm_Rsa,
    TlsSignatureAlgorithm_Dsa,
    TlsSignatureAlgorithm_Ecdsa
} eTlsSignatureAlgorithm;

typedef enum _eTlsHashAlgorithm {
    TlsHashAlgorithm_None,
    TlsHashAlgorithm_Md5,
    TlsHashAlgorithm_Sha1,
    TlsHashAlgorithm_Sha224,
    TlsHashAlgorithm_Sha256,
    TlsHashAlgorithm_Sha384,
    TlsHashAlgorithm_Sha512
} eTlsHashAlgorithm;

typedef struct _SecPkgContext_EarlyStart {
    uint32_t dwEarlyStartFlags;
} SecPkgContext_EarlyStart, *PSecPkgContext_EarlyStart;

typedef struct _SecPkgContext_UiInfo {
    void *hParentWindow;
} SecPkgContext_UiInfo, *PSecPkgContext_UiInfo;

typedef struct _SecPkgContext_KeyingMaterial_Inproc {
    uint16_t cbLabel;
    char *pszLabel;
    uint16_t cbContextValue;
    uint8_t *pbContextValue;
    uint32_t cbKeyingMaterial;
    uint8_t *pbKeyingMaterial;
} SecPkgContext_KeyingMaterial_Inproc, *PSecPkgContext_KeyingMaterial_Inproc;

typedef struct _SecPkgContext_SrtpParameters {
    uint16_t ProtectionProfile;
    uint8_t MasterKeyIdentifierSize;
    uint8_t *MasterKeyIdentifier;
} SecPkgContext_SrtpParameters, *PSecPkgContext_SrtpParameters;

typedef struct _SecPkgContext_TokenBinding {
    uint8_t MajorVersion;
    uint8_t MinorVersion;
    uint16_t KeyParametersSize;
    uint8_t *KeyParameters;
} SecPkgContext_TokenBinding, *PSecPkgContext_TokenBinding;

/** With SEC_I_SIGNATURE_NEEDED, which no leg returns here. */
typedef struct _SCHANNEL_CLIENT_SIGNATURE {
    uint32_t cbLength;
    ALG_ID aiHash;
    uint32_t cbHash;
    uint8_t HashValue[36];
    uint8_t CertThumbprint[20];
} SCHANNEL_CLIENT_SIGNATURE, *PSCHANNEL_CLIENT_SIGNATURE;

/** ---- Attributes of a credential that can be set ------------------------------------------
 *
 * SetCredentialsAttributes, of an inbound credential, for contexts that begin afterwards. */

/** Bits of dwCertFlags. Those that say what is not to be fetched change nothing: nothing is. */
#define CERT_CHAIN_CACHE_END_CERT                      0x00000001u
#define CERT_CHAIN_CACHE_ONLY_URL_RETRIEVAL            0x00000004u
#define CERT_CHAIN_DISABLE_AIA                         0x00002000u
#define CERT_CHAIN_REVOCATION_CHECK_END_CERT           0x10000000u
#define CERT_CHAIN_REVOCATION_CHECK_CHAIN              0x20000000u
#define CERT_CHAIN_REVOCATION_CHECK_CHAIN_EXCLUDE_ROOT 0x40000000u
#define CERT_CHAIN_REVOCATION_CHECK_CACHE_ONLY         0x80000000u

/** SECPKG_ATTR_CLIENT_CERT_POLICY: client certificates are looked for in the revocation lists
 * that came with the roots, as the SCH_CRED_REVOCATION_CHECK_* flags have it. Replaces the
 * policy before, and adds to the credential's flags. The members that must be 0 or NULL ask for
 * what is not there: SEC_E_UNSUPPORTED_FUNCTION. */
typedef struct _SecPkgCred_ClientCertPolicy {
    uint32_t dwFlags;  /* 0 */
    GUID guidPolicyId; /* any: a name for it */
    uint32_t dwCertFlags;
    uint32_t dwUrlRetrievalTimeout;        /* any: nothing is fetched */
    int32_t fCheckRevocationFreshnessTime; /* 0 */
    uint32_t dwRevocationFreshnessTime;    /* any */
    int32_t fOmitUsageCheck;               /* 0 */
    WCHAR *pwszSslCtlStoreName;            /* NULL */
    WCHAR *pwszSslCtlIdentifier;           /* NULL */
} SecPkgCred_ClientCertPolicy, *PSecPkgCred_ClientCertPolicy;

#define SESSION_TICKET_INFO_V0      0u
#define SESSION_TICKET_INFO_VERSION SESSION_TICKET_INFO_V0

typedef struct _SecPkgCred_SessionTicketKey {
    uint32_t TicketInfoVersion; /* SESSION_TICKET_INFO_VERSION */
    uint8_t KeyId[16];          /* is in the ticket, for everybody to see */
    uint8_t KeyingMaterial[64];
    uint8_t KeyingMaterialSize; /* 32 to 64 */
} SecPkgCred_SessionTicketKey, *PSecPkgCred_SessionTicketKey;

/** SECPKG_ATTR_SESSION_TICKET_KEYS: tickets are made with the first key and taken with any of
 * them, so that servers that have the same keys and credentials resume each other's sessions.
 * Without it each credential's settings have a random key in each process. */
typedef struct _SecPkgCred_SessionTicketKeys {
    uint32_t cSessionTicketKeys; /* 1 to 16 */
    PSecPkgCred_SessionTicketKey pSessionTicketKeys;
} SecPkgCred_SessionTicketKeys, *PSecPkgCred_SessionTicketKeys;

#ifdef __cplusplus
}
#endif

#endif
