/* SPDX-License-Identifier: MIT */
/*
 * sspi_identity.h - who to log on: the structures that AcquireCredentialsHandle takes as
 * pAuthData, and the functions that make them and take them apart. Included by sspi.h.
 *
 * Three shapes. SEC_WINNT_AUTH_IDENTITY and _EX hold pointers to strings.
 * SEC_WINNT_AUTH_IDENTITY_EX2 holds everything in one block, by offsets, and its secret is a
 * credential of some type: a password or, for an acceptor of Kerberos, the content of a
 * keytab. A PSEC_WINNT_AUTH_IDENTITY_OPAQUE points to any of them.
 *
 * Of an EX2 no more is read than cbStructureLength says, and what does not lie within is
 * refused; that there are as many bytes is the caller's word. Of an untrusted buffer, whose
 * size is known, SspiUnmarshalAuthIdentity makes a structure that has that size.
 *
 * Source: MS-docs sspi.h, SEC_WINNT_AUTH_*, Sspi*AuthIdentity*.
 */
#ifndef SSPI_ASYNC_SSPI_IDENTITY_H
#define SSPI_ASYNC_SSPI_IDENTITY_H

#include "sspi_types.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Lengths count characters (bytes of UTF-8, code units of UTF-16) without the final
 * zero. Flags says which of the two the strings are; it must have exactly one of
 * SEC_WINNT_AUTH_IDENTITY_ANSI and SEC_WINNT_AUTH_IDENTITY_UNICODE. */
typedef struct _SEC_WINNT_AUTH_IDENTITY_A {
    unsigned char *User;
    uint32_t UserLength;
    unsigned char *Domain;
    uint32_t DomainLength;
    unsigned char *Password;
    uint32_t PasswordLength;
    uint32_t Flags;
} SEC_WINNT_AUTH_IDENTITY_A, *PSEC_WINNT_AUTH_IDENTITY_A;

typedef struct _SEC_WINNT_AUTH_IDENTITY_W {
    WCHAR *User;
    uint32_t UserLength;
    WCHAR *Domain;
    uint32_t DomainLength;
    WCHAR *Password;
    uint32_t PasswordLength;
    uint32_t Flags;
} SEC_WINNT_AUTH_IDENTITY_W, *PSEC_WINNT_AUTH_IDENTITY_W;

/** The same with the packages that Negotiate may choose from: a comma-separated list of
 * package names; a name behind '!' is excluded ("!ntlm"). */
typedef struct _SEC_WINNT_AUTH_IDENTITY_EXA {
    uint32_t Version; /* SEC_WINNT_AUTH_IDENTITY_VERSION */
    uint32_t Length;  /* sizeof of this structure */
    unsigned char *User;
    uint32_t UserLength;
    unsigned char *Domain;
    uint32_t DomainLength;
    unsigned char *Password;
    uint32_t PasswordLength;
    uint32_t Flags;
    unsigned char *PackageList;
    uint32_t PackageListLength;
} SEC_WINNT_AUTH_IDENTITY_EXA, *PSEC_WINNT_AUTH_IDENTITY_EXA;

typedef struct _SEC_WINNT_AUTH_IDENTITY_EXW {
    uint32_t Version;
    uint32_t Length;
    WCHAR *User;
    uint32_t UserLength;
    WCHAR *Domain;
    uint32_t DomainLength;
    WCHAR *Password;
    uint32_t PasswordLength;
    uint32_t Flags;
    WCHAR *PackageList;
    uint32_t PackageListLength;
} SEC_WINNT_AUTH_IDENTITY_EXW, *PSEC_WINNT_AUTH_IDENTITY_EXW;

/** All in one block. Lengths are bytes, strings UTF-16 without a final zero; offsets count
 * from the start of the structure. A length of 0: there is none. */
typedef struct _SEC_WINNT_AUTH_IDENTITY_EX2 {
    uint32_t Version;           /* SEC_WINNT_AUTH_IDENTITY_VERSION_2 */
    uint16_t cbHeaderLength;    /* sizeof of this structure */
    uint32_t cbStructureLength; /* with all that follows */
    uint32_t UserOffset;
    uint16_t UserLength;
    uint32_t DomainOffset;
    uint16_t DomainLength;
    uint32_t PackedCredentialsOffset; /* SEC_WINNT_AUTH_PACKED_CREDENTIALS */
    uint16_t PackedCredentialsLength;
    uint32_t Flags;
    uint32_t PackageListOffset;
    uint16_t PackageListLength;
} SEC_WINNT_AUTH_IDENTITY_EX2, *PSEC_WINNT_AUTH_IDENTITY_EX2;

