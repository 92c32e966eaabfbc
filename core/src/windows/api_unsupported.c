/* SPDX-License-Identifier: MIT */
/* What cannot mean anything here. Each says so. */
#include "message.h"

SECURITY_STATUS sspia_QuerySecurityContextToken(PCtxtHandle phContext, void **Token)
{
    (void)phContext;
    (void)Token;
    return message_fail("QuerySecurityContextToken", SEC_E_UNSUPPORTED_FUNCTION,
                        "Windows access tokens have no counterpart");
}

SECURITY_STATUS sspia_AddCredentialsA(PCredHandle phCredential, const SEC_CHAR *pszPrincipal,
                                      const SEC_CHAR *pszPackage, uint32_t fCredentialUse,
                                      void *pAuthData, SEC_GET_KEY_FN pGetKeyFn,
                                      void *pvGetKeyArgument, PTimeStamp ptsExpiry)
{
    (void)phCredential;
    (void)pszPrincipal;
    (void)pszPackage;
    (void)fCredentialUse;
    (void)pAuthData;
    (void)pGetKeyFn;
    (void)pvGetKeyArgument;
    (void)ptsExpiry;
    return message_fail("AddCredentials", SEC_E_UNSUPPORTED_FUNCTION,
                        "a credential here has one identity");
}

SECURITY_STATUS sspia_ChangeAccountPasswordA(const SEC_CHAR *pszPackageName,
                                             const SEC_CHAR *pszDomainName,
                                             const SEC_CHAR *pszAccountName,
                                             const SEC_CHAR *pszOldPassword,
                                             const SEC_CHAR *pszNewPassword,
                                             BOOLEAN bImpersonating, uint32_t dwReserved,
                                             PSecBufferDesc pOutput)
{
    (void)pszPackageName;
    (void)pszDomainName;
    (void)pszAccountName;
    (void)pszOldPassword;
    (void)pszNewPassword;
    (void)bImpersonating;
    (void)dwReserved;
    (void)pOutput;
    return message_fail("ChangeAccountPassword", SEC_E_UNSUPPORTED_FUNCTION,
                        "passwords are changed with kpasswd or by the domain");
}

SECURITY_STATUS sspia_DeleteSecurityPackageA(const SEC_CHAR *pszPackageName)
{
    (void)pszPackageName;
    return message_fail("DeleteSecurityPackage", SEC_E_UNSUPPORTED_FUNCTION,
                        "a package that was loaded stays");
}

SECURITY_STATUS sspia_AddCredentialsW(PCredHandle phCredential, const SEC_WCHAR *pszPrincipal,
                                      const SEC_WCHAR *pszPackage, uint32_t fCredentialUse,
                                      void *pAuthData, SEC_GET_KEY_FN pGetKeyFn,
                                      void *pvGetKeyArgument, PTimeStamp ptsExpiry)
{
    (void)phCredential;
    (void)pszPrincipal;
    (void)pszPackage;
    (void)fCredentialUse;
    (void)pAuthData;
    (void)pGetKeyFn;
    (void)pvGetKeyArgument;
    (void)ptsExpiry;
    return message_fail("AddCredentials", SEC_E_UNSUPPORTED_FUNCTION,
                        "a credential here has one identity");
}

SECURITY_STATUS sspia_ChangeAccountPasswordW(const SEC_WCHAR *pszPackageName,
                                             const SEC_WCHAR *pszDomainName,
                                             const SEC_WCHAR *pszAccountName,
                                             const SEC_WCHAR *pszOldPassword,
                                             const SEC_WCHAR *pszNewPassword,
                                             BOOLEAN bImpersonating, uint32_t dwReserved,
                                             PSecBufferDesc pOutput)
{
    (void)pszPackageName;
    (void)pszDomainName;
    (void)pszAccountName;
    (void)pszOldPassword;
    (void)pszNewPassword;
    (void)bImpersonating;
    (void)dwReserved;
    (void)pOutput;
    return message_fail("ChangeAccountPassword", SEC_E_UNSUPPORTED_FUNCTION,
                        "passwords are changed with kpasswd or by the domain");
}

SECURITY_STATUS sspia_DeleteSecurityPackageW(const SEC_WCHAR *pszPackageName)
{
    (void)pszPackageName;
    return message_fail("DeleteSecurityPackage", SEC_E_UNSUPPORTED_FUNCTION,
                        "a package that was loaded stays");
}
