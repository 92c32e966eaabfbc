/* SPDX-License-Identifier: MIT */
/*
 * sspi.h - the Windows Security Support Provider Interface, asynchronous calls included.
 *
 * Types, numbers and behaviour follow Microsoft's documentation of sspi.h, with the
 * layouts of Windows x64. Differences that Linux forces:
 *
 *   - ULONG, DWORD and `unsigned long` of the Windows headers are uint32_t (`unsigned
 *     long` has 64 bits here); SECURITY_STATUS and NTSTATUS are int32_t.
 *   - WCHAR is char16_t (UTF-16 in host order). Functions ending in A take and give UTF-8.
 *   - SEC_ENTRY is empty. Kernel-mode string types do not exist: W functions take WCHAR *.
 *
 * The plain names of the synchronous functions are macros for sspia_* symbols, so that
 * this library can share a process with others that export the plain names. Programs
 * that look the plain names up at run time link libsspi-async-compat.so.
 *
 * Threads. Every function may be called from any thread at any time, in callbacks too.
 * Calls on one security context run one at a time, in the order in which they were made.
 *
 * Handles. CredHandle, CtxtHandle and SspiAsyncContext * are checked references (slot
 * and generation), not addresses. A handle that is dead, of another kind, zero or garbage
 * gives SEC_E_INVALID_HANDLE. Copies are valid while the object lives and die with it.
 *
 * Errors. A bad argument gives a status, and never crashes the process. sspia_last_message()
 * and sspia_async_message() (sspi_queue.h) give a readable message. Pointers must be NULL or
 * point to memory of the named type.
 */
#ifndef SSPI_ASYNC_SSPI_H
#define SSPI_ASYNC_SSPI_H

#include "sspi_identity.h"
#include "sspi_types.h"