typedef union _SEC_WINNT_AUTH_IDENTITY_INFO {
    SEC_WINNT_AUTH_IDENTITY_EXW AuthIdExw;
    SEC_WINNT_AUTH_IDENTITY_EXA AuthIdExa;
    SEC_WINNT_AUTH_IDENTITY_A AuthId_a;
    SEC_WINNT_AUTH_IDENTITY_W AuthId_w;
    SEC_WINNT_AUTH_IDENTITY_EX2 AuthIdEx2;
} SEC_WINNT_AUTH_IDENTITY_INFO, *PSEC_WINNT_AUTH_IDENTITY_INFO;

typedef void *PSEC_WINNT_AUTH_IDENTITY_OPAQUE;

#define SEC_WINNT_AUTH_IDENTITY_VERSION                 0x200u
#define SEC_WINNT_AUTH_IDENTITY_VERSION_2               0x201u
#define SEC_WINNT_AUTH_IDENTITY_ANSI                    0x1u
#define SEC_WINNT_AUTH_IDENTITY_UNICODE                 0x2u
#define SEC_WINNT_AUTH_IDENTITY_MARSHALLED              0x4u
#define SEC_WINNT_AUTH_IDENTITY_ONLY                    0x8u
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED 0x10u
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_PROTECTED  0x20u
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_USER_PROTECTED    0x40u
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_ENCRYPTED  0x80u
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_RESERVED          0x10000u
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_NULL_USER         0x20000u
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_NULL_DOMAIN       0x40000u
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_ID_PROVIDER       0x80000u

/** ---- Packed credentials ------------------------------------------------------------
 *
 * As on Windows, programs define _SEC_WINNT_AUTH_TYPES before the #include to have them.
 * Offsets count from the start of the structure that they stand in, lengths are bytes.
 *
 *   PASSWORD  CredData is a SEC_WINNT_AUTH_DATA_PASSWORD; the password is UTF-16
 *   KEYTAB    CredData is the content of a keytab file; acceptors of Kerberos, or initiators
 *             in place of a password
 *
 * Other types are refused (SEC_E_UNSUPPORTED_FUNCTION).
 */
#ifdef _SEC_WINNT_AUTH_TYPES

#if !defined(GUID_DEFINED) && !defined(WINPR_WTYPES_H)
#define GUID_DEFINED
typedef struct _GUID {
    uint32_t Data1;
    uint16_t Data2;
    uint16_t Data3;
    uint8_t Data4[8];
} GUID;
#endif

typedef struct _SEC_WINNT_AUTH_BYTE_VECTOR {
    uint32_t ByteArrayOffset;
    uint16_t ByteArrayLength;
} SEC_WINNT_AUTH_BYTE_VECTOR, *PSEC_WINNT_AUTH_BYTE_VECTOR;

typedef struct _SEC_WINNT_AUTH_SHORT_VECTOR {
    uint32_t ShortArrayOffset;
    uint16_t ShortArrayCount;
} SEC_WINNT_AUTH_SHORT_VECTOR, *PSEC_WINNT_AUTH_SHORT_VECTOR;

typedef struct _SEC_WINNT_AUTH_DATA {
    GUID CredType; /* SEC_WINNT_AUTH_DATA_TYPE_* */
    SEC_WINNT_AUTH_BYTE_VECTOR CredData;
} SEC_WINNT_AUTH_DATA, *PSEC_WINNT_AUTH_DATA;

typedef struct _SEC_WINNT_AUTH_PACKED_CREDENTIALS {
    uint16_t cbHeaderLength;    /* sizeof of this structure */
    uint16_t cbStructureLength; /* with all that follows */
    SEC_WINNT_AUTH_DATA AuthData;
} SEC_WINNT_AUTH_PACKED_CREDENTIALS, *PSEC_WINNT_AUTH_PACKED_CREDENTIALS;

typedef struct _SEC_WINNT_AUTH_DATA_PASSWORD {
    SEC_WINNT_AUTH_BYTE_VECTOR UnicodePassword;
} SEC_WINNT_AUTH_DATA_PASSWORD, *PSEC_WINNT_AUTH_DATA_PASSWORD;

