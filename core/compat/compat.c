/* SPDX-License-Identifier: MIT */
/*
 * compat.c - the plain names of the synchronous calls, for programs that look them up at
 * run time or were linked against them.
 *
 * A library of its own, because other libraries export these names too and the first one
 * on the link line wins: whoever loads this one has asked for it. Every function only
 * forwards; handles and memory are the same by both names.
 */
#ifndef SSPI_ASYNC_NO_PLAIN_NAMES
#define SSPI_ASYNC_NO_PLAIN_NAMES
#endif
#include "sspi.h"

/* __typeof__ declares the plain name with the type of what it forwards to: a parameter list
 * below that strays from the header does not compile. */
#define FORWARD(result, name, parameters, arguments)                                           \
    SSPI_ASYNC_API __typeof__(sspia_##name) name;                                              \
    result name parameters                                                                     \
    {                                                                                          \
        return sspia_##name arguments;                                                         \
    }

FORWARD(SECURITY_STATUS, EnumerateSecurityPackagesA,
        (uint32_t * pcPackages, PSecPkgInfoA *ppPackageInfo), (pcPackages, ppPackageInfo))

FORWARD(SECURITY_STATUS, EnumerateSecurityPackagesW,
        (uint32_t * pcPackages, PSecPkgInfoW *ppPackageInfo), (pcPackages, ppPackageInfo))

FORWARD(SECURITY_STATUS, QuerySecurityPackageInfoA,
        (const SEC_CHAR *pszPackageName, PSecPkgInfoA *ppPackageInfo),
        (pszPackageName, ppPackageInfo))

FORWARD(SECURITY_STATUS, QuerySecurityPackageInfoW,
        (const SEC_WCHAR *pszPackageName, PSecPkgInfoW *ppPackageInfo),
        (pszPackageName, ppPackageInfo))

FORWARD(SECURITY_STATUS, AddSecurityPackageA,
        (const SEC_CHAR *pszPackageName, PSECURITY_PACKAGE_OPTIONS pOptions),
        (pszPackageName, pOptions))

FORWARD(SECURITY_STATUS, AddSecurityPackageW,
        (const SEC_WCHAR *pszPackageName, PSECURITY_PACKAGE_OPTIONS pOptions),
        (pszPackageName, pOptions))

FORWARD(SECURITY_STATUS, DeleteSecurityPackageA, (const SEC_CHAR *pszPackageName),
        (pszPackageName))

FORWARD(SECURITY_STATUS, DeleteSecurityPackageW, (const SEC_WCHAR *pszPackageName),
        (pszPackageName))

FORWARD(SECURITY_STATUS, AcquireCredentialsHandleA,
        (const SEC_CHAR *pszPrincipal, const SEC_CHAR *pszPackage, uint32_t fCredentialUse,
         void *pvLogonId, void *pAuthData, SEC_GET_KEY_FN pGetKeyFn, void *pvGetKeyArgument,
         PCredHandle phCredential, PTimeStamp ptsExpiry),
        (pszPrincipal, pszPackage, fCredentialUse, pvLogonId, pAuthData, pGetKeyFn,
         pvGetKeyArgument, phCredential, ptsExpiry))

FORWARD(SECURITY_STATUS, AcquireCredentialsHandleW,
        (const SEC_WCHAR *pszPrincipal, const SEC_WCHAR *pszPackage, uint32_t fCredentialUse,
         void *pvLogonId, void *pAuthData, SEC_GET_KEY_FN pGetKeyFn, void *pvGetKeyArgument,
         PCredHandle phCredential, PTimeStamp ptsExpiry),
        (pszPrincipal, pszPackage, fCredentialUse, pvLogonId, pAuthData, pGetKeyFn,
         pvGetKeyArgument, phCredential, ptsExpiry))

FORWARD(SECURITY_STATUS, AddCredentialsA,
        (PCredHandle phCredential, const SEC_CHAR *pszPrincipal, const SEC_CHAR *pszPackage,
         uint32_t fCredentialUse, void *pAuthData, SEC_GET_KEY_FN pGetKeyFn,
         void *pvGetKeyArgument, PTimeStamp ptsExpiry),
        (phCredential, pszPrincipal, pszPackage, fCredentialUse, pAuthData, pGetKeyFn,
         pvGetKeyArgument, ptsExpiry))

FORWARD(SECURITY_STATUS, AddCredentialsW,
        (PCredHandle phCredential, const SEC_WCHAR *pszPrincipal, const SEC_WCHAR *pszPackage,
         uint32_t fCredentialUse, void *pAuthData, SEC_GET_KEY_FN pGetKeyFn,
         void *pvGetKeyArgument, PTimeStamp ptsExpiry),
        (phCredential, pszPrincipal, pszPackage, fCredentialUse, pAuthData, pGetKeyFn,
         pvGetKeyArgument, ptsExpiry))

FORWARD(SECURITY_STATUS, FreeCredentialsHandle, (PCredHandle phCredential), (phCredential))

FORWARD(SECURITY_STATUS, QueryCredentialsAttributesA,
        (PCredHandle phCredential, uint32_t ulAttribute, void *pBuffer),
        (phCredential, ulAttribute, pBuffer))

FORWARD(SECURITY_STATUS, QueryCredentialsAttributesW,
        (PCredHandle phCredential, uint32_t ulAttribute, void *pBuffer),
        (phCredential, ulAttribute, pBuffer))

FORWARD(SECURITY_STATUS, QueryCredentialsAttributesExA,
        (PCredHandle phCredential, uint32_t ulAttribute, void *pBuffer, uint32_t cbBuffer),
        (phCredential, ulAttribute, pBuffer, cbBuffer))

FORWARD(SECURITY_STATUS, QueryCredentialsAttributesExW,
        (PCredHandle phCredential, uint32_t ulAttribute, void *pBuffer, uint32_t cbBuffer),
        (phCredential, ulAttribute, pBuffer, cbBuffer))

FORWARD(SECURITY_STATUS, SetCredentialsAttributesA,
        (PCredHandle phCredential, uint32_t ulAttribute, void *pBuffer, uint32_t cbBuffer),
        (phCredential, ulAttribute, pBuffer, cbBuffer))

FORWARD(SECURITY_STATUS, SetCredentialsAttributesW,
        (PCredHandle phCredential, uint32_t ulAttribute, void *pBuffer, uint32_t cbBuffer),
        (phCredential, ulAttribute, pBuffer, cbBuffer))

FORWARD(SECURITY_STATUS, InitializeSecurityContextA,
        (PCredHandle phCredential, PCtxtHandle phContext, const SEC_CHAR *pszTargetName,
         uint32_t fContextReq, uint32_t Reserved1, uint32_t TargetDataRep,
         PSecBufferDesc pInput, uint32_t Reserved2, PCtxtHandle phNewContext,
         PSecBufferDesc pOutput, uint32_t *pfContextAttr, PTimeStamp ptsExpiry),
        (phCredential, phContext, pszTargetName, fContextReq, Reserved1, TargetDataRep, pInput,
         Reserved2, phNewContext, pOutput, pfContextAttr, ptsExpiry))

FORWARD(SECURITY_STATUS, InitializeSecurityContextW,
        (PCredHandle phCredential, PCtxtHandle phContext, const SEC_WCHAR *pszTargetName,
         uint32_t fContextReq, uint32_t Reserved1, uint32_t TargetDataRep,
         PSecBufferDesc pInput, uint32_t Reserved2, PCtxtHandle phNewContext,
         PSecBufferDesc pOutput, uint32_t *pfContextAttr, PTimeStamp ptsExpiry),
        (phCredential, phContext, pszTargetName, fContextReq, Reserved1, TargetDataRep, pInput,
         Reserved2, phNewContext, pOutput, pfContextAttr, ptsExpiry))

FORWARD(SECURITY_STATUS, AcceptSecurityContext,
        (PCredHandle phCredential, PCtxtHandle phContext, PSecBufferDesc pInput,
         uint32_t fContextReq, uint32_t TargetDataRep, PCtxtHandle phNewContext,
         PSecBufferDesc pOutput, uint32_t *pfContextAttr, PTimeStamp ptsExpiry),
        (phCredential, phContext, pInput, fContextReq, TargetDataRep, phNewContext, pOutput,
         pfContextAttr, ptsExpiry))

FORWARD(SECURITY_STATUS, CompleteAuthToken, (PCtxtHandle phContext, PSecBufferDesc pToken),
        (phContext, pToken))

FORWARD(SECURITY_STATUS, ApplyControlToken, (PCtxtHandle phContext, PSecBufferDesc pInput),
        (phContext, pInput))

FORWARD(SECURITY_STATUS, DeleteSecurityContext, (PCtxtHandle phContext), (phContext))

FORWARD(SECURITY_STATUS, QueryContextAttributesA,
        (PCtxtHandle phContext, uint32_t ulAttribute, void *pBuffer),
        (phContext, ulAttribute, pBuffer))

FORWARD(SECURITY_STATUS, QueryContextAttributesW,
        (PCtxtHandle phContext, uint32_t ulAttribute, void *pBuffer),
        (phContext, ulAttribute, pBuffer))

FORWARD(SECURITY_STATUS, QueryContextAttributesExA,
        (PCtxtHandle phContext, uint32_t ulAttribute, void *pBuffer, uint32_t cbBuffer),
        (phContext, ulAttribute, pBuffer, cbBuffer))

FORWARD(SECURITY_STATUS, QueryContextAttributesExW,
        (PCtxtHandle phContext, uint32_t ulAttribute, void *pBuffer, uint32_t cbBuffer),
        (phContext, ulAttribute, pBuffer, cbBuffer))

FORWARD(SECURITY_STATUS, SetContextAttributesA,
        (PCtxtHandle phContext, uint32_t ulAttribute, void *pBuffer, uint32_t cbBuffer),
        (phContext, ulAttribute, pBuffer, cbBuffer))

FORWARD(SECURITY_STATUS, SetContextAttributesW,
        (PCtxtHandle phContext, uint32_t ulAttribute, void *pBuffer, uint32_t cbBuffer),
        (phContext, ulAttribute, pBuffer, cbBuffer))

FORWARD(SECURITY_STATUS, MakeSignature,
        (PCtxtHandle phContext, uint32_t fQOP, PSecBufferDesc pMessage, uint32_t MessageSeqNo),
        (phContext, fQOP, pMessage, MessageSeqNo))

FORWARD(SECURITY_STATUS, VerifySignature,
        (PCtxtHandle phContext, PSecBufferDesc pMessage, uint32_t MessageSeqNo,
         uint32_t *pfQOP),
        (phContext, pMessage, MessageSeqNo, pfQOP))

FORWARD(SECURITY_STATUS, EncryptMessage,
        (PCtxtHandle phContext, uint32_t fQOP, PSecBufferDesc pMessage, uint32_t MessageSeqNo),
        (phContext, fQOP, pMessage, MessageSeqNo))

FORWARD(SECURITY_STATUS, DecryptMessage,
        (PCtxtHandle phContext, PSecBufferDesc pMessage, uint32_t MessageSeqNo,
         uint32_t *pfQOP),
        (phContext, pMessage, MessageSeqNo, pfQOP))

FORWARD(SECURITY_STATUS, ImpersonateSecurityContext, (PCtxtHandle phContext), (phContext))

FORWARD(SECURITY_STATUS, RevertSecurityContext, (PCtxtHandle phContext), (phContext))

FORWARD(SECURITY_STATUS, QuerySecurityContextToken, (PCtxtHandle phContext, void **Token),
        (phContext, Token))

FORWARD(SECURITY_STATUS, ChangeAccountPasswordA,
        (const SEC_CHAR *pszPackageName, const SEC_CHAR *pszDomainName,
         const SEC_CHAR *pszAccountName, const SEC_CHAR *pszOldPassword,
         const SEC_CHAR *pszNewPassword, BOOLEAN bImpersonating, uint32_t dwReserved,
         PSecBufferDesc pOutput),
        (pszPackageName, pszDomainName, pszAccountName, pszOldPassword, pszNewPassword,
         bImpersonating, dwReserved, pOutput))

FORWARD(SECURITY_STATUS, ChangeAccountPasswordW,
        (const SEC_WCHAR *pszPackageName, const SEC_WCHAR *pszDomainName,
         const SEC_WCHAR *pszAccountName, const SEC_WCHAR *pszOldPassword,
         const SEC_WCHAR *pszNewPassword, BOOLEAN bImpersonating, uint32_t dwReserved,
         PSecBufferDesc pOutput),
        (pszPackageName, pszDomainName, pszAccountName, pszOldPassword, pszNewPassword,
         bImpersonating, dwReserved, pOutput))

FORWARD(SECURITY_STATUS, ExportSecurityContext,
        (PCtxtHandle phContext, uint32_t fFlags, PSecBuffer pPackedContext, void **pToken),
        (phContext, fFlags, pPackedContext, pToken))

FORWARD(SECURITY_STATUS, ImportSecurityContextA,
        (const SEC_CHAR *pszPackage, PSecBuffer pPackedContext, void *Token,
         PCtxtHandle phContext),
        (pszPackage, pPackedContext, Token, phContext))

FORWARD(SECURITY_STATUS, ImportSecurityContextW,
        (const SEC_WCHAR *pszPackage, PSecBuffer pPackedContext, void *Token,
         PCtxtHandle phContext),
        (pszPackage, pPackedContext, Token, phContext))

FORWARD(SECURITY_STATUS, FreeContextBuffer, (void *pvContextBuffer), (pvContextBuffer))

FORWARD(PSecurityFunctionTableA, InitSecurityInterfaceA, (void), ())

FORWARD(PSecurityFunctionTableW, InitSecurityInterfaceW, (void), ())

/* ---- Identities ------------------------------------------------------------------------ */

FORWARD(SECURITY_STATUS, SspiEncodeStringsAsAuthIdentity,
        (PCWSTR pszUserName, PCWSTR pszDomainName, PCWSTR pszPackedCredentialsString,
         PSEC_WINNT_AUTH_IDENTITY_OPAQUE *ppAuthIdentity),
        (pszUserName, pszDomainName, pszPackedCredentialsString, ppAuthIdentity))

FORWARD(SECURITY_STATUS, SspiEncodeAuthIdentityAsStrings,
        (PSEC_WINNT_AUTH_IDENTITY_OPAQUE pAuthIdentity, PCWSTR *ppszUserName,
         PCWSTR *ppszDomainName, PCWSTR *ppszPackedCredentialsString),
        (pAuthIdentity, ppszUserName, ppszDomainName, ppszPackedCredentialsString))

FORWARD(SECURITY_STATUS, SspiValidateAuthIdentity, (PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData),
        (AuthData))

FORWARD(SECURITY_STATUS, SspiCopyAuthIdentity,
        (PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData,
         PSEC_WINNT_AUTH_IDENTITY_OPAQUE *AuthDataCopy),
        (AuthData, AuthDataCopy))

FORWARD(SECURITY_STATUS, SspiCompareAuthIdentities,
        (PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity1,
         PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity2, BOOLEAN *SameSuppliedUser,
         BOOLEAN *SameSuppliedIdentity),
        (AuthIdentity1, AuthIdentity2, SameSuppliedUser, SameSuppliedIdentity))

FORWARD(SECURITY_STATUS, SspiExcludePackage,
        (PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity, PCWSTR pszPackageName,
         PSEC_WINNT_AUTH_IDENTITY_OPAQUE *ppNewAuthIdentity),
        (AuthIdentity, pszPackageName, ppNewAuthIdentity))

FORWARD(SECURITY_STATUS, SspiGetTargetHostName, (PCWSTR pszTargetName, PWSTR *pszHostName),
        (pszTargetName, pszHostName))

FORWARD(SECURITY_STATUS, SspiMarshalAuthIdentity,
        (PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity, uint32_t *AuthIdentityLength,
         char **AuthIdentityByteArray),
        (AuthIdentity, AuthIdentityLength, AuthIdentityByteArray))

FORWARD(SECURITY_STATUS, SspiUnmarshalAuthIdentity,
        (uint32_t AuthIdentityLength, char *AuthIdentityByteArray,
         PSEC_WINNT_AUTH_IDENTITY_OPAQUE *ppAuthIdentity),
        (AuthIdentityLength, AuthIdentityByteArray, ppAuthIdentity))

FORWARD(SECURITY_STATUS, SspiPrepareForCredRead,
        (PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity, PCWSTR pszTargetName,
         uint32_t *pCredmanCredentialType, PCWSTR *ppszCredmanTargetName),
        (AuthIdentity, pszTargetName, pCredmanCredentialType, ppszCredmanTargetName))

FORWARD(SECURITY_STATUS, SspiPrepareForCredWrite,
        (PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity, PCWSTR pszTargetName,
         uint32_t *pCredmanCredentialType, PCWSTR *ppszCredmanTargetName,
         PCWSTR *ppszCredmanUserName, PUCHAR *ppCredentialBlob, uint32_t *pCredentialBlobSize),
        (AuthIdentity, pszTargetName, pCredmanCredentialType, ppszCredmanTargetName,
         ppszCredmanUserName, ppCredentialBlob, pCredentialBlobSize))

FORWARD(void, SspiZeroAuthIdentity, (PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData), (AuthData))

FORWARD(void, SspiFreeAuthIdentity, (PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData), (AuthData))

FORWARD(void, SspiLocalFree, (PVOID DataBuffer), (DataBuffer))