#ifdef __cplusplus
extern "C" {
#endif

/** ---- Basic types ---------------------------------------------------------------- */

/** A point in time: 100 ns ticks since 1601-01-01, in local time as the Windows
 * documentation has it. "Never" is 0x7fffffffffffffff. */
typedef struct _SECURITY_INTEGER {
    uint32_t LowPart;
    int32_t HighPart;
} SECURITY_INTEGER, *PSECURITY_INTEGER;
typedef SECURITY_INTEGER TimeStamp, *PTimeStamp;

typedef UNICODE_STRING SECURITY_STRING, *PSECURITY_STRING;

typedef struct _SecHandle {
    uintptr_t dwLower;
    uintptr_t dwUpper;
} SecHandle, *PSecHandle;
typedef SecHandle CredHandle, *PCredHandle;
typedef SecHandle CtxtHandle, *PCtxtHandle;

/** What a caller may write into its own handle to mark it empty, and its test. A handle
 * that passes the test need not be alive. */
#define SEC_INVALID_HANDLE_WORD ((uintptr_t)-1)
#define SEC_DELETED_HANDLE      ((uintptr_t)-2)
#define SecInvalidateHandle(handle)                                                            \
    (((PSecHandle)(handle))->dwLower = ((PSecHandle)(handle))->dwUpper =                       \
         SEC_INVALID_HANDLE_WORD)
#define SecIsValidHandle(handle)                                                               \
    (((PSecHandle)(handle))->dwLower != SEC_INVALID_HANDLE_WORD &&                             \
     ((PSecHandle)(handle))->dwUpper != SEC_INVALID_HANDLE_WORD)

/** ---- Status codes --------------------------------------------------------------- */

#define SEC_E_OK                            ((SECURITY_STATUS)0x00000000)
#define SEC_E_INSUFFICIENT_MEMORY           ((SECURITY_STATUS)0x80090300)
#define SEC_E_INVALID_HANDLE                ((SECURITY_STATUS)0x80090301)
#define SEC_E_UNSUPPORTED_FUNCTION          ((SECURITY_STATUS)0x80090302)
#define SEC_E_TARGET_UNKNOWN                ((SECURITY_STATUS)0x80090303)
#define SEC_E_INTERNAL_ERROR                ((SECURITY_STATUS)0x80090304)
#define SEC_E_SECPKG_NOT_FOUND              ((SECURITY_STATUS)0x80090305)
#define SEC_E_NOT_OWNER                     ((SECURITY_STATUS)0x80090306)
#define SEC_E_CANNOT_INSTALL                ((SECURITY_STATUS)0x80090307)
#define SEC_E_INVALID_TOKEN                 ((SECURITY_STATUS)0x80090308)
#define SEC_E_CANNOT_PACK                   ((SECURITY_STATUS)0x80090309)
#define SEC_E_QOP_NOT_SUPPORTED             ((SECURITY_STATUS)0x8009030A)
#define SEC_E_NO_IMPERSONATION              ((SECURITY_STATUS)0x8009030B)
#define SEC_E_LOGON_DENIED                  ((SECURITY_STATUS)0x8009030C)
#define SEC_E_UNKNOWN_CREDENTIALS           ((SECURITY_STATUS)0x8009030D)
#define SEC_E_NO_CREDENTIALS                ((SECURITY_STATUS)0x8009030E)
#define SEC_E_MESSAGE_ALTERED               ((SECURITY_STATUS)0x8009030F)
#define SEC_E_OUT_OF_SEQUENCE               ((SECURITY_STATUS)0x80090310)
#define SEC_E_NO_AUTHENTICATING_AUTHORITY   ((SECURITY_STATUS)0x80090311)
#define SEC_E_BAD_PKGID                     ((SECURITY_STATUS)0x80090316)
#define SEC_E_CONTEXT_EXPIRED               ((SECURITY_STATUS)0x80090317)
#define SEC_E_INCOMPLETE_MESSAGE            ((SECURITY_STATUS)0x80090318)
#define SEC_E_INCOMPLETE_CREDENTIALS        ((SECURITY_STATUS)0x80090320)
#define SEC_E_BUFFER_TOO_SMALL              ((SECURITY_STATUS)0x80090321)
#define SEC_E_WRONG_PRINCIPAL               ((SECURITY_STATUS)0x80090322)
#define SEC_E_TIME_SKEW                     ((SECURITY_STATUS)0x80090324)
#define SEC_E_UNTRUSTED_ROOT                ((SECURITY_STATUS)0x80090325)
#define SEC_E_ILLEGAL_MESSAGE               ((SECURITY_STATUS)0x80090326)
#define SEC_E_CERT_UNKNOWN                  ((SECURITY_STATUS)0x80090327)
#define SEC_E_CERT_EXPIRED                  ((SECURITY_STATUS)0x80090328)
#define SEC_E_ENCRYPT_FAILURE               ((SECURITY_STATUS)0x80090329)
#define SEC_E_DECRYPT_FAILURE               ((SECURITY_STATUS)0x80090330)
#define SEC_E_ALGORITHM_MISMATCH            ((SECURITY_STATUS)0x80090331)
#define SEC_E_SECURITY_QOS_FAILED           ((SECURITY_STATUS)0x80090332)
#define SEC_E_UNFINISHED_CONTEXT_DELETED    ((SECURITY_STATUS)0x80090333)
#define SEC_E_NO_TGT_REPLY                  ((SECURITY_STATUS)0x80090334)
#define SEC_E_NO_IP_ADDRESSES               ((SECURITY_STATUS)0x80090335)
#define SEC_E_WRONG_CREDENTIAL_HANDLE       ((SECURITY_STATUS)0x80090336)
#define SEC_E_CRYPTO_SYSTEM_INVALID         ((SECURITY_STATUS)0x80090337)
#define SEC_E_MAX_REFERRALS_EXCEEDED        ((SECURITY_STATUS)0x80090338)
#define SEC_E_MUST_BE_KDC                   ((SECURITY_STATUS)0x80090339)
#define SEC_E_STRONG_CRYPTO_NOT_SUPPORTED   ((SECURITY_STATUS)0x8009033A)
#define SEC_E_TOO_MANY_PRINCIPALS           ((SECURITY_STATUS)0x8009033B)
#define SEC_E_NO_PA_DATA                    ((SECURITY_STATUS)0x8009033C)
#define SEC_E_PKINIT_NAME_MISMATCH          ((SECURITY_STATUS)0x8009033D)
#define SEC_E_SMARTCARD_LOGON_REQUIRED      ((SECURITY_STATUS)0x8009033E)
#define SEC_E_SHUTDOWN_IN_PROGRESS          ((SECURITY_STATUS)0x8009033F)
#define SEC_E_KDC_INVALID_REQUEST           ((SECURITY_STATUS)0x80090340)
#define SEC_E_KDC_UNABLE_TO_REFER           ((SECURITY_STATUS)0x80090341)
#define SEC_E_KDC_UNKNOWN_ETYPE             ((SECURITY_STATUS)0x80090342)
#define SEC_E_UNSUPPORTED_PREAUTH           ((SECURITY_STATUS)0x80090343)
#define SEC_E_DELEGATION_REQUIRED           ((SECURITY_STATUS)0x80090345)
#define SEC_E_BAD_BINDINGS                  ((SECURITY_STATUS)0x80090346)
#define SEC_E_MULTIPLE_ACCOUNTS             ((SECURITY_STATUS)0x80090347)
#define SEC_E_NO_KERB_KEY                   ((SECURITY_STATUS)0x80090348)
#define SEC_E_CERT_WRONG_USAGE              ((SECURITY_STATUS)0x80090349)
#define SEC_E_DOWNGRADE_DETECTED            ((SECURITY_STATUS)0x80090350)
#define SEC_E_SMARTCARD_CERT_REVOKED        ((SECURITY_STATUS)0x80090351)
#define SEC_E_ISSUING_CA_UNTRUSTED          ((SECURITY_STATUS)0x80090352)
#define SEC_E_REVOCATION_OFFLINE_C          ((SECURITY_STATUS)0x80090353)
#define SEC_E_PKINIT_CLIENT_FAILURE         ((SECURITY_STATUS)0x80090354)
#define SEC_E_SMARTCARD_CERT_EXPIRED        ((SECURITY_STATUS)0x80090355)
#define SEC_E_NO_S4U_PROT_SUPPORT           ((SECURITY_STATUS)0x80090356)
#define SEC_E_CROSSREALM_DELEGATION_FAILURE ((SECURITY_STATUS)0x80090357)
#define SEC_E_REVOCATION_OFFLINE_KDC        ((SECURITY_STATUS)0x80090358)
#define SEC_E_ISSUING_CA_UNTRUSTED_KDC      ((SECURITY_STATUS)0x80090359)
#define SEC_E_KDC_CERT_EXPIRED              ((SECURITY_STATUS)0x8009035A)
#define SEC_E_KDC_CERT_REVOKED              ((SECURITY_STATUS)0x8009035B)
#define SEC_E_INVALID_PARAMETER             ((SECURITY_STATUS)0x8009035D)
#define SEC_E_DELEGATION_POLICY             ((SECURITY_STATUS)0x8009035E)
#define SEC_E_POLICY_NLTM_ONLY              ((SECURITY_STATUS)0x8009035F)
#define SEC_E_NO_CONTEXT                    ((SECURITY_STATUS)0x80090361)
#define SEC_E_PKU2U_CERT_FAILURE            ((SECURITY_STATUS)0x80090362)
#define SEC_E_MUTUAL_AUTH_FAILED            ((SECURITY_STATUS)0x80090363)
#define SEC_E_ONLY_HTTPS_ALLOWED            ((SECURITY_STATUS)0x80090365)
#define SEC_E_APPLICATION_PROTOCOL_MISMATCH ((SECURITY_STATUS)0x80090367)
#define SEC_E_INVALID_UPN_NAME              ((SECURITY_STATUS)0x80090369)
#define SEC_E_EXT_BUFFER_TOO_SMALL          ((SECURITY_STATUS)0x8009036A)
#define SEC_E_INSUFFICIENT_BUFFERS          ((SECURITY_STATUS)0x8009036B)
#define SEC_I_CONTINUE_NEEDED               ((SECURITY_STATUS)0x00090312)
#define SEC_I_COMPLETE_NEEDED               ((SECURITY_STATUS)0x00090313)
#define SEC_I_COMPLETE_AND_CONTINUE         ((SECURITY_STATUS)0x00090314)
#define SEC_I_LOCAL_LOGON                   ((SECURITY_STATUS)0x00090315)
#define SEC_I_GENERIC_EXTENSION_RECEIVED    ((SECURITY_STATUS)0x00090316)
#define SEC_I_CONTEXT_EXPIRED               ((SECURITY_STATUS)0x00090317)
#define SEC_I_INCOMPLETE_CREDENTIALS        ((SECURITY_STATUS)0x00090320)
#define SEC_I_RENEGOTIATE                   ((SECURITY_STATUS)0x00090321)
#define SEC_I_NO_LSA_CONTEXT                ((SECURITY_STATUS)0x00090323)
#define SEC_I_SIGNATURE_NEEDED              ((SECURITY_STATUS)0x0009035C)
#define SEC_I_NO_RENEGOTIATION              ((SECURITY_STATUS)0x00090360)
#define SEC_I_MESSAGE_FRAGMENT              ((SECURITY_STATUS)0x00090364)
#define SEC_I_CONTINUE_NEEDED_MESSAGE_OK    ((SECURITY_STATUS)0x00090366)
#define SEC_I_ASYNC_CALL_PENDING            ((SECURITY_STATUS)0x00090368)
#define SEC_E_NOT_SUPPORTED                 SEC_E_UNSUPPORTED_FUNCTION
#define SEC_E_NO_SPM                        SEC_E_INTERNAL_ERROR

/** What SspiReinitAsyncContext returns. */
#define STATUS_SUCCESS        ((NTSTATUS)0x00000000)
#define STATUS_DEVICE_BUSY    ((NTSTATUS)0x80000011)
#define STATUS_INVALID_HANDLE ((NTSTATUS)0xC0000008)

/** ---- Buffers -------------------------------------------------------------------- */

typedef struct _SecBuffer {
    uint32_t cbBuffer;   /* bytes: capacity or content in, content out */
    uint32_t BufferType; /* SECBUFFER_*, with attribute bits */
    void *pvBuffer;
} SecBuffer, *PSecBuffer;

typedef struct _SecBufferDesc {
    uint32_t ulVersion; /* SECBUFFER_VERSION */
    uint32_t cBuffers;
    PSecBuffer pBuffers;
} SecBufferDesc, *PSecBufferDesc;

#define SECBUFFER_VERSION 0

#define SECBUFFER_EMPTY                           0u
#define SECBUFFER_DATA                            1u
#define SECBUFFER_TOKEN                           2u
#define SECBUFFER_PKG_PARAMS                      3u
#define SECBUFFER_MISSING                         4u
#define SECBUFFER_EXTRA                           5u
#define SECBUFFER_STREAM_TRAILER                  6u
#define SECBUFFER_STREAM_HEADER                   7u
#define SECBUFFER_NEGOTIATION_INFO                8u
#define SECBUFFER_PADDING                         9u
#define SECBUFFER_STREAM                          10u
#define SECBUFFER_MECHLIST                        11u
#define SECBUFFER_MECHLIST_SIGNATURE              12u
#define SECBUFFER_TARGET                          13u
#define SECBUFFER_CHANNEL_BINDINGS                14u
#define SECBUFFER_CHANGE_PASS_RESPONSE            15u
#define SECBUFFER_TARGET_HOST                     16u
#define SECBUFFER_ALERT                           17u
#define SECBUFFER_APPLICATION_PROTOCOLS           18u
#define SECBUFFER_SRTP_PROTECTION_PROFILES        19u
#define SECBUFFER_SRTP_MASTER_KEY_IDENTIFIER      20u
#define SECBUFFER_TOKEN_BINDING                   21u
#define SECBUFFER_PRESHARED_KEY                   22u
#define SECBUFFER_PRESHARED_KEY_IDENTITY          23u
#define SECBUFFER_DTLS_MTU                        24u
#define SECBUFFER_SEND_GENERIC_TLS_EXTENSION      25u
#define SECBUFFER_SUBSCRIBE_GENERIC_TLS_EXTENSION 26u
#define SECBUFFER_FLAGS                           27u
#define SECBUFFER_TRAFFIC_SECRETS                 28u
#define SECBUFFER_CERTIFICATE_REQUEST_CONTEXT     29u

/** Attribute bits of BufferType. */
#define SECBUFFER_ATTRMASK               0xF0000000u
#define SECBUFFER_READONLY               0x80000000u
#define SECBUFFER_READONLY_WITH_CHECKSUM 0x10000000u
#define SECBUFFER_RESERVED               0x60000000u

/** Content of a CHANNEL_BINDINGS buffer; the data follows, offsets count from the start
 * of the structure. */
typedef struct _SEC_CHANNEL_BINDINGS {
    uint32_t dwInitiatorAddrType;
    uint32_t cbInitiatorLength;
    uint32_t dwInitiatorOffset;
    uint32_t dwAcceptorAddrType;
    uint32_t cbAcceptorLength;
    uint32_t dwAcceptorOffset;
    uint32_t cbApplicationDataLength;
    uint32_t dwApplicationDataOffset;
} SEC_CHANNEL_BINDINGS, *PSEC_CHANNEL_BINDINGS;

/** Content of a FLAGS buffer: the request flags that do not fit fContextReq. */
typedef struct _SEC_FLAGS {
    uint64_t Flags;
} SEC_FLAGS, *PSEC_FLAGS;

typedef struct _SEC_NEGOTIATION_INFO {
    uint32_t Size;
    uint32_t NameLength;
    SEC_WCHAR *Name;
    void *Reserved;
} SEC_NEGOTIATION_INFO, *PSEC_NEGOTIATION_INFO;

/** Application protocols (ALPN, RFC 7301), the content of an APPLICATION_PROTOCOLS buffer:
 * ProtocolListsSize bytes of lists follow. */
typedef enum _SEC_APPLICATION_PROTOCOL_NEGOTIATION_EXT {
    SecApplicationProtocolNegotiationExt_None,
    SecApplicationProtocolNegotiationExt_NPN,
    SecApplicationProtocolNegotiationExt_ALPN
} SEC_APPLICATION_PROTOCOL_NEGOTIATION_EXT,
    *PSEC_APPLICATION_PROTOCOL_NEGOTIATION_EXT;

typedef struct _SEC_APPLICATION_PROTOCOL_LIST {
    SEC_APPLICATION_PROTOCOL_NEGOTIATION_EXT ProtoNegoExt; /* ..._ALPN */
    uint16_t ProtocolListSize;                             /* bytes of ProtocolList */
    uint8_t ProtocolList[1]; /* length byte, name, length byte, name, ...; best first */
} SEC_APPLICATION_PROTOCOL_LIST, *PSEC_APPLICATION_PROTOCOL_LIST;

typedef struct _SEC_APPLICATION_PROTOCOLS {
    uint32_t ProtocolListsSize;
    SEC_APPLICATION_PROTOCOL_LIST ProtocolLists[1];
} SEC_APPLICATION_PROTOCOLS, *PSEC_APPLICATION_PROTOCOLS;

/** Content of the other buffers that are Schannel's alone; its header says which it has. Arrays
 * of one element have as many as the size before them says. */
typedef struct _SEC_SRTP_PROTECTION_PROFILES {
    uint16_t ProfilesSize;
    uint16_t ProfilesList[1];
} SEC_SRTP_PROTECTION_PROFILES, *PSEC_SRTP_PROTECTION_PROFILES;

typedef struct _SEC_SRTP_MASTER_KEY_IDENTIFIER {
    uint8_t MasterKeyIdentifierSize;
    uint8_t MasterKeyIdentifier[1];
} SEC_SRTP_MASTER_KEY_IDENTIFIER, *PSEC_SRTP_MASTER_KEY_IDENTIFIER;

typedef struct _SEC_TOKEN_BINDING {
    uint8_t MajorVersion;
    uint8_t MinorVersion;
    uint16_t KeyParametersSize;
    uint8_t KeyParameters[1];
} SEC_TOKEN_BINDING, *PSEC_TOKEN_BINDING;

typedef struct _SEC_PRESHAREDKEY {
    uint16_t KeySize;
    uint8_t Key[1];
} SEC_PRESHAREDKEY, *PSEC_PRESHAREDKEY;

typedef struct _SEC_PRESHAREDKEY_IDENTITY {
    uint16_t KeyIdentitySize;
    uint8_t KeyIdentity[1];
} SEC_PRESHAREDKEY_IDENTITY, *PSEC_PRESHAREDKEY_IDENTITY;

typedef struct _SEC_DTLS_MTU {
    uint16_t PathMTU;
} SEC_DTLS_MTU, *PSEC_DTLS_MTU;

typedef struct _SEC_CERTIFICATE_REQUEST_CONTEXT {
    uint8_t cbCertificateRequestContext;
    uint8_t rgCertificateRequestContext[1];
} SEC_CERTIFICATE_REQUEST_CONTEXT, *PSEC_CERTIFICATE_REQUEST_CONTEXT;

/** Content of a TRAFFIC_SECRETS buffer. */
#define SZ_ALG_MAX_SIZE 64

typedef enum _SEC_TRAFFIC_SECRET_TYPE {
    SecTrafficSecret_None,
    SecTrafficSecret_Client,
    SecTrafficSecret_Server
} SEC_TRAFFIC_SECRET_TYPE,
    *PSEC_TRAFFIC_SECRET_TYPE;

typedef struct _SEC_TRAFFIC_SECRETS {
    WCHAR SymmetricAlgId[SZ_ALG_MAX_SIZE]; /* "AES", "CHACHA20_POLY1305" */
    WCHAR ChainingMode[SZ_ALG_MAX_SIZE];   /* "ChainingModeGCM" */
    WCHAR HashAlgId[SZ_ALG_MAX_SIZE];      /* "SHA256" */
    uint16_t KeySize;                      /* bytes */
    uint16_t IvSize;
    uint16_t MsgSequenceStart; /* bytes of the output token that this secret is for */
    uint16_t MsgSequenceEnd;
    SEC_TRAFFIC_SECRET_TYPE TrafficSecretType;
    uint16_t TrafficSecretSize;
    uint8_t TrafficSecret[1];
} SEC_TRAFFIC_SECRETS, *PSEC_TRAFFIC_SECRETS;

/** ---- Credentials ----------------------------------------------------------------- */

/** fCredentialUse */
#define SECPKG_CRED_INBOUND              0x1u
#define SECPKG_CRED_OUTBOUND             0x2u
#define SECPKG_CRED_BOTH                 0x3u
#define SECPKG_CRED_DEFAULT              0x4u
#define SECPKG_CRED_AUTOLOGON_RESTRICTED 0x10u
#define SECPKG_CRED_PROCESS_POLICY_ONLY  0x20u
#define SECPKG_CRED_RESERVED             0xF0000000u

typedef void (*SEC_GET_KEY_FN)(void *Arg, void *Principal, uint32_t KeyVer, void **Key,
                               SECURITY_STATUS *Status);

/** ---- Context request and return flags ------------------------------------------- */

/** Initiator. A REQ and the RET of the same name share their bit unless both are listed. */
#define ISC_REQ_DELEGATE                 0x1u
#define ISC_REQ_MUTUAL_AUTH              0x2u
#define ISC_REQ_REPLAY_DETECT            0x4u
#define ISC_REQ_SEQUENCE_DETECT          0x8u
#define ISC_REQ_CONFIDENTIALITY          0x10u
#define ISC_REQ_USE_SESSION_KEY          0x20u
#define ISC_REQ_PROMPT_FOR_CREDS         0x40u
#define ISC_REQ_USE_SUPPLIED_CREDS       0x80u
#define ISC_REQ_ALLOCATE_MEMORY          0x100u
#define ISC_REQ_USE_DCE_STYLE            0x200u
#define ISC_REQ_DATAGRAM                 0x400u
#define ISC_REQ_CONNECTION               0x800u
#define ISC_REQ_CALL_LEVEL               0x1000u
#define ISC_REQ_FRAGMENT_SUPPLIED        0x2000u
#define ISC_REQ_EXTENDED_ERROR           0x4000u
#define ISC_REQ_STREAM                   0x8000u
#define ISC_REQ_INTEGRITY                0x10000u
#define ISC_REQ_IDENTIFY                 0x20000u
#define ISC_REQ_NULL_SESSION             0x40000u
#define ISC_REQ_MANUAL_CRED_VALIDATION   0x80000u
#define ISC_REQ_RESERVED1                0x100000u
#define ISC_REQ_FRAGMENT_TO_FIT          0x200000u
#define ISC_REQ_FORWARD_CREDENTIALS      0x400000u
#define ISC_REQ_NO_INTEGRITY             0x800000u
#define ISC_REQ_USE_HTTP_STYLE           0x1000000u
#define ISC_REQ_UNVERIFIED_TARGET_NAME   0x20000000u
#define ISC_REQ_CONFIDENTIALITY_ONLY     0x40000000u
#define ISC_REQ_MESSAGES                 0x100000000ull
#define ISC_REQ_DEFERRED_CRED_VALIDATION 0x200000000ull
#define ISC_REQ_NO_POST_HANDSHAKE_AUTH   0x400000000ull

#define ISC_RET_DELEGATE               0x1u
#define ISC_RET_MUTUAL_AUTH            0x2u
#define ISC_RET_REPLAY_DETECT          0x4u
#define ISC_RET_SEQUENCE_DETECT        0x8u
#define ISC_RET_CONFIDENTIALITY        0x10u
#define ISC_RET_USE_SESSION_KEY        0x20u
#define ISC_RET_USED_COLLECTED_CREDS   0x40u
#define ISC_RET_USED_SUPPLIED_CREDS    0x80u
#define ISC_RET_ALLOCATED_MEMORY       0x100u
#define ISC_RET_USED_DCE_STYLE         0x200u
#define ISC_RET_DATAGRAM               0x400u
#define ISC_RET_CONNECTION             0x800u
#define ISC_RET_INTERMEDIATE_RETURN    0x1000u
#define ISC_RET_CALL_LEVEL             0x2000u
#define ISC_RET_EXTENDED_ERROR         0x4000u
#define ISC_RET_STREAM                 0x8000u
#define ISC_RET_INTEGRITY              0x10000u
#define ISC_RET_IDENTIFY               0x20000u
#define ISC_RET_NULL_SESSION           0x40000u
#define ISC_RET_MANUAL_CRED_VALIDATION 0x80000u
#define ISC_RET_RESERVED1              0x100000u
#define ISC_RET_FRAGMENT_ONLY          0x200000u
#define ISC_RET_FORWARD_CREDENTIALS    0x400000u
#define ISC_RET_USED_HTTP_STYLE        0x1000000u
#define ISC_RET_NO_ADDITIONAL_TOKEN    0x2000000u
#define ISC_RET_REAUTHENTICATION       0x8000000u
#define ISC_RET_CONFIDENTIALITY_ONLY   0x40000000u
/** As ISC_REQ_MESSAGES, those that no 32 bits hold. */
#define ISC_RET_MESSAGES                 0x100000000ull
#define ISC_RET_DEFERRED_CRED_VALIDATION 0x200000000ull
#define ISC_RET_NO_POST_HANDSHAKE_AUTH   0x400000000ull

/** Acceptor. From EXTENDED_ERROR on the bits differ from the initiator's. */
#define ASC_REQ_DELEGATE               0x1u
#define ASC_REQ_MUTUAL_AUTH            0x2u
#define ASC_REQ_REPLAY_DETECT          0x4u
#define ASC_REQ_SEQUENCE_DETECT        0x8u
#define ASC_REQ_CONFIDENTIALITY        0x10u
#define ASC_REQ_USE_SESSION_KEY        0x20u
#define ASC_REQ_SESSION_TICKET         0x40u
#define ASC_REQ_ALLOCATE_MEMORY        0x100u
#define ASC_REQ_USE_DCE_STYLE          0x200u
#define ASC_REQ_DATAGRAM               0x400u
#define ASC_REQ_CONNECTION             0x800u
#define ASC_REQ_CALL_LEVEL             0x1000u
#define ASC_REQ_FRAGMENT_SUPPLIED      0x2000u
#define ASC_REQ_EXTENDED_ERROR         0x8000u
#define ASC_REQ_STREAM                 0x10000u
#define ASC_REQ_INTEGRITY              0x20000u
#define ASC_REQ_LICENSING              0x40000u
#define ASC_REQ_IDENTIFY               0x80000u
#define ASC_REQ_ALLOW_NULL_SESSION     0x100000u
#define ASC_REQ_ALLOW_NON_USER_LOGONS  0x200000u
#define ASC_REQ_ALLOW_CONTEXT_REPLAY   0x400000u
#define ASC_REQ_FRAGMENT_TO_FIT        0x800000u
#define ASC_REQ_NO_TOKEN               0x1000000u
#define ASC_REQ_PROXY_BINDINGS         0x4000000u
#define ASC_REQ_ALLOW_MISSING_BINDINGS 0x10000000u
#define ASC_REQ_MESSAGES               0x100000000ull
/** Ours: SECPKG_ATTR_NAMES is going to be asked for. What takes long of that is done within the
 * last leg then, on a thread of the pool, and not by whoever asks. */
#define SSPIA_REQ_NAMES 0x1000000000000ull

#define ASC_RET_DELEGATE              0x1u
#define ASC_RET_MUTUAL_AUTH           0x2u
#define ASC_RET_REPLAY_DETECT         0x4u
#define ASC_RET_SEQUENCE_DETECT       0x8u
#define ASC_RET_CONFIDENTIALITY       0x10u
#define ASC_RET_USE_SESSION_KEY       0x20u
#define ASC_RET_SESSION_TICKET        0x40u
#define ASC_RET_ALLOCATED_MEMORY      0x100u
#define ASC_RET_USED_DCE_STYLE        0x200u
#define ASC_RET_DATAGRAM              0x400u
#define ASC_RET_CONNECTION            0x800u
#define ASC_RET_CALL_LEVEL            0x2000u
#define ASC_RET_THIRD_LEG_FAILED      0x4000u
#define ASC_RET_EXTENDED_ERROR        0x8000u
#define ASC_RET_STREAM                0x10000u
#define ASC_RET_INTEGRITY             0x20000u
#define ASC_RET_LICENSING             0x40000u
#define ASC_RET_IDENTIFY              0x80000u
#define ASC_RET_NULL_SESSION          0x100000u
#define ASC_RET_ALLOW_NON_USER_LOGONS 0x200000u
#define ASC_RET_ALLOW_CONTEXT_REPLAY  0x400000u
#define ASC_RET_FRAGMENT_ONLY         0x800000u
#define ASC_RET_NO_TOKEN              0x1000000u
#define ASC_RET_NO_ADDITIONAL_TOKEN   0x2000000u
#define ASC_RET_MESSAGES              0x100000000ull

#define SECURITY_NETWORK_DREP 0x0u
#define SECURITY_NATIVE_DREP  0x10u

/** ---- Packages ------------------------------------------------------------------- */

#define NEGOSSP_NAME_A            "Negotiate"
#define NEGOSSP_NAME_W            u"Negotiate"
#define MICROSOFT_KERBEROS_NAME_A "Kerberos"
#define MICROSOFT_KERBEROS_NAME_W u"Kerberos"
#define NTLMSP_NAME_A             "NTLM"
#define NTLMSP_NAME               u"NTLM"

typedef struct _SecPkgInfoA {
    uint32_t fCapabilities; /* SECPKG_FLAG_* */
    uint16_t wVersion;
    uint16_t wRPCID;
    uint32_t cbMaxToken; /* bytes: no token is longer */
    SEC_CHAR *Name;
    SEC_CHAR *Comment;
} SecPkgInfoA, *PSecPkgInfoA;

typedef struct _SecPkgInfoW {
    uint32_t fCapabilities;
    uint16_t wVersion;
    uint16_t wRPCID;
    uint32_t cbMaxToken;
    SEC_WCHAR *Name;
    SEC_WCHAR *Comment;
} SecPkgInfoW, *PSecPkgInfoW;

#define SECPKG_ID_NONE 0xFFFFu

#define SECPKG_FLAG_INTEGRITY              0x1u
#define SECPKG_FLAG_PRIVACY                0x2u
#define SECPKG_FLAG_TOKEN_ONLY             0x4u
#define SECPKG_FLAG_DATAGRAM               0x8u
#define SECPKG_FLAG_CONNECTION             0x10u
#define SECPKG_FLAG_MULTI_REQUIRED         0x20u
#define SECPKG_FLAG_CLIENT_ONLY            0x40u
#define SECPKG_FLAG_EXTENDED_ERROR         0x80u
#define SECPKG_FLAG_IMPERSONATION          0x100u /* see ImpersonateSecurityContext */
#define SECPKG_FLAG_ACCEPT_WIN32_NAME      0x200u
#define SECPKG_FLAG_STREAM                 0x400u
#define SECPKG_FLAG_NEGOTIABLE             0x800u
#define SECPKG_FLAG_GSS_COMPATIBLE         0x1000u
#define SECPKG_FLAG_LOGON                  0x2000u
#define SECPKG_FLAG_ASCII_BUFFERS          0x4000u
#define SECPKG_FLAG_FRAGMENT               0x8000u
#define SECPKG_FLAG_MUTUAL_AUTH            0x10000u
#define SECPKG_FLAG_DELEGATION             0x20000u
#define SECPKG_FLAG_READONLY_WITH_CHECKSUM 0x40000u
#define SECPKG_FLAG_RESTRICTED_TOKENS      0x80000u
#define SECPKG_FLAG_NEGO_EXTENDER          0x100000u
#define SECPKG_FLAG_NEGOTIABLE2            0x200000u

/** No package here has one of these. */
#define SECPKG_FLAG_APPCONTAINER_PASSTHROUGH     0x400000u
#define SECPKG_FLAG_APPCONTAINER_CHECKS          0x800000u
#define SECPKG_FLAG_CREDENTIAL_ISOLATION_ENABLED 0x1000000u
#define SECPKG_FLAG_APPLY_LOOPBACK               0x2000000u

#define SECPKG_OPTIONS_TYPE_UNKNOWN 0u
#define SECPKG_OPTIONS_TYPE_LSA     1u
#define SECPKG_OPTIONS_TYPE_SSPI    2u
#define SECPKG_OPTIONS_PERMANENT    0x1u

typedef struct _SECURITY_PACKAGE_OPTIONS {
    uint32_t Size;
    uint32_t Type;
    uint32_t Flags;
    uint32_t SignatureSize;
    void *Signature;
} SECURITY_PACKAGE_OPTIONS, *PSECURITY_PACKAGE_OPTIONS;

/** ---- Attributes ----------------------------------------------------------------- */

#define SECPKG_ATTR_SIZES                       0u
#define SECPKG_ATTR_NAMES                       1u
#define SECPKG_ATTR_LIFESPAN                    2u
#define SECPKG_ATTR_DCE_INFO                    3u
#define SECPKG_ATTR_STREAM_SIZES                4u
#define SECPKG_ATTR_DATAGRAM_SIZES              SECPKG_ATTR_STREAM_SIZES
#define SECPKG_ATTR_KEY_INFO                    5u
#define SECPKG_ATTR_AUTHORITY                   6u
#define SECPKG_ATTR_PROTO_INFO                  7u
#define SECPKG_ATTR_PASSWORD_EXPIRY             8u
#define SECPKG_ATTR_SESSION_KEY                 9u
#define SECPKG_ATTR_PACKAGE_INFO                10u
#define SECPKG_ATTR_USER_FLAGS                  11u
#define SECPKG_ATTR_NEGOTIATION_INFO            12u
#define SECPKG_ATTR_NATIVE_NAMES                13u
#define SECPKG_ATTR_FLAGS                       14u
#define SECPKG_ATTR_USE_VALIDATED               15u
#define SECPKG_ATTR_CREDENTIAL_NAME             16u
#define SECPKG_ATTR_TARGET_INFORMATION          17u
#define SECPKG_ATTR_ACCESS_TOKEN                18u
#define SECPKG_ATTR_TARGET                      19u
#define SECPKG_ATTR_AUTHENTICATION_ID           20u
#define SECPKG_ATTR_LOGOFF_TIME                 21u
#define SECPKG_ATTR_NEGO_KEYS                   22u
#define SECPKG_ATTR_PROMPTING_NEEDED            24u
#define SECPKG_ATTR_UNIQUE_BINDINGS             25u
#define SECPKG_ATTR_ENDPOINT_BINDINGS           26u
#define SECPKG_ATTR_CLIENT_SPECIFIED_TARGET     27u
#define SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS    30u
#define SECPKG_ATTR_NEGO_PKG_INFO               31u
#define SECPKG_ATTR_NEGO_STATUS                 32u
#define SECPKG_ATTR_CONTEXT_DELETED             33u
#define SECPKG_ATTR_DTLS_MTU                    34u
#define SECPKG_ATTR_APPLICATION_PROTOCOL        35u
#define SECPKG_ATTR_NEGOTIATED_TLS_EXTENSIONS   36u
#define SECPKG_ATTR_IS_LOOPBACK                 37u
#define SECPKG_ATTR_SUBJECT_SECURITY_ATTRIBUTES 128u

#define SECPKG_CRED_ATTR_NAMES              1u
#define SECPKG_CRED_ATTR_SSI_PROVIDER       2u
#define SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS 3u
#define SECPKG_CRED_ATTR_CERT               4u
#define SECPKG_CRED_ATTR_PAC_BYPASS         5u

/** Query results. The caller owns the structure; each pointer member is memory of the
 * library that the caller frees with FreeContextBuffer. */
typedef struct _SecPkgContext_Sizes {
    uint32_t cbMaxToken;
    uint32_t cbMaxSignature;
    uint32_t cbBlockSize;
    uint32_t cbSecurityTrailer;
} SecPkgContext_Sizes, *PSecPkgContext_Sizes;

/** Ours: how much data goes into one message of EncryptMessage if TOKEN, DATA and PADDING are
 * to be `packet` bytes at most (gss_wrap_size_limit of RFC 2743). The caller sets qop and
 * packet before it asks. Packages that seal messages have it, those that seal a stream do not:
 * see SECPKG_ATTR_STREAM_SIZES. SEC_E_QOP_NOT_SUPPORTED as from EncryptMessage. */
#define SSPIA_ATTR_MESSAGE_LIMIT 0x53500002u

typedef struct sspia_message_limit {
    uint32_t qop;       /* 0, or SECQOP_WRAP_NO_ENCRYPT */
    uint32_t packet;    /* as much as there is room for */
    uint32_t plaintext; /* the answer: bytes; 0 if not one fits */
} sspia_message_limit;

/** Ours: what the initiator delegated to an acceptor (ISC_REQ_DELEGATE, or constrained
 * delegation, see sspia_auth_identity), as an outbound credential of the context's package.
 * Each query makes one, which the caller frees with FreeCredentialsHandle; it outlives the
 * context. SEC_E_NO_CREDENTIALS if nothing was delegated. On Windows this is
 * ImpersonateSecurityContext, and the credential of the thread. */
#define SSPIA_ATTR_DELEGATED_CREDENTIAL 0x53500003u

/** Of sspia_auth_identity.delegation, see there. */
#define SSPIA_DELEGATION_CONSTRAINED 0x1u

typedef struct sspia_delegated_credential {
    CredHandle credential;
    TimeStamp expiry;
} sspia_delegated_credential;

typedef struct _SecPkgContext_StreamSizes {
    uint32_t cbHeader;
    uint32_t cbTrailer;
    uint32_t cbMaximumMessage;
    uint32_t cBuffers;
    uint32_t cbBlockSize;
} SecPkgContext_StreamSizes, *PSecPkgContext_StreamSizes;
typedef SecPkgContext_StreamSizes SecPkgContext_DatagramSizes;
typedef PSecPkgContext_StreamSizes PSecPkgContext_DatagramSizes;

typedef struct _SecPkgContext_NamesA {
    SEC_CHAR *sUserName; /* the authenticated initiator */
} SecPkgContext_NamesA, *PSecPkgContext_NamesA;
typedef struct _SecPkgContext_NamesW {
    SEC_WCHAR *sUserName;
} SecPkgContext_NamesW, *PSecPkgContext_NamesW;

typedef struct _SecPkgContext_NativeNamesA {
    SEC_CHAR *sClientName;
    SEC_CHAR *sServerName;
} SecPkgContext_NativeNamesA, *PSecPkgContext_NativeNamesA;
typedef struct _SecPkgContext_NativeNamesW {
    SEC_WCHAR *sClientName;
    SEC_WCHAR *sServerName;
} SecPkgContext_NativeNamesW, *PSecPkgContext_NativeNamesW;

typedef struct _SecPkgContext_Lifespan {
    TimeStamp tsStart;
    TimeStamp tsExpiry;
} SecPkgContext_Lifespan, *PSecPkgContext_Lifespan;

typedef struct _SecPkgContext_Flags {
    uint32_t Flags; /* ISC_RET_* of an initiator, ASC_RET_* of an acceptor */
} SecPkgContext_Flags, *PSecPkgContext_Flags;

typedef struct _SecPkgContext_SessionKey {
    uint32_t SessionKeyLength;
    unsigned char *SessionKey;
} SecPkgContext_SessionKey, *PSecPkgContext_SessionKey;

typedef struct _SecPkgContext_KeyInfoA {
    SEC_CHAR *sSignatureAlgorithmName;
    SEC_CHAR *sEncryptAlgorithmName;
    uint32_t KeySize; /* bits */
    uint32_t SignatureAlgorithm;
    uint32_t EncryptAlgorithm;
} SecPkgContext_KeyInfoA, *PSecPkgContext_KeyInfoA;
typedef struct _SecPkgContext_KeyInfoW {
    SEC_WCHAR *sSignatureAlgorithmName;
    SEC_WCHAR *sEncryptAlgorithmName;
    uint32_t KeySize;
    uint32_t SignatureAlgorithm;
    uint32_t EncryptAlgorithm;
} SecPkgContext_KeyInfoW, *PSecPkgContext_KeyInfoW;

typedef struct _SecPkgContext_AuthorityA {
    SEC_CHAR *sAuthorityName;
} SecPkgContext_AuthorityA, *PSecPkgContext_AuthorityA;
typedef struct _SecPkgContext_AuthorityW {
    SEC_WCHAR *sAuthorityName;
} SecPkgContext_AuthorityW, *PSecPkgContext_AuthorityW;

typedef struct _SecPkgContext_PackageInfoA {
    PSecPkgInfoA PackageInfo;
} SecPkgContext_PackageInfoA, *PSecPkgContext_PackageInfoA;
typedef struct _SecPkgContext_PackageInfoW {
    PSecPkgInfoW PackageInfo;
} SecPkgContext_PackageInfoW, *PSecPkgContext_PackageInfoW;

typedef struct _SecPkgContext_NegotiationInfoA {
    PSecPkgInfoA PackageInfo;
    uint32_t NegotiationState; /* SECPKG_NEGOTIATION_* */
} SecPkgContext_NegotiationInfoA, *PSecPkgContext_NegotiationInfoA;
typedef struct _SecPkgContext_NegotiationInfoW {
    PSecPkgInfoW PackageInfo;
    uint32_t NegotiationState;
} SecPkgContext_NegotiationInfoW, *PSecPkgContext_NegotiationInfoW;

#define SECPKG_NEGOTIATION_COMPLETE      0u
#define SECPKG_NEGOTIATION_OPTIMISTIC    1u
#define SECPKG_NEGOTIATION_IN_PROGRESS   2u
#define SECPKG_NEGOTIATION_DIRECT        3u
#define SECPKG_NEGOTIATION_TRY_MULTICRED 4u

typedef struct _SecPkgContext_ClientSpecifiedTarget {
    SEC_WCHAR *sTargetName; /* UTF-16 from the A function too, as on Windows */
} SecPkgContext_ClientSpecifiedTarget, *PSecPkgContext_ClientSpecifiedTarget;

typedef struct _SecPkgContext_Bindings {
    uint32_t BindingsLength;
    SEC_CHANNEL_BINDINGS *Bindings;
} SecPkgContext_Bindings, *PSecPkgContext_Bindings;

typedef struct _SecPkgCredentials_NamesA {
    SEC_CHAR *sUserName;
} SecPkgCredentials_NamesA, *PSecPkgCredentials_NamesA;
typedef struct _SecPkgCredentials_NamesW {
    SEC_WCHAR *sUserName;
} SecPkgCredentials_NamesW, *PSecPkgCredentials_NamesW;

/** Results of queries that no package here answers (SEC_E_UNSUPPORTED_FUNCTION), for programs
 * that ask and can do without. */
typedef struct _SecPkgContext_DceInfo {
    uint32_t AuthzSvc;
    void *pPac;
} SecPkgContext_DceInfo, *PSecPkgContext_DceInfo;

typedef struct _SecPkgContext_ProtoInfoA {
    SEC_CHAR *sProtocolName;
    uint32_t majorVersion;
    uint32_t minorVersion;
} SecPkgContext_ProtoInfoA, *PSecPkgContext_ProtoInfoA;
typedef struct _SecPkgContext_ProtoInfoW {
    SEC_WCHAR *sProtocolName;
    uint32_t majorVersion;
    uint32_t minorVersion;
} SecPkgContext_ProtoInfoW, *PSecPkgContext_ProtoInfoW;

typedef struct _SecPkgContext_PasswordExpiry {
    TimeStamp tsPasswordExpires;
} SecPkgContext_PasswordExpiry, *PSecPkgContext_PasswordExpiry;

typedef struct _SecPkgContext_LogoffTime {
    TimeStamp tsLogoffTime;
} SecPkgContext_LogoffTime, *PSecPkgContext_LogoffTime;

typedef struct _SecPkgContext_UserFlags {
    uint32_t UserFlags;
} SecPkgContext_UserFlags, *PSecPkgContext_UserFlags;

typedef enum _SECPKG_CRED_CLASS {
    SecPkgCredClass_None = 0,
    SecPkgCredClass_Ephemeral = 10,
    SecPkgCredClass_PersistedGeneric = 20,
    SecPkgCredClass_PersistedSpecific = 30,
    SecPkgCredClass_Explicit = 40
} SECPKG_CRED_CLASS,
    *PSECPKG_CRED_CLASS;

typedef struct _SecPkgContext_CredInfo {
    SECPKG_CRED_CLASS CredClass;
    uint32_t IsPromptingNeeded;
} SecPkgContext_CredInfo, *PSecPkgContext_CredInfo;

typedef struct _SecPkgContext_CredentialNameA {
    uint32_t CredentialType;
    SEC_CHAR *sCredentialName;
} SecPkgContext_CredentialNameA, *PSecPkgContext_CredentialNameA;
typedef struct _SecPkgContext_CredentialNameW {
    uint32_t CredentialType;
    SEC_WCHAR *sCredentialName;
} SecPkgContext_CredentialNameW, *PSecPkgContext_CredentialNameW;

typedef struct _SecPkgContext_TargetInformation {
    uint32_t MarshalledTargetInfoLength;
    unsigned char *MarshalledTargetInfo;
} SecPkgContext_TargetInformation, *PSecPkgContext_TargetInformation;

typedef struct _SecPkgContext_Target {
    uint32_t TargetLength;
    char *Target;
} SecPkgContext_Target, *PSecPkgContext_Target;

typedef struct _SecPkgContext_AccessToken {
    void *AccessToken;
} SecPkgContext_AccessToken, *PSecPkgContext_AccessToken;

typedef struct _SecPkgContext_AuthzID {
    uint32_t AuthzIDLength;
    char *AuthzID;
} SecPkgContext_AuthzID, *PSecPkgContext_AuthzID;

typedef enum _SECPKG_ATTR_LCT_STATUS {
    SecPkgAttrLastClientTokenYes,
    SecPkgAttrLastClientTokenNo,
    SecPkgAttrLastClientTokenMaybe
} SECPKG_ATTR_LCT_STATUS,
    *PSECPKG_ATTR_LCT_STATUS;

typedef struct _SecPkgContext_LastClientTokenStatus {
    SECPKG_ATTR_LCT_STATUS LastClientTokenStatus;
} SecPkgContext_LastClientTokenStatus, *PSecPkgContext_LastClientTokenStatus;

typedef struct _SecPkgContext_NegoStatus {
    uint32_t LastStatus;
} SecPkgContext_NegoStatus, *PSecPkgContext_NegoStatus;

/** Of PackageMask. */
#define SECPKG_ATTR_NEGO_INFO_FLAG_NO_KERBEROS 0x1u
#define SECPKG_ATTR_NEGO_INFO_FLAG_NO_NTLM     0x2u

typedef struct _SecPkgContext_NegoPackageInfo {
    uint32_t PackageMask;
} SecPkgContext_NegoPackageInfo, *PSecPkgContext_NegoPackageInfo;

typedef struct _SecPkgContext_NegoKeys {
    uint32_t KeyType;
    uint16_t KeyLength;
    unsigned char *KeyValue;
    uint32_t VerifyKeyType;
    uint16_t VerifyKeyLength;
    unsigned char *VerifyKeyValue;
} SecPkgContext_NegoKeys, *PSecPkgContext_NegoKeys;

typedef struct _SecPkgContext_NegotiatedTlsExtensions {
    uint32_t ExtensionsCount;
    uint16_t *Extensions;
} SecPkgContext_NegotiatedTlsExtensions, *PSecPkgContext_NegotiatedTlsExtensions;

typedef struct _SecPkgCredentials_SSIProviderA {
    SEC_CHAR *sProviderName;
    uint32_t ProviderInfoLength;
    char *ProviderInfo;
} SecPkgCredentials_SSIProviderA, *PSecPkgCredentials_SSIProviderA;
typedef struct _SecPkgCredentials_SSIProviderW {
    SEC_WCHAR *sProviderName;
    uint32_t ProviderInfoLength;
    char *ProviderInfo;
} SecPkgCredentials_SSIProviderW, *PSecPkgCredentials_SSIProviderW;

typedef struct _SecPkgCredentials_Cert {
    uint32_t EncodedCertSize;
    unsigned char *EncodedCert;
} SecPkgCredentials_Cert, *PSecPkgCredentials_Cert;

/** What nobody sets here either: KDCs behind a proxy are named in krb5.conf (https://). */
#define KDC_PROXY_SETTINGS_V1               1u
#define KDC_PROXY_SETTINGS_FLAGS_FORCEPROXY 0x1u

typedef struct _SecPkgCredentials_KdcProxySettingsW {
    uint32_t Version; /* KDC_PROXY_SETTINGS_V1 */
    uint32_t Flags;
    uint16_t ProxyServerOffset;
    uint16_t ProxyServerLength;
    uint16_t ClientTlsCredOffset;
    uint16_t ClientTlsCredLength;
} SecPkgCredentials_KdcProxySettingsW, *PSecPkgCredentials_KdcProxySettingsW;

typedef struct _SecPkgContext_SubjectAttributes {
    void *AttributeInfo;
} SecPkgContext_SubjectAttributes, *PSecPkgContext_SubjectAttributes;

/** Quality of protection. */
#define SECQOP_WRAP_NO_ENCRYPT 0x80000001u
#define SECQOP_WRAP_OOB_DATA   0x40000000u
#define KERB_WRAP_NO_ENCRYPT   SECQOP_WRAP_NO_ENCRYPT

/** ExportSecurityContext */
#define SECPKG_CONTEXT_EXPORT_RESET_NEW  0x1u
#define SECPKG_CONTEXT_EXPORT_DELETE_OLD 0x2u
#define SECPKG_CONTEXT_EXPORT_TO_KERNEL  0x4u

/** ==== Asynchronous calls =========================================================
 *
 * An async context tracks one call at a time:
 *
 *     idle --submit--> pending --> complete --SspiReinitAsyncContext--> idle
 *
 * A submit (SspiAcquire..., SspiInitialize..., SspiAccept..., SspiFree...,
 * SspiDelete...) returns only whether the call was queued. SEC_E_OK: the callback that is
 * set at that moment will run exactly once. Anything else: nothing was queued and the
 * callback will not run. The result of the call itself is what SspiGetAsyncCallStatus
 * says: SEC_I_ASYNC_CALL_PENDING, and then exactly what the synchronous function would
 * have returned, with every output in place.
 *
 * At submit the call copies what it is given: handle words, strings, identities and input
 * buffers; all of it may be reused at once. Outputs (phCredential, phNewContext, the
 * SecBuffers of pOutput and their memory, pfContextAttr, ptsExpiry) must stay valid until
 * the call is complete or the async context is freed. SECBUFFER_EMPTY entries of pInput
 * are outputs too (EXTRA, MISSING).
 *
 * A submit fails with
 *   SEC_E_INVALID_HANDLE        the async context is not alive
 *   SEC_E_INVALID_PARAMETER     it is pending, or complete and not reinitialised; or an
 *                               argument is bad (a required pointer NULL, a malformed
 *                               buffer descriptor, identity or string)
 *   SEC_E_INSUFFICIENT_MEMORY   no memory or thread, or the bound on queued calls reached
 *   SEC_E_SHUTDOWN_IN_PROGRESS  the process is exiting
 * Everything else, dead credential and context handles included, is the call's status.
 *
 * Source: MS-docs sspi.h, Sspi*Async*; "Asynchronous Contexts" overview.
 */
typedef struct _SspiAsyncContext SspiAsyncContext;

/** Runs on a thread of the library or, for a context with a queue, on the thread that
 * drains the queue. No lock is held: it may call anything, free or reinitialise its own
 * context, submit the next call on it, delete the handles used, and block. */
typedef void (*SspiAsyncNotifyCallback)(SspiAsyncContext *Handle, void *CallbackData);

/** Returns an idle async context, or NULL if memory ran out. The caller frees it with
 * SspiFreeAsyncContext. Does not block. */
SSPI_ASYNC_API SspiAsyncContext *SspiCreateAsyncContext(void);

/** Frees the async context; a dead one is ignored. Never waits for a call. While a call is
 * pending it is detached: it finishes in the background, its outputs are discarded (a new
 * handle is deleted, a token wiped), its callback does not start, and no output is written once
 * this function has returned. A detached delete is still carried out. */
SSPI_ASYNC_API void SspiFreeAsyncContext(SspiAsyncContext *Handle);

/** Makes a complete async context idle again; callback, data and queue are kept. An idle
 * one stays idle. Returns STATUS_SUCCESS, STATUS_DEVICE_BUSY while a call is pending, or
 * STATUS_INVALID_HANDLE. */
SSPI_ASYNC_API NTSTATUS SspiReinitAsyncContext(SspiAsyncContext *Handle);

/** Sets what runs when the next call completes. NULL: nothing runs; poll, wait or drain a
 * queue. The library does not touch what CallbackData points to. Returns SEC_E_OK,
 * SEC_E_INVALID_PARAMETER while a call is pending, or SEC_E_INVALID_HANDLE. */
SSPI_ASYNC_API SECURITY_STATUS SspiSetAsyncNotifyCallback(SspiAsyncContext *Context,
                                                          SspiAsyncNotifyCallback Callback,
                                                          void *CallbackData);

/** TRUE if a callback is set; FALSE if not, or if the async context is dead. */
SSPI_ASYNC_API BOOLEAN SspiAsyncContextRequiresNotify(SspiAsyncContext *AsyncContext);

/** SEC_E_NO_CONTEXT while idle, SEC_I_ASYNC_CALL_PENDING, then the call's own status. A
 * caller that sees the final status sees the outputs. SEC_E_INVALID_HANDLE if dead. */
SSPI_ASYNC_API SECURITY_STATUS SspiGetAsyncCallStatus(SspiAsyncContext *Handle);

/** AcquireCredentialsHandle, queued. *phCredential and *ptsExpiry (may be NULL) are written
 * on success only. */
SSPI_ASYNC_API SECURITY_STATUS SspiAcquireCredentialsHandleAsyncA(
    SspiAsyncContext *AsyncContext, const SEC_CHAR *pszPrincipal, const SEC_CHAR *pszPackage,
    uint32_t fCredentialUse, void *pvLogonId, void *pAuthData, SEC_GET_KEY_FN pGetKeyFn,
    void *pvGetKeyArgument, PCredHandle phCredential, PTimeStamp ptsExpiry);
SSPI_ASYNC_API SECURITY_STATUS SspiAcquireCredentialsHandleAsyncW(
    SspiAsyncContext *AsyncContext, const SEC_WCHAR *pszPrincipal, const SEC_WCHAR *pszPackage,
    uint32_t fCredentialUse, void *pvLogonId, void *pAuthData, SEC_GET_KEY_FN pGetKeyFn,
    void *pvGetKeyArgument, PCredHandle phCredential, PTimeStamp ptsExpiry);

/** FreeCredentialsHandle, queued. The handle is dead for calls made afterwards; security
 * contexts that use the credential keep it alive for themselves. */
SSPI_ASYNC_API SECURITY_STATUS SspiFreeCredentialsHandleAsync(SspiAsyncContext *AsyncContext,
                                                              PCredHandle phCredential);

/** InitializeSecurityContext, queued. */
SSPI_ASYNC_API SECURITY_STATUS SspiInitializeSecurityContextAsyncA(
    SspiAsyncContext *AsyncContext, PCredHandle phCredential, PCtxtHandle phContext,
    const SEC_CHAR *pszTargetName, uint32_t fContextReq, uint32_t Reserved1,
    uint32_t TargetDataRep, PSecBufferDesc pInput, uint32_t Reserved2, PCtxtHandle phNewContext,
    PSecBufferDesc pOutput, uint32_t *pfContextAttr, PTimeStamp ptsExpiry);
SSPI_ASYNC_API SECURITY_STATUS SspiInitializeSecurityContextAsyncW(
    SspiAsyncContext *AsyncContext, PCredHandle phCredential, PCtxtHandle phContext,
    const SEC_WCHAR *pszTargetName, uint32_t fContextReq, uint32_t Reserved1,
    uint32_t TargetDataRep, PSecBufferDesc pInput, uint32_t Reserved2, PCtxtHandle phNewContext,
    PSecBufferDesc pOutput, uint32_t *pfContextAttr, PTimeStamp ptsExpiry);

/** AcceptSecurityContext, queued. */
SSPI_ASYNC_API SECURITY_STATUS SspiAcceptSecurityContextAsync(
    SspiAsyncContext *AsyncContext, PCredHandle phCredential, PCtxtHandle phContext,
    PSecBufferDesc pInput, uint32_t fContextReq, uint32_t TargetDataRep,
    PCtxtHandle phNewContext, PSecBufferDesc pOutput, uint32_t *pfContextAttr,
    PTimeStamp ptsExpiry);

/** Deletes a security context in any state: partial, rejected, failed or complete. The
 * handle is dead for calls made after this one; calls queued before it on the same
 * context finish first. phContext is read before the function returns and never again.
 * Status: SEC_E_OK, or SEC_E_INVALID_HANDLE if the handle was not alive. Allocates
 * nothing. For a delete without notification, set no callback and free the async context at
 * once. */
SSPI_ASYNC_API SECURITY_STATUS SspiDeleteSecurityContextAsync(SspiAsyncContext *AsyncContext,
                                                              PCtxtHandle phContext);

/** ==== Synchronous calls ==========================================================
 *
 * They run on the calling thread, and block as long as the security package does. On a
 * context with calls queued they wait for their turn.
 */

/** Lists the packages that can be loaded here, one with two names (Schannel) under each:
 * *ppPackageInfo is one block that FreeContextBuffer frees. */
SSPI_ASYNC_API SECURITY_STATUS sspia_EnumerateSecurityPackagesA(uint32_t *pcPackages,
                                                                PSecPkgInfoA *ppPackageInfo);
SSPI_ASYNC_API SECURITY_STATUS sspia_EnumerateSecurityPackagesW(uint32_t *pcPackages,
                                                                PSecPkgInfoW *ppPackageInfo);

/** Describes one package; SEC_E_SECPKG_NOT_FOUND if it cannot be loaded (the message says
 * why), and *ppPackageInfo is left alone then. It is freed with FreeContextBuffer. */
SSPI_ASYNC_API SECURITY_STATUS sspia_QuerySecurityPackageInfoA(const SEC_CHAR *pszPackageName,
                                                               PSecPkgInfoA *ppPackageInfo);
SSPI_ASYNC_API SECURITY_STATUS sspia_QuerySecurityPackageInfoW(const SEC_WCHAR *pszPackageName,
                                                               PSecPkgInfoW *ppPackageInfo);

/** Loads a package module from a file (a path with '/'), or the module of that name from
 * the module folders. pOptions must be NULL. See sspi_package.h. */
SSPI_ASYNC_API SECURITY_STATUS sspia_AddSecurityPackageA(const SEC_CHAR *pszPackageName,
                                                         PSECURITY_PACKAGE_OPTIONS pOptions);
SSPI_ASYNC_API SECURITY_STATUS sspia_AddSecurityPackageW(const SEC_WCHAR *pszPackageName,
                                                         PSECURITY_PACKAGE_OPTIONS pOptions);

/** SEC_E_UNSUPPORTED_FUNCTION: a package that was loaded stays. */
SSPI_ASYNC_API SECURITY_STATUS sspia_DeleteSecurityPackageA(const SEC_CHAR *pszPackageName);
SSPI_ASYNC_API SECURITY_STATUS sspia_DeleteSecurityPackageW(const SEC_WCHAR *pszPackageName);

/** Gets a credential of a package. pszPrincipal: the identity to use, NULL for the default
 * one. pAuthData: NULL for the defaults of the process; for Kerberos, NTLM and Negotiate a
 * SEC_WINNT_AUTH_IDENTITY_A/W/EXA/EXW/EX2 or an sspia_auth_identity (sspi_queue.h); it is
 * copied and the copy wiped. pvLogonId, pGetKeyFn and pvGetKeyArgument must be NULL
 * (SEC_E_UNSUPPORTED_FUNCTION otherwise). Kerberos, NTLM and Negotiate contact no server here:
 * missing tickets or keys, an unresponsive KDC and a wrong password are reported by the first
 * leg, and *ptsExpiry is "never". The caller frees *phCredential with FreeCredentialsHandle, or
 * its async form. Errors: SEC_E_SECPKG_NOT_FOUND, SEC_E_NO_CREDENTIALS (a named file does not
 * exist), SEC_E_UNKNOWN_CREDENTIALS, SEC_E_INVALID_PARAMETER, SEC_E_INSUFFICIENT_MEMORY,
 * SEC_E_INTERNAL_ERROR. */
SSPI_ASYNC_API SECURITY_STATUS sspia_AcquireCredentialsHandleA(
    const SEC_CHAR *pszPrincipal, const SEC_CHAR *pszPackage, uint32_t fCredentialUse,
    void *pvLogonId, void *pAuthData, SEC_GET_KEY_FN pGetKeyFn, void *pvGetKeyArgument,
    PCredHandle phCredential, PTimeStamp ptsExpiry);
SSPI_ASYNC_API SECURITY_STATUS sspia_AcquireCredentialsHandleW(
    const SEC_WCHAR *pszPrincipal, const SEC_WCHAR *pszPackage, uint32_t fCredentialUse,
    void *pvLogonId, void *pAuthData, SEC_GET_KEY_FN pGetKeyFn, void *pvGetKeyArgument,
    PCredHandle phCredential, PTimeStamp ptsExpiry);

/** SEC_E_UNSUPPORTED_FUNCTION: no package here keeps several identities in one credential. */
SSPI_ASYNC_API SECURITY_STATUS
sspia_AddCredentialsA(PCredHandle phCredential, const SEC_CHAR *pszPrincipal,
                      const SEC_CHAR *pszPackage, uint32_t fCredentialUse, void *pAuthData,
                      SEC_GET_KEY_FN pGetKeyFn, void *pvGetKeyArgument, PTimeStamp ptsExpiry);
SSPI_ASYNC_API SECURITY_STATUS
sspia_AddCredentialsW(PCredHandle phCredential, const SEC_WCHAR *pszPrincipal,
                      const SEC_WCHAR *pszPackage, uint32_t fCredentialUse, void *pAuthData,
                      SEC_GET_KEY_FN pGetKeyFn, void *pvGetKeyArgument, PTimeStamp ptsExpiry);

/** SEC_E_OK, or SEC_E_INVALID_HANDLE. Contexts keep the credential alive for themselves. */
SSPI_ASYNC_API SECURITY_STATUS sspia_FreeCredentialsHandle(PCredHandle phCredential);

/** SECPKG_CRED_ATTR_NAMES. The Ex forms check the size of the caller's structure. Set: the
 * package decides; none of ours has anything to set (SEC_E_UNSUPPORTED_FUNCTION). */
SSPI_ASYNC_API SECURITY_STATUS sspia_QueryCredentialsAttributesA(PCredHandle phCredential,
                                                                 uint32_t ulAttribute,
                                                                 void *pBuffer);
SSPI_ASYNC_API SECURITY_STATUS sspia_QueryCredentialsAttributesW(PCredHandle phCredential,
                                                                 uint32_t ulAttribute,
                                                                 void *pBuffer);
SSPI_ASYNC_API SECURITY_STATUS sspia_QueryCredentialsAttributesExA(PCredHandle phCredential,
                                                                   uint32_t ulAttribute,
                                                                   void *pBuffer,
                                                                   uint32_t cbBuffer);
SSPI_ASYNC_API SECURITY_STATUS sspia_QueryCredentialsAttributesExW(PCredHandle phCredential,
                                                                   uint32_t ulAttribute,
                                                                   void *pBuffer,
                                                                   uint32_t cbBuffer);
SSPI_ASYNC_API SECURITY_STATUS sspia_SetCredentialsAttributesA(PCredHandle phCredential,
                                                               uint32_t ulAttribute,
                                                               void *pBuffer,
                                                               uint32_t cbBuffer);
SSPI_ASYNC_API SECURITY_STATUS sspia_SetCredentialsAttributesW(PCredHandle phCredential,
                                                               uint32_t ulAttribute,
                                                               void *pBuffer,
                                                               uint32_t cbBuffer);

/** One leg of the initiator. First leg: phContext NULL, *phNewContext receives the context;
 * later legs: phContext the context, phNewContext NULL or any place for the same handle
 * (phContext itself too). phCredential may be NULL on later legs.
 *
 * pInput: the peer's TOKEN; CHANNEL_BINDINGS on the first leg. pOutput: one TOKEN buffer,
 * with ISC_REQ_ALLOCATE_MEMORY filled with memory that FreeContextBuffer frees, else the
 * caller's own with its capacity in cbBuffer. A pvBuffer of NULL asks for memory too if
 * cbBuffer is not 0, or the package is Schannel.
 *
 * SEC_I_CONTINUE_NEEDED: send the token, call again with the answer. SEC_E_OK: complete; a
 * token that is not empty must still be sent. SEC_E_BUFFER_TOO_SMALL: cbBuffer says how
 * much is needed; make the same call again (same input, same phNewContext) with a larger
 * buffer, nothing is lost. SEC_E_INCOMPLETE_MESSAGE, and a call that no package answered
 * (a dead handle): the output buffers are as they were. Any other answer without a token
 * sets cbBuffer to 0. An error on the first leg leaves no context; on a later leg the
 * context must be deleted by the caller. With an error a token may be there too, for the
 * peer to learn of it.
 *
 * Errors: SEC_E_INVALID_HANDLE, SEC_E_INVALID_TOKEN, SEC_E_TARGET_UNKNOWN,
 * SEC_E_WRONG_PRINCIPAL, SEC_E_NO_AUTHENTICATING_AUTHORITY, SEC_E_NO_CREDENTIALS,
 * SEC_E_LOGON_DENIED, SEC_E_TIME_SKEW, SEC_E_BAD_BINDINGS, SEC_E_OUT_OF_SEQUENCE (a leg
 * after one that was cancelled; but for Schannel, a leg after the last),
 * SEC_E_INSUFFICIENT_MEMORY. */
SSPI_ASYNC_API SECURITY_STATUS sspia_InitializeSecurityContextA(
    PCredHandle phCredential, PCtxtHandle phContext, const SEC_CHAR *pszTargetName,
    uint32_t fContextReq, uint32_t Reserved1, uint32_t TargetDataRep, PSecBufferDesc pInput,
    uint32_t Reserved2, PCtxtHandle phNewContext, PSecBufferDesc pOutput,
    uint32_t *pfContextAttr, PTimeStamp ptsExpiry);
SSPI_ASYNC_API SECURITY_STATUS sspia_InitializeSecurityContextW(
    PCredHandle phCredential, PCtxtHandle phContext, const SEC_WCHAR *pszTargetName,
    uint32_t fContextReq, uint32_t Reserved1, uint32_t TargetDataRep, PSecBufferDesc pInput,
    uint32_t Reserved2, PCtxtHandle phNewContext, PSecBufferDesc pOutput,
    uint32_t *pfContextAttr, PTimeStamp ptsExpiry);

/** One leg of the acceptor; the same rules. */
SSPI_ASYNC_API SECURITY_STATUS sspia_AcceptSecurityContext(
    PCredHandle phCredential, PCtxtHandle phContext, PSecBufferDesc pInput,
    uint32_t fContextReq, uint32_t TargetDataRep, PCtxtHandle phNewContext,
    PSecBufferDesc pOutput, uint32_t *pfContextAttr, PTimeStamp ptsExpiry);

/** SEC_E_OK without effect on a live context: no package here returns COMPLETE_NEEDED. */
SSPI_ASYNC_API SECURITY_STATUS sspia_CompleteAuthToken(PCtxtHandle phContext,
                                                       PSecBufferDesc pToken);

/** Packages with control tokens (Schannel); others SEC_E_UNSUPPORTED_FUNCTION. */
SSPI_ASYNC_API SECURITY_STATUS sspia_ApplyControlToken(PCtxtHandle phContext,
                                                       PSecBufferDesc pInput);

/** Deletes a security context in any state, and writes SEC_DELETED_HANDLE over *phContext.
 * SEC_E_OK if it was alive or had been deleted before (through this handle or a copy),
 * SEC_E_INVALID_HANDLE if it never was a context. Does not wait for calls that are queued
 * or running on it: the last of them takes the context down. */
SSPI_ASYNC_API SECURITY_STATUS sspia_DeleteSecurityContext(PCtxtHandle phContext);

/** Reads an attribute into the caller's structure. SIZES, NAMES, LIFESPAN, KEY_INFO,
 * AUTHORITY, SESSION_KEY, PACKAGE_INFO, NEGOTIATION_INFO, NATIVE_NAMES, FLAGS and
 * CLIENT_SPECIFIED_TARGET, where the package has them; SEC_E_UNSUPPORTED_FUNCTION
 * otherwise. The Ex forms check the size (SEC_E_BUFFER_TOO_SMALL). Set: as the package
 * documents. */
SSPI_ASYNC_API SECURITY_STATUS sspia_QueryContextAttributesA(PCtxtHandle phContext,
                                                             uint32_t ulAttribute,
                                                             void *pBuffer);
SSPI_ASYNC_API SECURITY_STATUS sspia_QueryContextAttributesW(PCtxtHandle phContext,
                                                             uint32_t ulAttribute,
                                                             void *pBuffer);
SSPI_ASYNC_API SECURITY_STATUS sspia_QueryContextAttributesExA(PCtxtHandle phContext,
                                                               uint32_t ulAttribute,
                                                               void *pBuffer,
                                                               uint32_t cbBuffer);
SSPI_ASYNC_API SECURITY_STATUS sspia_QueryContextAttributesExW(PCtxtHandle phContext,
                                                               uint32_t ulAttribute,
                                                               void *pBuffer,
                                                               uint32_t cbBuffer);
SSPI_ASYNC_API SECURITY_STATUS sspia_SetContextAttributesA(PCtxtHandle phContext,
                                                           uint32_t ulAttribute, void *pBuffer,
                                                           uint32_t cbBuffer);
SSPI_ASYNC_API SECURITY_STATUS sspia_SetContextAttributesW(PCtxtHandle phContext,
                                                           uint32_t ulAttribute, void *pBuffer,
                                                           uint32_t cbBuffer);

/** Signs the DATA buffers into the one TOKEN buffer (capacity: cbMaxSignature). fQOP 0.
 * MessageSeqNo must be 0 or count the messages; the packages here number for themselves.
 * SEC_E_BUFFER_TOO_SMALL leaves the sequence number unspent. */
SSPI_ASYNC_API SECURITY_STATUS sspia_MakeSignature(PCtxtHandle phContext, uint32_t fQOP,
                                                   PSecBufferDesc pMessage,
                                                   uint32_t MessageSeqNo);
/** SEC_E_MESSAGE_ALTERED, SEC_E_OUT_OF_SEQUENCE, SEC_E_INVALID_TOKEN. */
SSPI_ASYNC_API SECURITY_STATUS sspia_VerifySignature(PCtxtHandle phContext,
                                                     PSecBufferDesc pMessage,
                                                     uint32_t MessageSeqNo, uint32_t *pfQOP);

/** Encrypts in place: TOKEN (cbSecurityTrailer), DATA..., PADDING (cbBlockSize, may be
 * missing where cbBlockSize is 0 or 1); send TOKEN, DATA, PADDING in this order. DATA with
 * SECBUFFER_READONLY_WITH_CHECKSUM is signed and stays readable, where the package has the
 * capability of that name; DATA with SECBUFFER_READONLY takes no part.
 * fQOP: 0, or SECQOP_WRAP_NO_ENCRYPT to sign only. */
SSPI_ASYNC_API SECURITY_STATUS sspia_EncryptMessage(PCtxtHandle phContext, uint32_t fQOP,
                                                    PSecBufferDesc pMessage,
                                                    uint32_t MessageSeqNo);
/** Decrypts in place: TOKEN + DATA, or STREAM (all that was received) + DATA, which is set
 * to the plaintext inside the STREAM buffer. *pfQOP (may be NULL) receives 0 or
 * SECQOP_WRAP_NO_ENCRYPT. */
SSPI_ASYNC_API SECURITY_STATUS sspia_DecryptMessage(PCtxtHandle phContext,
                                                    PSecBufferDesc pMessage,
                                                    uint32_t MessageSeqNo, uint32_t *pfQOP);

/** The thread becomes the client of an acceptor's context, and itself again. Linux has no such
 * tokens: SEC_E_UNSUPPORTED_FUNCTION, unless the program has said by sspia_set_impersonation
 * (sspi_queue.h) what shall happen. SEC_E_NO_IMPERSONATION: the context has no client. */
SSPI_ASYNC_API SECURITY_STATUS sspia_ImpersonateSecurityContext(PCtxtHandle phContext);
SSPI_ASYNC_API SECURITY_STATUS sspia_RevertSecurityContext(PCtxtHandle phContext);

/** These have no counterpart either: SEC_E_UNSUPPORTED_FUNCTION. */
SSPI_ASYNC_API SECURITY_STATUS sspia_QuerySecurityContextToken(PCtxtHandle phContext,
                                                               void **Token);
SSPI_ASYNC_API SECURITY_STATUS
sspia_ChangeAccountPasswordA(const SEC_CHAR *pszPackageName, const SEC_CHAR *pszDomainName,
                             const SEC_CHAR *pszAccountName, const SEC_CHAR *pszOldPassword,
                             const SEC_CHAR *pszNewPassword, BOOLEAN bImpersonating,
                             uint32_t dwReserved, PSecBufferDesc pOutput);
SSPI_ASYNC_API SECURITY_STATUS
sspia_ChangeAccountPasswordW(const SEC_WCHAR *pszPackageName, const SEC_WCHAR *pszDomainName,
                             const SEC_WCHAR *pszAccountName, const SEC_WCHAR *pszOldPassword,
                             const SEC_WCHAR *pszNewPassword, BOOLEAN bImpersonating,
                             uint32_t dwReserved, PSecBufferDesc pOutput);

/** Packs a complete context into pPackedContext (freed with FreeContextBuffer; it holds
 * keys). The source stays usable unless fFlags has SECPKG_CONTEXT_EXPORT_DELETE_OLD.
 * RESET_NEW where the package can start its sequence numbers anew. pToken must be NULL or
 * receives NULL. */
SSPI_ASYNC_API SECURITY_STATUS sspia_ExportSecurityContext(PCtxtHandle phContext,
                                                           uint32_t fFlags,
                                                           PSecBuffer pPackedContext,
                                                           void **pToken);
/** Makes a context of what ExportSecurityContext packed, in this process or another on the
 * same machine with the same libraries. Token must be NULL. SEC_E_INVALID_TOKEN if it is
 * not such a pack. */
SSPI_ASYNC_API SECURITY_STATUS sspia_ImportSecurityContextA(const SEC_CHAR *pszPackage,
                                                            PSecBuffer pPackedContext,
                                                            void *Token, PCtxtHandle phContext);
SSPI_ASYNC_API SECURITY_STATUS sspia_ImportSecurityContextW(const SEC_WCHAR *pszPackage,
                                                            PSecBuffer pPackedContext,
                                                            void *Token, PCtxtHandle phContext);

/** Wipes and frees memory that the library gave out. NULL is SEC_E_OK; a pointer that the
 * library did not give out, or that is free already, is SEC_E_INVALID_HANDLE and is left
 * alone. */
SSPI_ASYNC_API SECURITY_STATUS sspia_FreeContextBuffer(void *pvContextBuffer);

/** ---- Plain names ------------------------------------------------------------------
 *
 * Define SSPI_ASYNC_NO_PLAIN_NAMES before the #include to do without them, for instance in
 * a C++ class with a method EncryptMessage.
 */
#ifndef SSPI_ASYNC_NO_PLAIN_NAMES
#define EnumerateSecurityPackagesA    sspia_EnumerateSecurityPackagesA
#define EnumerateSecurityPackagesW    sspia_EnumerateSecurityPackagesW
#define QuerySecurityPackageInfoA     sspia_QuerySecurityPackageInfoA
#define QuerySecurityPackageInfoW     sspia_QuerySecurityPackageInfoW
#define AddSecurityPackageA           sspia_AddSecurityPackageA
#define AddSecurityPackageW           sspia_AddSecurityPackageW
#define DeleteSecurityPackageA        sspia_DeleteSecurityPackageA
#define DeleteSecurityPackageW        sspia_DeleteSecurityPackageW
#define AcquireCredentialsHandleA     sspia_AcquireCredentialsHandleA
#define AcquireCredentialsHandleW     sspia_AcquireCredentialsHandleW
#define AddCredentialsA               sspia_AddCredentialsA
#define AddCredentialsW               sspia_AddCredentialsW
#define QueryCredentialsAttributesA   sspia_QueryCredentialsAttributesA
#define QueryCredentialsAttributesW   sspia_QueryCredentialsAttributesW
#define QueryCredentialsAttributesExA sspia_QueryCredentialsAttributesExA
#define QueryCredentialsAttributesExW sspia_QueryCredentialsAttributesExW
#define SetCredentialsAttributesA     sspia_SetCredentialsAttributesA
#define SetCredentialsAttributesW     sspia_SetCredentialsAttributesW
#define InitializeSecurityContextA    sspia_InitializeSecurityContextA
#define InitializeSecurityContextW    sspia_InitializeSecurityContextW
#define QueryContextAttributesA       sspia_QueryContextAttributesA
#define QueryContextAttributesW       sspia_QueryContextAttributesW
#define QueryContextAttributesExA     sspia_QueryContextAttributesExA
#define QueryContextAttributesExW     sspia_QueryContextAttributesExW
#define SetContextAttributesA         sspia_SetContextAttributesA
#define SetContextAttributesW         sspia_SetContextAttributesW
#define ChangeAccountPasswordA        sspia_ChangeAccountPasswordA
#define ChangeAccountPasswordW        sspia_ChangeAccountPasswordW
#define ImportSecurityContextA        sspia_ImportSecurityContextA
#define ImportSecurityContextW        sspia_ImportSecurityContextW
#define InitSecurityInterfaceA        sspia_InitSecurityInterfaceA
#define InitSecurityInterfaceW        sspia_InitSecurityInterfaceW
#define FreeCredentialsHandle         sspia_FreeCredentialsHandle
#define AcceptSecurityContext         sspia_AcceptSecurityContext
#define CompleteAuthToken             sspia_CompleteAuthToken
#define ApplyControlToken             sspia_ApplyControlToken
#define DeleteSecurityContext         sspia_DeleteSecurityContext
#define MakeSignature                 sspia_MakeSignature
#define VerifySignature               sspia_VerifySignature
#define EncryptMessage                sspia_EncryptMessage
#define DecryptMessage                sspia_DecryptMessage
#define ImpersonateSecurityContext    sspia_ImpersonateSecurityContext
#define RevertSecurityContext         sspia_RevertSecurityContext
#define QuerySecurityContextToken     sspia_QuerySecurityContextToken
#define ExportSecurityContext         sspia_ExportSecurityContext
#define FreeContextBuffer             sspia_FreeContextBuffer
#define FreeCredentialHandle          sspia_FreeCredentialsHandle

/* The form for UNICODE programs, or the other. */
#ifdef UNICODE
#define EnumerateSecurityPackages          sspia_EnumerateSecurityPackagesW
#define QuerySecurityPackageInfo           sspia_QuerySecurityPackageInfoW
#define AddSecurityPackage                 sspia_AddSecurityPackageW
#define DeleteSecurityPackage              sspia_DeleteSecurityPackageW
#define AcquireCredentialsHandle           sspia_AcquireCredentialsHandleW
#define AddCredentials                     sspia_AddCredentialsW
#define QueryCredentialsAttributes         sspia_QueryCredentialsAttributesW
#define QueryCredentialsAttributesEx       sspia_QueryCredentialsAttributesExW
#define SetCredentialsAttributes           sspia_SetCredentialsAttributesW
#define InitializeSecurityContext          sspia_InitializeSecurityContextW
#define QueryContextAttributes             sspia_QueryContextAttributesW
#define QueryContextAttributesEx           sspia_QueryContextAttributesExW
#define SetContextAttributes               sspia_SetContextAttributesW
#define ChangeAccountPassword              sspia_ChangeAccountPasswordW
#define ImportSecurityContext              sspia_ImportSecurityContextW
#define InitSecurityInterface              sspia_InitSecurityInterfaceW
#define SspiAcquireCredentialsHandleAsync  SspiAcquireCredentialsHandleAsyncW
#define SspiInitializeSecurityContextAsync SspiInitializeSecurityContextAsyncW
#define SecPkgInfo                         SecPkgInfoW
#define PSecPkgInfo                        PSecPkgInfoW
#define SecPkgContext_Names                SecPkgContext_NamesW
#define SecPkgContext_NativeNames          SecPkgContext_NativeNamesW
#define SecPkgContext_KeyInfo              SecPkgContext_KeyInfoW
#define SecPkgContext_Authority            SecPkgContext_AuthorityW
#define SecPkgContext_PackageInfo          SecPkgContext_PackageInfoW
#define SecPkgContext_NegotiationInfo      SecPkgContext_NegotiationInfoW
#define SecPkgCredentials_Names            SecPkgCredentials_NamesW
#define SecurityFunctionTable              SecurityFunctionTableW
#define PSecurityFunctionTable             PSecurityFunctionTableW
#define NEGOSSP_NAME                       NEGOSSP_NAME_W
#define MICROSOFT_KERBEROS_NAME            MICROSOFT_KERBEROS_NAME_W
#define ENUMERATE_SECURITY_PACKAGES_FN     ENUMERATE_SECURITY_PACKAGES_FN_W
#define QUERY_SECURITY_PACKAGE_INFO_FN     QUERY_SECURITY_PACKAGE_INFO_FN_W
#define ACQUIRE_CREDENTIALS_HANDLE_FN      ACQUIRE_CREDENTIALS_HANDLE_FN_W
#define ADD_CREDENTIALS_FN                 ADD_CREDENTIALS_FN_W
#define QUERY_CREDENTIALS_ATTRIBUTES_FN    QUERY_CREDENTIALS_ATTRIBUTES_FN_W
#define QUERY_CREDENTIALS_ATTRIBUTES_EX_FN QUERY_CREDENTIALS_ATTRIBUTES_EX_FN_W
#define SET_CREDENTIALS_ATTRIBUTES_FN      SET_CREDENTIALS_ATTRIBUTES_FN_W
#define INITIALIZE_SECURITY_CONTEXT_FN     INITIALIZE_SECURITY_CONTEXT_FN_W
#define QUERY_CONTEXT_ATTRIBUTES_FN        QUERY_CONTEXT_ATTRIBUTES_FN_W
#define QUERY_CONTEXT_ATTRIBUTES_EX_FN     QUERY_CONTEXT_ATTRIBUTES_EX_FN_W
#define SET_CONTEXT_ATTRIBUTES_FN          SET_CONTEXT_ATTRIBUTES_FN_W
#define IMPORT_SECURITY_CONTEXT_FN         IMPORT_SECURITY_CONTEXT_FN_W
#define CHANGE_PASSWORD_FN                 CHANGE_PASSWORD_FN_W
#define INIT_SECURITY_INTERFACE            INIT_SECURITY_INTERFACE_W
#define PSecPkgContext_Names               PSecPkgContext_NamesW
#define PSecPkgContext_NativeNames         PSecPkgContext_NativeNamesW
#define PSecPkgContext_KeyInfo             PSecPkgContext_KeyInfoW
#define PSecPkgContext_Authority           PSecPkgContext_AuthorityW
#define PSecPkgContext_PackageInfo         PSecPkgContext_PackageInfoW
#define PSecPkgContext_NegotiationInfo     PSecPkgContext_NegotiationInfoW
#define SecPkgContext_ProtoInfo            SecPkgContext_ProtoInfoW
#define SecPkgContext_CredentialName       SecPkgContext_CredentialNameW
#define PSecPkgContext_ProtoInfo           PSecPkgContext_ProtoInfoW
#define PSecPkgContext_CredentialName      PSecPkgContext_CredentialNameW
#define PSecPkgCredentials_Names           PSecPkgCredentials_NamesW
#define SecPkgCredentials_SSIProvider      SecPkgCredentials_SSIProviderW
#define PSecPkgCredentials_SSIProvider     PSecPkgCredentials_SSIProviderW
#define SECURITY_ENTRYPOINT                SECURITY_ENTRYPOINTW
#define SECURITY_ENTRYPOINT_ANSI           SECURITY_ENTRYPOINT_ANSIW
#else
#define EnumerateSecurityPackages          sspia_EnumerateSecurityPackagesA
#define QuerySecurityPackageInfo           sspia_QuerySecurityPackageInfoA
#define AddSecurityPackage                 sspia_AddSecurityPackageA
#define DeleteSecurityPackage              sspia_DeleteSecurityPackageA
#define AcquireCredentialsHandle           sspia_AcquireCredentialsHandleA
#define AddCredentials                     sspia_AddCredentialsA
#define QueryCredentialsAttributes         sspia_QueryCredentialsAttributesA
#define QueryCredentialsAttributesEx       sspia_QueryCredentialsAttributesExA
#define SetCredentialsAttributes           sspia_SetCredentialsAttributesA
#define InitializeSecurityContext          sspia_InitializeSecurityContextA
#define QueryContextAttributes             sspia_QueryContextAttributesA
#define QueryContextAttributesEx           sspia_QueryContextAttributesExA
#define SetContextAttributes               sspia_SetContextAttributesA
#define ChangeAccountPassword              sspia_ChangeAccountPasswordA
#define ImportSecurityContext              sspia_ImportSecurityContextA
#define InitSecurityInterface              sspia_InitSecurityInterfaceA
#define SspiAcquireCredentialsHandleAsync  SspiAcquireCredentialsHandleAsyncA
#define SspiInitializeSecurityContextAsync SspiInitializeSecurityContextAsyncA
#define SecPkgInfo                         SecPkgInfoA
#define PSecPkgInfo                        PSecPkgInfoA
#define SecPkgContext_Names                SecPkgContext_NamesA
#define SecPkgContext_NativeNames          SecPkgContext_NativeNamesA
#define SecPkgContext_KeyInfo              SecPkgContext_KeyInfoA
#define SecPkgContext_Authority            SecPkgContext_AuthorityA
#define SecPkgContext_PackageInfo          SecPkgContext_PackageInfoA
#define SecPkgContext_NegotiationInfo      SecPkgContext_NegotiationInfoA
#define SecPkgCredentials_Names            SecPkgCredentials_NamesA
#define SecurityFunctionTable              SecurityFunctionTableA
#define PSecurityFunctionTable             PSecurityFunctionTableA
#define NEGOSSP_NAME                       NEGOSSP_NAME_A
#define MICROSOFT_KERBEROS_NAME            MICROSOFT_KERBEROS_NAME_A
#define ENUMERATE_SECURITY_PACKAGES_FN     ENUMERATE_SECURITY_PACKAGES_FN_A
#define QUERY_SECURITY_PACKAGE_INFO_FN     QUERY_SECURITY_PACKAGE_INFO_FN_A
#define ACQUIRE_CREDENTIALS_HANDLE_FN      ACQUIRE_CREDENTIALS_HANDLE_FN_A
#define ADD_CREDENTIALS_FN                 ADD_CREDENTIALS_FN_A
#define QUERY_CREDENTIALS_ATTRIBUTES_FN    QUERY_CREDENTIALS_ATTRIBUTES_FN_A
#define QUERY_CREDENTIALS_ATTRIBUTES_EX_FN QUERY_CREDENTIALS_ATTRIBUTES_EX_FN_A
#define SET_CREDENTIALS_ATTRIBUTES_FN      SET_CREDENTIALS_ATTRIBUTES_FN_A
#define INITIALIZE_SECURITY_CONTEXT_FN     INITIALIZE_SECURITY_CONTEXT_FN_A
#define QUERY_CONTEXT_ATTRIBUTES_FN        QUERY_CONTEXT_ATTRIBUTES_FN_A
#define QUERY_CONTEXT_ATTRIBUTES_EX_FN     QUERY_CONTEXT_ATTRIBUTES_EX_FN_A
#define SET_CONTEXT_ATTRIBUTES_FN          SET_CONTEXT_ATTRIBUTES_FN_A
#define IMPORT_SECURITY_CONTEXT_FN         IMPORT_SECURITY_CONTEXT_FN_A
#define CHANGE_PASSWORD_FN                 CHANGE_PASSWORD_FN_A
#define INIT_SECURITY_INTERFACE            INIT_SECURITY_INTERFACE_A
#define PSecPkgContext_Names               PSecPkgContext_NamesA
#define PSecPkgContext_NativeNames         PSecPkgContext_NativeNamesA
#define PSecPkgContext_KeyInfo             PSecPkgContext_KeyInfoA
#define PSecPkgContext_Authority           PSecPkgContext_AuthorityA
#define PSecPkgContext_PackageInfo         PSecPkgContext_PackageInfoA
#define PSecPkgContext_NegotiationInfo     PSecPkgContext_NegotiationInfoA
#define SecPkgContext_ProtoInfo            SecPkgContext_ProtoInfoA
#define SecPkgContext_CredentialName       SecPkgContext_CredentialNameA
#define PSecPkgContext_ProtoInfo           PSecPkgContext_ProtoInfoA
#define PSecPkgContext_CredentialName      PSecPkgContext_CredentialNameA
#define PSecPkgCredentials_Names           PSecPkgCredentials_NamesA
#define SecPkgCredentials_SSIProvider      SecPkgCredentials_SSIProviderA
#define PSecPkgCredentials_SSIProvider     PSecPkgCredentials_SSIProviderA
#define SECURITY_ENTRYPOINT                SECURITY_ENTRYPOINTA
#define SECURITY_ENTRYPOINT_ANSI           SECURITY_ENTRYPOINT_ANSIA
#endif
#endif /* SSPI_ASYNC_NO_PLAIN_NAMES */

/** ---- Function tables ------------------------------------------------------------
 *
 * What InitSecurityInterfaceA/W return. Plain names reach the members too, as on Windows.
 * Reserved3 and Reserved4 are EncryptMessage and DecryptMessage, which had these places
 * before they had names; Reserved2 and Reserved8 are NULL. The table is constant and lives for
 * ever. It says version 1, as that of Windows does, and has the members of all versions.
 */
#define SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION   1 /* through DecryptMessage */
#define SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION_2 2 /* SetContextAttributes */
#define SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION_3 3 /* SetCredentialsAttributes */
#define SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION_4 4 /* ChangeAccountPassword */
#define SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION_5 5 /* QueryContextAttributesEx */

typedef SECURITY_STATUS (*FREE_CREDENTIALS_HANDLE_FN)(PCredHandle);
typedef SECURITY_STATUS (*ACCEPT_SECURITY_CONTEXT_FN)(PCredHandle, PCtxtHandle, PSecBufferDesc,
                                                      uint32_t, uint32_t, PCtxtHandle,
                                                      PSecBufferDesc, uint32_t *, PTimeStamp);
typedef SECURITY_STATUS (*COMPLETE_AUTH_TOKEN_FN)(PCtxtHandle, PSecBufferDesc);
typedef SECURITY_STATUS (*APPLY_CONTROL_TOKEN_FN)(PCtxtHandle, PSecBufferDesc);
typedef SECURITY_STATUS (*DELETE_SECURITY_CONTEXT_FN)(PCtxtHandle);
typedef SECURITY_STATUS (*IMPERSONATE_SECURITY_CONTEXT_FN)(PCtxtHandle);
typedef SECURITY_STATUS (*REVERT_SECURITY_CONTEXT_FN)(PCtxtHandle);
typedef SECURITY_STATUS (*QUERY_SECURITY_CONTEXT_TOKEN_FN)(PCtxtHandle, void **);
typedef SECURITY_STATUS (*MAKE_SIGNATURE_FN)(PCtxtHandle, uint32_t, PSecBufferDesc, uint32_t);
typedef SECURITY_STATUS (*VERIFY_SIGNATURE_FN)(PCtxtHandle, PSecBufferDesc, uint32_t,
                                               uint32_t *);
typedef SECURITY_STATUS (*ENCRYPT_MESSAGE_FN)(PCtxtHandle, uint32_t, PSecBufferDesc, uint32_t);
typedef SECURITY_STATUS (*DECRYPT_MESSAGE_FN)(PCtxtHandle, PSecBufferDesc, uint32_t,
                                              uint32_t *);
typedef SECURITY_STATUS (*EXPORT_SECURITY_CONTEXT_FN)(PCtxtHandle, uint32_t, PSecBuffer,
                                                      void **);
typedef SECURITY_STATUS (*FREE_CONTEXT_BUFFER_FN)(void *);

typedef SECURITY_STATUS (*ENUMERATE_SECURITY_PACKAGES_FN_A)(uint32_t *, PSecPkgInfoA *);
typedef SECURITY_STATUS (*QUERY_SECURITY_PACKAGE_INFO_FN_A)(const SEC_CHAR *, PSecPkgInfoA *);
typedef SECURITY_STATUS (*ACQUIRE_CREDENTIALS_HANDLE_FN_A)(const SEC_CHAR *, const SEC_CHAR *,
                                                           uint32_t, void *, void *,
                                                           SEC_GET_KEY_FN, void *, PCredHandle,
                                                           PTimeStamp);
typedef SECURITY_STATUS (*ADD_CREDENTIALS_FN_A)(PCredHandle, const SEC_CHAR *, const SEC_CHAR *,
                                                uint32_t, void *, SEC_GET_KEY_FN, void *,
                                                PTimeStamp);
typedef SECURITY_STATUS (*QUERY_CREDENTIALS_ATTRIBUTES_FN_A)(PCredHandle, uint32_t, void *);
typedef SECURITY_STATUS (*QUERY_CREDENTIALS_ATTRIBUTES_EX_FN_A)(PCredHandle, uint32_t, void *,
                                                                uint32_t);
typedef SECURITY_STATUS (*SET_CREDENTIALS_ATTRIBUTES_FN_A)(PCredHandle, uint32_t, void *,
                                                           uint32_t);
typedef SECURITY_STATUS (*INITIALIZE_SECURITY_CONTEXT_FN_A)(
    PCredHandle, PCtxtHandle, const SEC_CHAR *, uint32_t, uint32_t, uint32_t, PSecBufferDesc,
    uint32_t, PCtxtHandle, PSecBufferDesc, uint32_t *, PTimeStamp);
typedef SECURITY_STATUS (*QUERY_CONTEXT_ATTRIBUTES_FN_A)(PCtxtHandle, uint32_t, void *);
typedef SECURITY_STATUS (*QUERY_CONTEXT_ATTRIBUTES_EX_FN_A)(PCtxtHandle, uint32_t, void *,
                                                            uint32_t);
typedef SECURITY_STATUS (*SET_CONTEXT_ATTRIBUTES_FN_A)(PCtxtHandle, uint32_t, void *, uint32_t);
typedef SECURITY_STATUS (*IMPORT_SECURITY_CONTEXT_FN_A)(const SEC_CHAR *, PSecBuffer, void *,
                                                        PCtxtHandle);
typedef SECURITY_STATUS (*CHANGE_PASSWORD_FN_A)(const SEC_CHAR *, const SEC_CHAR *,
                                                const SEC_CHAR *, const SEC_CHAR *,
                                                const SEC_CHAR *, BOOLEAN, uint32_t,
                                                PSecBufferDesc);

typedef SECURITY_STATUS (*ENUMERATE_SECURITY_PACKAGES_FN_W)(uint32_t *, PSecPkgInfoW *);
typedef SECURITY_STATUS (*QUERY_SECURITY_PACKAGE_INFO_FN_W)(const SEC_WCHAR *, PSecPkgInfoW *);
typedef SECURITY_STATUS (*ACQUIRE_CREDENTIALS_HANDLE_FN_W)(const SEC_WCHAR *, const SEC_WCHAR *,
                                                           uint32_t, void *, void *,
                                                           SEC_GET_KEY_FN, void *, PCredHandle,
                                                           PTimeStamp);
typedef SECURITY_STATUS (*ADD_CREDENTIALS_FN_W)(PCredHandle, const SEC_WCHAR *,
                                                const SEC_WCHAR *, uint32_t, void *,
                                                SEC_GET_KEY_FN, void *, PTimeStamp);
typedef SECURITY_STATUS (*QUERY_CREDENTIALS_ATTRIBUTES_FN_W)(PCredHandle, uint32_t, void *);
typedef SECURITY_STATUS (*QUERY_CREDENTIALS_ATTRIBUTES_EX_FN_W)(PCredHandle, uint32_t, void *,
                                                                uint32_t);
typedef SECURITY_STATUS (*SET_CREDENTIALS_ATTRIBUTES_FN_W)(PCredHandle, uint32_t, void *,
                                                           uint32_t);
typedef SECURITY_STATUS (*INITIALIZE_SECURITY_CONTEXT_FN_W)(
    PCredHandle, PCtxtHandle, const SEC_WCHAR *, uint32_t, uint32_t, uint32_t, PSecBufferDesc,
    uint32_t, PCtxtHandle, PSecBufferDesc, uint32_t *, PTimeStamp);
typedef SECURITY_STATUS (*QUERY_CONTEXT_ATTRIBUTES_FN_W)(PCtxtHandle, uint32_t, void *);
typedef SECURITY_STATUS (*QUERY_CONTEXT_ATTRIBUTES_EX_FN_W)(PCtxtHandle, uint32_t, void *,
                                                            uint32_t);
typedef SECURITY_STATUS (*SET_CONTEXT_ATTRIBUTES_FN_W)(PCtxtHandle, uint32_t, void *, uint32_t);
typedef SECURITY_STATUS (*IMPORT_SECURITY_CONTEXT_FN_W)(const SEC_WCHAR *, PSecBuffer, void *,
                                                        PCtxtHandle);
typedef SECURITY_STATUS (*CHANGE_PASSWORD_FN_W)(const SEC_WCHAR *, const SEC_WCHAR *,
                                                const SEC_WCHAR *, const SEC_WCHAR *,
                                                const SEC_WCHAR *, BOOLEAN, uint32_t,
                                                PSecBufferDesc);

typedef struct _SECURITY_FUNCTION_TABLE_A {
    uint32_t dwVersion; /* SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION */
    ENUMERATE_SECURITY_PACKAGES_FN_A EnumerateSecurityPackagesA;
    QUERY_CREDENTIALS_ATTRIBUTES_FN_A QueryCredentialsAttributesA;
    ACQUIRE_CREDENTIALS_HANDLE_FN_A AcquireCredentialsHandleA;
    FREE_CREDENTIALS_HANDLE_FN FreeCredentialsHandle;
    void *Reserved2;
    INITIALIZE_SECURITY_CONTEXT_FN_A InitializeSecurityContextA;
    ACCEPT_SECURITY_CONTEXT_FN AcceptSecurityContext;
    COMPLETE_AUTH_TOKEN_FN CompleteAuthToken;
    DELETE_SECURITY_CONTEXT_FN DeleteSecurityContext;
    APPLY_CONTROL_TOKEN_FN ApplyControlToken;
    QUERY_CONTEXT_ATTRIBUTES_FN_A QueryContextAttributesA;
    IMPERSONATE_SECURITY_CONTEXT_FN ImpersonateSecurityContext;
    REVERT_SECURITY_CONTEXT_FN RevertSecurityContext;
    MAKE_SIGNATURE_FN MakeSignature;
    VERIFY_SIGNATURE_FN VerifySignature;
    FREE_CONTEXT_BUFFER_FN FreeContextBuffer;
    QUERY_SECURITY_PACKAGE_INFO_FN_A QuerySecurityPackageInfoA;
    void *Reserved3;
    void *Reserved4;
    EXPORT_SECURITY_CONTEXT_FN ExportSecurityContext;
    IMPORT_SECURITY_CONTEXT_FN_A ImportSecurityContextA;
    ADD_CREDENTIALS_FN_A AddCredentialsA;
    void *Reserved8;
    QUERY_SECURITY_CONTEXT_TOKEN_FN QuerySecurityContextToken;
    ENCRYPT_MESSAGE_FN EncryptMessage;
    DECRYPT_MESSAGE_FN DecryptMessage;
    SET_CONTEXT_ATTRIBUTES_FN_A SetContextAttributesA;
    SET_CREDENTIALS_ATTRIBUTES_FN_A SetCredentialsAttributesA;
    CHANGE_PASSWORD_FN_A ChangeAccountPasswordA;
    QUERY_CONTEXT_ATTRIBUTES_EX_FN_A QueryContextAttributesExA;
    QUERY_CREDENTIALS_ATTRIBUTES_EX_FN_A QueryCredentialsAttributesExA;
} SecurityFunctionTableA, *PSecurityFunctionTableA;

typedef struct _SECURITY_FUNCTION_TABLE_W {
    uint32_t dwVersion; /* SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION */
    ENUMERATE_SECURITY_PACKAGES_FN_W EnumerateSecurityPackagesW;
    QUERY_CREDENTIALS_ATTRIBUTES_FN_W QueryCredentialsAttributesW;
    ACQUIRE_CREDENTIALS_HANDLE_FN_W AcquireCredentialsHandleW;
    FREE_CREDENTIALS_HANDLE_FN FreeCredentialsHandle;
    void *Reserved2;
    INITIALIZE_SECURITY_CONTEXT_FN_W InitializeSecurityContextW;
    ACCEPT_SECURITY_CONTEXT_FN AcceptSecurityContext;
    COMPLETE_AUTH_TOKEN_FN CompleteAuthToken;
    DELETE_SECURITY_CONTEXT_FN DeleteSecurityContext;
    APPLY_CONTROL_TOKEN_FN ApplyControlToken;
    QUERY_CONTEXT_ATTRIBUTES_FN_W QueryContextAttributesW;
    IMPERSONATE_SECURITY_CONTEXT_FN ImpersonateSecurityContext;
    REVERT_SECURITY_CONTEXT_FN RevertSecurityContext;
    MAKE_SIGNATURE_FN MakeSignature;
    VERIFY_SIGNATURE_FN VerifySignature;
    FREE_CONTEXT_BUFFER_FN FreeContextBuffer;
    QUERY_SECURITY_PACKAGE_INFO_FN_W QuerySecurityPackageInfoW;
    void *Reserved3;
    void *Reserved4;
    EXPORT_SECURITY_CONTEXT_FN ExportSecurityContext;
    IMPORT_SECURITY_CONTEXT_FN_W ImportSecurityContextW;
    ADD_CREDENTIALS_FN_W AddCredentialsW;
    void *Reserved8;
    QUERY_SECURITY_CONTEXT_TOKEN_FN QuerySecurityContextToken;
    ENCRYPT_MESSAGE_FN EncryptMessage;
    DECRYPT_MESSAGE_FN DecryptMessage;
    SET_CONTEXT_ATTRIBUTES_FN_W SetContextAttributesW;
    SET_CREDENTIALS_ATTRIBUTES_FN_W SetCredentialsAttributesW;
    CHANGE_PASSWORD_FN_W ChangeAccountPasswordW;
    QUERY_CONTEXT_ATTRIBUTES_EX_FN_W QueryContextAttributesExW;
    QUERY_CREDENTIALS_ATTRIBUTES_EX_FN_W QueryCredentialsAttributesExW;
} SecurityFunctionTableW, *PSecurityFunctionTableW;

typedef PSecurityFunctionTableA (*INIT_SECURITY_INTERFACE_A)(void);
typedef PSecurityFunctionTableW (*INIT_SECURITY_INTERFACE_W)(void);

SSPI_ASYNC_API PSecurityFunctionTableA sspia_InitSecurityInterfaceA(void);
SSPI_ASYNC_API PSecurityFunctionTableW sspia_InitSecurityInterfaceW(void);

/** What programs look up at run time, in libsspi-async-compat.so. */
#define SECURITY_ENTRYPOINT_ANSIW "InitSecurityInterfaceW"
#define SECURITY_ENTRYPOINT_ANSIA "InitSecurityInterfaceA"
#define SECURITY_ENTRYPOINTW      SEC_TEXT("InitSecurityInterfaceW")
#define SECURITY_ENTRYPOINTA      SEC_TEXT("InitSecurityInterfaceA")
#define SECURITY_ENTRYPOINT16     "INITSECURITYINTERFACEA"

#ifdef __cplusplus
}
#endif

#endif
