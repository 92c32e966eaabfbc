/* SPDX-License-Identifier: MIT */
/* Packages: listed, described, added. */
#include <stdlib.h>

#include "api.h"
#include "memory.h"
#include "package.h"

/* All packages that can be loaded; the list is of malloc. */
static const sspia_package **list_all(size_t *count)
{
    const sspia_package **list;

    *count = package_load_all();
    list = calloc(*count + 1, sizeof(const sspia_package *));
    for (size_t i = 0; list != NULL && i < *count; i++)
        list[i] = package_at(i);
    return list;
}

SECURITY_STATUS sspia_EnumerateSecurityPackagesA(uint32_t *pcPackages,
                                                 PSecPkgInfoA *ppPackageInfo)
{
    static const char operation[] = "EnumerateSecurityPackages";
    const sspia_package **list;
    size_t count;

    if (pcPackages == NULL || ppPackageInfo == NULL)
        return message_fail(operation, SEC_E_INVALID_PARAMETER,
                            "a place for the result is NULL");
    *pcPackages = 0;
    list = list_all(&count);
    *ppPackageInfo = list != NULL ? package_describe(list, count) : NULL;
    free(list);
    if (*ppPackageInfo == NULL)
        return message_fail(operation, SEC_E_INSUFFICIENT_MEMORY, NULL);
    *pcPackages = (uint32_t)count;
    return SEC_E_OK;
}

SECURITY_STATUS sspia_EnumerateSecurityPackagesW(uint32_t *pcPackages,
                                                 PSecPkgInfoW *ppPackageInfo)
{
    static const char operation[] = "EnumerateSecurityPackages";
    const sspia_package **list;
    size_t count;

    if (pcPackages == NULL || ppPackageInfo == NULL)
        return message_fail(operation, SEC_E_INVALID_PARAMETER,
                            "a place for the result is NULL");
    *pcPackages = 0;
    list = list_all(&count);
    *ppPackageInfo = list != NULL ? package_describe_wide(list, count) : NULL;
    free(list);
    if (*ppPackageInfo == NULL)
        return message_fail(operation, SEC_E_INSUFFICIENT_MEMORY, NULL);
    *pcPackages = (uint32_t)count;
    return SEC_E_OK;
}

static SECURITY_STATUS find(bool wide, const void *name, const sspia_package **package)
{
    static const char operation[] = "QuerySecurityPackageInfo";
    sspia_report report = {.text = ""};
    char *text;
    SECURITY_STATUS status;

    *package = NULL;
    if (name == NULL)
        return message_fail(operation, SEC_E_INVALID_PARAMETER, "pszPackageName is NULL");
    status = api_text(operation, wide, name, &text);
    if (status != SEC_E_OK)
        return status;
    *package = package_find(text, &report);
    free(text);
    return message_return(NULL, operation, *package != NULL ? SEC_E_OK : SEC_E_SECPKG_NOT_FOUND,
                          &report);
}

SECURITY_STATUS sspia_QuerySecurityPackageInfoA(const SEC_CHAR *pszPackageName,
                                                PSecPkgInfoA *ppPackageInfo)
{
    const sspia_package *package;
    SECURITY_STATUS status;

    if (ppPackageInfo == NULL)
        return message_fail("QuerySecurityPackageInfo", SEC_E_INVALID_PARAMETER,
                            "ppPackageInfo is NULL");
    *ppPackageInfo = NULL;
    status = find(false, pszPackageName, &package);
    if (status != SEC_E_OK)
        return status;
    *ppPackageInfo = package_describe(&package, 1);
    return *ppPackageInfo != NULL
               ? SEC_E_OK
               : message_fail("QuerySecurityPackageInfo", SEC_E_INSUFFICIENT_MEMORY, NULL);
}

SECURITY_STATUS sspia_QuerySecurityPackageInfoW(const SEC_WCHAR *pszPackageName,
                                                PSecPkgInfoW *ppPackageInfo)
{
    const sspia_package *package;
    SECURITY_STATUS status;

    if (ppPackageInfo == NULL)
        return message_fail("QuerySecurityPackageInfo", SEC_E_INVALID_PARAMETER,
                            "ppPackageInfo is NULL");
    *ppPackageInfo = NULL;
    status = find(true, pszPackageName, &package);
    if (status != SEC_E_OK)
        return status;
    *ppPackageInfo = package_describe_wide(&package, 1);
    return *ppPackageInfo != NULL
               ? SEC_E_OK
               : message_fail("QuerySecurityPackageInfo", SEC_E_INSUFFICIENT_MEMORY, NULL);
}

static SECURITY_STATUS add(bool wide, const void *name, const SECURITY_PACKAGE_OPTIONS *options)
{
    static const char operation[] = "AddSecurityPackage";
    sspia_report report = {.text = ""};
    char *text;
    SECURITY_STATUS status;

    if (name == NULL || options != NULL)
        return message_fail(operation, SEC_E_INVALID_PARAMETER,
                            "pszPackageName is NULL, or pOptions is not");
    status = api_text(operation, wide, name, &text);
    if (status != SEC_E_OK)
        return status;
    status = package_add(text, &report);
    free(text);
    return message_return(NULL, operation, status, &report);
}

SECURITY_STATUS sspia_AddSecurityPackageA(const SEC_CHAR *pszPackageName,
                                          PSECURITY_PACKAGE_OPTIONS pOptions)
{
    return add(false, pszPackageName, pOptions);
}

SECURITY_STATUS sspia_AddSecurityPackageW(const SEC_WCHAR *pszPackageName,
                                          PSECURITY_PACKAGE_OPTIONS pOptions)
{
    return add(true, pszPackageName, pOptions);
}