#if defined(__GNUC__)
#define SSPI_ASYNC_CONSTANT static const __attribute__((unused))
#else
#define SSPI_ASYNC_CONSTANT static const
#endif
SSPI_ASYNC_CONSTANT GUID SEC_WINNT_AUTH_DATA_TYPE_PASSWORD = {
    0x28bfc32f, 0x10f6, 0x4738, {0x98, 0xd1, 0x1a, 0xc0, 0x61, 0xdf, 0x71, 0x6a}};
SSPI_ASYNC_CONSTANT GUID SEC_WINNT_AUTH_DATA_TYPE_KEYTAB = {
    0xd587aae8, 0xf78f, 0x4455, {0xa1, 0x12, 0xc9, 0x34, 0xbe, 0xee, 0x7c, 0xe1}};
SSPI_ASYNC_CONSTANT GUID SEC_WINNT_AUTH_DATA_TYPE_CERT = {
    0x235f69ad, 0x73fb, 0x4dbc, {0x82, 0x03, 0x06, 0x29, 0xe7, 0x39, 0x33, 0x9b}};
#endif /* _SEC_WINNT_AUTH_TYPES */

/** ---- Functions ----------------------------------------------------------------------
 *
 * None of them blocks. What they give out is the caller's, one block each, and is wiped when
 * SspiFreeAuthIdentity, SspiLocalFree or FreeContextBuffer frees it: all three are one. They
 * make EX2 structures, whatever shape they read. Outputs are written on success only.
 *
 * Errors: SEC_E_INVALID_PARAMETER (NULL where there must be something; not such a structure;
 * an offset or a length that leads out of it, an odd number of bytes of UTF-16; malformed
 * strings), SEC_E_UNSUPPORTED_FUNCTION (encrypted, or a credential of another type),
 * SEC_E_INSUFFICIENT_MEMORY. The message says which.
 */

/** Makes one of a user, a domain and a password; each may be NULL. */
SSPI_ASYNC_API SECURITY_STATUS sspia_SspiEncodeStringsAsAuthIdentity(
    PCWSTR pszUserName, PCWSTR pszDomainName, PCWSTR pszPackedCredentialsString,
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE *ppAuthIdentity);

/** The way back; the third string is the password. What is not there gives NULL. A keytab has
 * no form as a string: SEC_E_UNSUPPORTED_FUNCTION. */
SSPI_ASYNC_API SECURITY_STATUS sspia_SspiEncodeAuthIdentityAsStrings(
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE pAuthIdentity, PCWSTR *ppszUserName, PCWSTR *ppszDomainName,
    PCWSTR *ppszPackedCredentialsString);

/** SEC_E_OK if AcquireCredentialsHandle would take it. */
SSPI_ASYNC_API SECURITY_STATUS
sspia_SspiValidateAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData);

SSPI_ASYNC_API SECURITY_STATUS sspia_SspiCopyAuthIdentity(
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData, PSEC_WINNT_AUTH_IDENTITY_OPAQUE *AuthDataCopy);

/** *SameSuppliedUser: user and domain are the same (ASCII letters of either case are);
 * *SameSuppliedIdentity: the password or keytab is, too. Each may be NULL. */
SSPI_ASYNC_API SECURITY_STATUS
sspia_SspiCompareAuthIdentities(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity1,
                                PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity2,
                                BOOLEAN *SameSuppliedUser, BOOLEAN *SameSuppliedIdentity);

/** A copy that Negotiate uses without that package, whatever else its list says. */
SSPI_ASYNC_API SECURITY_STATUS
sspia_SspiExcludePackage(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity, PCWSTR pszPackageName,
                         PSEC_WINNT_AUTH_IDENTITY_OPAQUE *ppNewAuthIdentity);

/** The host of a target: service/host, with :port and /name behind it or not, or a host alone.
 * Nothing is looked up. *pszHostName is freed with SspiLocalFree. */
SSPI_ASYNC_API SECURITY_STATUS sspia_SspiGetTargetHostName(PCWSTR pszTargetName,
                                                           PWSTR *pszHostName);

/** Flat bytes and back. *AuthIdentityByteArray is freed as the others are. Unmarshal reads no
 * more than AuthIdentityLength bytes, whatever they say. */
