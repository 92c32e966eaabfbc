/* SPDX-License-Identifier: MIT */
/* Packages: listed, described, added. */
#include <stdlib.h>

#include "api.h"
#include "package.h"
#include "text.h"

SECURITY_STATUS sspia_EnumerateSecurityPackagesA(uint32_t *pcPackages,
                                                 PSecPkgInfoA *ppPackageInfo)
{
    static const char operation[] = "EnumerateSecurityPackages";
    PSecPkgInfoA described;
    struct package_entry *list;
    size_t count;

    if (pcPackages == NULL || ppPackageInfo == NULL)
        return message_fail(operation, SEC_E_INVALID_PARAMETER,
                            "the pointer for the result is NULL");
    list = package_list(&count);
    described = list != NULL ? package_describe(list, count) : NULL;
    free(list);
    if (described == NULL)
        return message_fail(operation, SEC_E_INSUFFICIENT_MEMORY, NULL);
    *ppPackageInfo = described;
    *pcPackages = (uint32_t)count;
    return SEC_E_OK;
}

SECURITY_STATUS sspia_EnumerateSecurityPackagesW(uint32_t *pcPackages,
                                                 PSecPkgInfoW *ppPackageInfo)
{
    static const char operation[] = "EnumerateSecurityPackages";
    PSecPkgInfoW described;
    struct package_entry *list;
    size_t count;

    if (pcPackages == NULL || ppPackageInfo == NULL)
        return message_fail(operation, SEC_E_INVALID_PARAMETER,
                            "the pointer for the result is NULL");
    list = package_list(&count);
    described = list != NULL ? package_describe_wide(list, count) : NULL;
    free(list);
    if (described == NULL)
        return message_fail(operation, SEC_E_INSUFFICIENT_MEMORY, NULL);
    *ppPackageInfo = described;
    *pcPackages = (uint32_t)count;
    return SEC_E_OK;
}

static SECURITY_STATUS find(bool wide, const void *name, struct package_entry *entry)
{
    static const char operation[] = "QuerySecurityPackageInfo";
    const sspia_package *package;
    sspia_report report = {.text = ""};
    char *text;
    SECURITY_STATUS status;

    if (name == NULL)
        return message_fail(operation, SEC_E_INVALID_PARAMETER, "pszPackageName is NULL");
    status = api_text(operation, wide, name, &text);
    if (status != SEC_E_OK)
        return status;
    package = package_find(text, &report);
    /* Under the name that was asked for, as in the list. */
    if (package != NULL)
        *entry = (struct package_entry){package, text_equal_ignoring_case(package->name, text)
                                                     ? package->name
                                                     : package->alias};
    free(text);
    return message_return(NULL, operation, package != NULL ? SEC_E_OK : SEC_E_SECPKG_NOT_FOUND,
                          &report);
}

SECURITY_STATUS sspia_QuerySecurityPackageInfoA(const SEC_CHAR *pszPackageName,
                                                PSecPkgInfoA *ppPackageInfo)
{
    PSecPkgInfoA described;
    struct package_entry entry;
    SECURITY_STATUS status;

    if (ppPackageInfo == NULL)
        return message_fail("QuerySecurityPackageInfo", SEC_E_INVALID_PARAMETER,
                            "ppPackageInfo is NULL");
    status = find(false, pszPackageName, &entry);
    if (status != SEC_E_OK)
        return status;
    described = package_describe(&entry, 1);
    if (described == NULL)
        return message_fail("QuerySecurityPackageInfo", SEC_E_INSUFFICIENT_MEMORY, NULL);
    *ppPackageInfo = described;
    return SEC_E_OK;
}

SECURITY_STATUS sspia_QuerySecurityPackageInfoW(const SEC_WCHAR *pszPackageName,
                                                PSecPkgInfoW *ppPackageInfo)
{
    PSecPkgInfoW described;
    struct package_entry entry;
    SECURITY_STATUS status;

    if (ppPackageInfo == NULL)
        return message_fail("QuerySecurityPackageInfo", SEC_E_INVALID_PARAMETER,
                            "ppPackageInfo is NULL");
    status = find(true, pszPackageName, &entry);
    if (status != SEC_E_OK)
        return status;
    described = package_describe_wide(&entry, 1);
    if (described == NULL)
        return message_fail("QuerySecurityPackageInfo", SEC_E_INSUFFICIENT_MEMORY, NULL);
    *ppPackageInfo = described;
    return SEC_E_OK;
}

const char *sspia_package_oid(const char *package)
{
    struct package_entry found;

    if (find(false, package, &found) != SEC_E_OK)
        return NULL;
    if (found.package->oid == NULL)
        message_fail("sspia_package_oid", SEC_E_UNSUPPORTED_FUNCTION,
                     "the package has no object identifier");
    return found.package->oid;
}

SECURITY_STATUS sspia_package_turn_off(const char *package)
{
    SECURITY_STATUS status = package_exclude(package);

    return message_fail("sspia_package_turn_off", status,
                        status == SEC_E_INVALID_PARAMETER
                            ? "package is NULL, empty or too long"
                            : "no more packages can be turned off");
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
