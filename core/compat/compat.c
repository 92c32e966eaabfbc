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
        (SEC_CHAR * pszPrincipal, SEC_CHAR *pszPackage, uint32_t fCredentialUse,
         void *pvLogonId, void *pAuthData, SEC_GET_KEY_FN pGetKeyFn, void *pvGetKeyArgument,
         PCredHandle phCredential, PTimeStamp ptsExpiry),
        (pszPrincipal, pszPackage, fCredentialUse, pvLogonId, pAuthData, pGetKeyFn,
         pvGetKeyArgument, phCredential, ptsExpiry))

FORWARD(SECURITY_STATUS, AcquireCredentialsHandleW,
        (SEC_WCHAR * pszPrincipal, SEC_WCHAR *pszPackage, uint32_t fCredentialUse,
         void *pvLogonId, void *pAuthData, SEC_GET_KEY_FN pGetKeyFn, void *pvGetKeyArgument,
         PCredHandle phCredential, PTimeStamp ptsExpiry),
        (pszPrincipal, pszPackage, fCredentialUse, pvLogonId, pAuthData, pGetKeyFn,
         pvGetKeyArgument, phCredential, ptsExpiry))

FORWARD(SECURITY_STATUS, AddCredentialsA,
        (PCredHandle phCredential, SEC_CHAR *pszPrincipal, SEC_CHAR *pszPackage,
         uint32_t fCredentialUse, void *pAuthData, SEC_GET_KEY_FN pGetKeyFn,
         void *pvGetKeyArgument, PTimeStamp ptsExpiry),
        (phCredential, pszPrincipal, pszPackage, fCredentialUse, pAuthData, pGetKeyFn,
         pvGetKeyArgument, ptsExpiry))

FORWARD(SECURITY_STATUS, AddCredentialsW,
        (PCredHandle phCredential, SEC_WCHAR *pszPrincipal, SEC_WCHAR *pszPackage,
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
        (PCredHandle phCredential, PCtxtHandle phContext, SEC_CHAR *pszTargetName,
         uint32_t fContextReq, uint32_t Reserved1, uint32_t TargetDataRep,
         PSecBufferDesc pInput, uint32_t Reserved2, PCtxtHandle phNewContext,
         PSecBufferDesc pOutput, uint32_t *pfContextAttr, PTimeStamp ptsExpiry),
        (phCredential, phContext, pszTargetName, fContextReq, Reserved1, TargetDataRep, pInput,
         Reserved2, phNewContext, pOutput, pfContextAttr, ptsExpiry))

FORWARD(SECURITY_STATUS, InitializeSecurityContextW,
        (PCredHandle phCredential, PCtxtHandle phContext, SEC_WCHAR *pszTargetName,
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
        (SEC_CHAR * pszPackageName, SEC_CHAR *pszDomainName, SEC_CHAR *pszAccountName,
         SEC_CHAR *pszOldPassword, SEC_CHAR *pszNewPassword, BOOLEAN bImpersonating,
         uint32_t dwReserved, PSecBufferDesc pOutput),
        (pszPackageName, pszDomainName, pszAccountName, pszOldPassword, pszNewPassword,
         bImpersonating, dwReserved, pOutput))

FORWARD(SECURITY_STATUS, ChangeAccountPasswordW,
        (SEC_WCHAR * pszPackageName, SEC_WCHAR *pszDomainName, SEC_WCHAR *pszAccountName,
         SEC_WCHAR *pszOldPassword, SEC_WCHAR *pszNewPassword, BOOLEAN bImpersonating,
         uint32_t dwReserved, PSecBufferDesc pOutput),
        (pszPackageName, pszDomainName, pszAccountName, pszOldPassword, pszNewPassword,
         bImpersonating, dwReserved, pOutput))

FORWARD(SECURITY_STATUS, ExportSecurityContext,
        (PCtxtHandle phContext, uint32_t fFlags, PSecBuffer pPackedContext, void **pToken),
        (phContext, fFlags, pPackedContext, pToken))

FORWARD(SECURITY_STATUS, ImportSecurityContextA,
        (SEC_CHAR * pszPackage, PSecBuffer pPackedContext, void *Token, PCtxtHandle phContext),
        (pszPackage, pPackedContext, Token, phContext))

FORWARD(SECURITY_STATUS, ImportSecurityContextW,
        (SEC_WCHAR * pszPackage, PSecBuffer pPackedContext, void *Token, PCtxtHandle phContext),
        (pszPackage, pPackedContext, Token, phContext))

FORWARD(SECURITY_STATUS, FreeContextBuffer, (void *pvContextBuffer), (pvContextBuffer))

FORWARD(PSecurityFunctionTableA, InitSecurityInterfaceA, (void), ())

FORWARD(PSecurityFunctionTableW, InitSecurityInterfaceW, (void), ())