SSPI_ASYNC_API SECURITY_STATUS
sspia_SspiMarshalAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity,
                              uint32_t *AuthIdentityLength, char **AuthIdentityByteArray);
SSPI_ASYNC_API SECURITY_STATUS
sspia_SspiUnmarshalAuthIdentity(uint32_t AuthIdentityLength, char *AuthIdentityByteArray,
                                PSEC_WINNT_AUTH_IDENTITY_OPAQUE *ppAuthIdentity);

/** What a program would look for in the credential manager of Windows, and would store there:
 * type CRED_TYPE_DOMAIN_PASSWORD (2); the target as it was given or, if it is NULL, the user's
 * name; "DOMAIN\user"; the password in UTF-16 without a zero. There is no such manager here:
 * they are for programs that have a store of their own behind CredRead and CredWrite.
 * SEC_E_UNSUPPORTED_FUNCTION for a keytab. */
SSPI_ASYNC_API SECURITY_STATUS
sspia_SspiPrepareForCredRead(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity, PCWSTR pszTargetName,
                             uint32_t *pCredmanCredentialType, PCWSTR *ppszCredmanTargetName);
SSPI_ASYNC_API SECURITY_STATUS sspia_SspiPrepareForCredWrite(
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity, PCWSTR pszTargetName,
    uint32_t *pCredmanCredentialType, PCWSTR *ppszCredmanTargetName,
    PCWSTR *ppszCredmanUserName, PUCHAR *ppCredentialBlob, uint32_t *pCredentialBlobSize);

/** Wipes an EX2 as a whole; of the other shapes the strings, and their lengths become 0 (the
 * pointers stay, for whoever frees the strings). What is malformed is left alone. */
SSPI_ASYNC_API void sspia_SspiZeroAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData);

/** NULL, and what the library did not give out, are left alone. */
SSPI_ASYNC_API void sspia_SspiFreeAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData);
SSPI_ASYNC_API void sspia_SspiLocalFree(PVOID DataBuffer);

#ifndef SSPI_ASYNC_NO_PLAIN_NAMES
#define SspiEncodeStringsAsAuthIdentity sspia_SspiEncodeStringsAsAuthIdentity
#define SspiEncodeAuthIdentityAsStrings sspia_SspiEncodeAuthIdentityAsStrings
#define SspiValidateAuthIdentity        sspia_SspiValidateAuthIdentity
#define SspiCopyAuthIdentity            sspia_SspiCopyAuthIdentity
#define SspiCompareAuthIdentities       sspia_SspiCompareAuthIdentities
#define SspiExcludePackage              sspia_SspiExcludePackage
#define SspiGetTargetHostName           sspia_SspiGetTargetHostName
#define SspiMarshalAuthIdentity         sspia_SspiMarshalAuthIdentity
#define SspiUnmarshalAuthIdentity       sspia_SspiUnmarshalAuthIdentity
#define SspiPrepareForCredRead          sspia_SspiPrepareForCredRead
#define SspiPrepareForCredWrite         sspia_SspiPrepareForCredWrite
#define SspiZeroAuthIdentity            sspia_SspiZeroAuthIdentity
#define SspiFreeAuthIdentity            sspia_SspiFreeAuthIdentity
#define SspiLocalFree                   sspia_SspiLocalFree
#ifdef UNICODE
#define SEC_WINNT_AUTH_IDENTITY     SEC_WINNT_AUTH_IDENTITY_W
#define PSEC_WINNT_AUTH_IDENTITY    PSEC_WINNT_AUTH_IDENTITY_W
#define SEC_WINNT_AUTH_IDENTITY_EX  SEC_WINNT_AUTH_IDENTITY_EXW
#define PSEC_WINNT_AUTH_IDENTITY_EX PSEC_WINNT_AUTH_IDENTITY_EXW
#else
#define SEC_WINNT_AUTH_IDENTITY     SEC_WINNT_AUTH_IDENTITY_A
#define PSEC_WINNT_AUTH_IDENTITY    PSEC_WINNT_AUTH_IDENTITY_A
#define SEC_WINNT_AUTH_IDENTITY_EX  SEC_WINNT_AUTH_IDENTITY_EXA
#define PSEC_WINNT_AUTH_IDENTITY_EX PSEC_WINNT_AUTH_IDENTITY_EXA
#endif
#endif

#ifdef __cplusplus
}
#endif

#endif
