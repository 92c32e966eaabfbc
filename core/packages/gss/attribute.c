/* SPDX-License-Identifier: MIT */
/* What can be asked of an established context. */
#include "attribute.h"
#include "delegation.h"
#include "sizes.h"
#include "status.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

#include "timestamp.h"

/* wants_target: the acceptor's name, else the initiator's. The caller releases it. */
static OM_uint32 show_name(gss_context *context, bool wants_target, gss_buffer_t shown,
                           OM_uint32 *minor)
{
    gss_name_t name = GSS_C_NO_NAME;
    OM_uint32 ignored;
    OM_uint32 major =
        gss_inquire_context(minor, context->handle, wants_target ? NULL : &name,
                            wants_target ? &name : NULL, NULL, NULL, NULL, NULL, NULL);

    if (!GSS_ERROR(major))
        major = gss_display_name(minor, name, shown, NULL);
    gss_release_name(&ignored, &name);
    return major;
}

void gss_attribute_keep_client(gss_context *context)
{
    gss_buffer_desc shown = {0, NULL};
    OM_uint32 minor;

    if (!GSS_ERROR(show_name(context, false, &shown, &minor)))
        context->client = strndup(shown.value, shown.length);
    gss_release_buffer(&minor, &shown);
}

static SECURITY_STATUS hand_out(const char *name, size_t length, char **text)
{
    *text = gss_text_hand_out(name, length);
    return *text != NULL ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

/* The same as text of the core's. */
static SECURITY_STATUS name_of(gss_context *context, bool wants_target, char **text,
                               sspia_report *report)
{
    gss_buffer_desc shown = {0, NULL};
    OM_uint32 major;
    OM_uint32 minor;
    SECURITY_STATUS status;

    if (!wants_target && context->client != NULL)
        return hand_out(context->client, strlen(context->client), text);
    major = show_name(context, wants_target, &shown, &minor);
    status = gss_status(major, minor, GSS_AT_MESSAGE, report);
    if (status == SEC_E_OK)
        status = hand_out(shown.value, shown.length, text);
    gss_release_buffer(&minor, &shown);
    return status;
}

static SECURITY_STATUS query_native_names(gss_context *context,
                                          SecPkgContext_NativeNamesA *names,
                                          sspia_report *report)
{
    SECURITY_STATUS status = name_of(context, false, &names->sClientName, report);

    if (status != SEC_E_OK)
        return status;
    status = name_of(context, true, &names->sServerName, report);
    if (status != SEC_E_OK) {
        gss_host->free(names->sClientName);
        names->sClientName = NULL;
    }
    return status;
}

/* Both members are of the core's allocator. The key itself is the set's first buffer, for
 * Kerberos the second is an OID whose last arc is the enctype (krb5 inq_context.c). */
static SECURITY_STATUS session_key(gss_context *context, gss_buffer_set_t *set,
                                   sspia_report *report)
{
    OM_uint32 major;
    OM_uint32 minor;
    SECURITY_STATUS status;

    major = gss_inquire_sec_context_by_oid(&minor, context->handle, GSS_C_INQ_SSPI_SESSION_KEY,
                                           set);
    status = gss_status(major, minor, GSS_AT_MESSAGE, report);
    if (status == SEC_E_OK && (*set == GSS_C_NO_BUFFER_SET || (*set)->count == 0))
        status = gss_status_report(report, SEC_E_UNSUPPORTED_FUNCTION, "session key", NULL);
    return status;
}

/* gss_release_buffer_set does not wipe. */
static void release_key(gss_buffer_set_t *set)
{
    OM_uint32 minor;

    for (size_t i = 0; *set != GSS_C_NO_BUFFER_SET && i < (*set)->count; i++)
        explicit_bzero((*set)->elements[i].value, (*set)->elements[i].length);
    gss_release_buffer_set(&minor, set);
}

static SECURITY_STATUS query_session_key(gss_context *context, SecPkgContext_SessionKey *key,
                                         sspia_report *report)
{
    gss_buffer_set_t set = GSS_C_NO_BUFFER_SET;
    SECURITY_STATUS status = session_key(context, &set, report);

    if (status == SEC_E_OK) {
        key->SessionKey = gss_host->allocate(set->elements[0].length);
        if (key->SessionKey == NULL) {
            status = SEC_E_INSUFFICIENT_MEMORY;
        } else {
            memcpy(key->SessionKey, set->elements[0].value, set->elements[0].length);
            key->SessionKeyLength = (uint32_t)set->elements[0].length;
        }
    }
    release_key(&set);
    return status;
}

/* Names and numbers as MS-docs' Kerberos types have them (KERB_ETYPE_*, KERB_CHECKSUM_*). */
static const struct algorithm {
    int32_t enctype;
    uint32_t bits;
    int32_t checksum;
    const char *encrypt;
    const char *sign;
} algorithms[] = {
    {16, 168, 12, "DES3-CBC-SHA1", "HMAC-SHA1-DES3-KD"},
    {17, 128, 15, "AES128-CTS-HMAC-SHA1-96", "HMAC-SHA1-96-AES128"},
    {18, 256, 16, "AES256-CTS-HMAC-SHA1-96", "HMAC-SHA1-96-AES256"},
    {19, 128, 19, "AES128-CTS-HMAC-SHA256-128", "HMAC-SHA256-128-AES128"},
    {20, 256, 20, "AES256-CTS-HMAC-SHA384-192", "HMAC-SHA384-192-AES256"},
    {23, 128, -138, "RC4-HMAC", "HMAC-MD5"},
    {25, 128, 17, "CAMELLIA128-CTS-CMAC", "CMAC-CAMELLIA128"},
    {26, 256, 18, "CAMELLIA256-CTS-CMAC", "CMAC-CAMELLIA256"},
};

static int32_t last_arc(const gss_buffer_desc *oid)
{
    const unsigned char *bytes = oid->value;
    size_t start = oid->length;
    uint32_t arc = 0;

    while (start > 0 && (start == oid->length || (bytes[start - 1] & 0x80)))
        start--;
    for (size_t i = start; i < oid->length; i++)
        arc = arc << 7 | (bytes[i] & 0x7fu);
    return (int32_t)arc;
}

static SECURITY_STATUS query_key_info(gss_context *context, SecPkgContext_KeyInfoA *info,
                                      sspia_report *report)
{
    gss_buffer_set_t set = GSS_C_NO_BUFFER_SET;
    struct algorithm found = {0, 0, 0, "", ""};
    SECURITY_STATUS status = session_key(context, &set, report);

    if (status != SEC_E_OK)
        return status;
    found.bits = (uint32_t)(8 * set->elements[0].length);
    if (set->count > 1)
        found.enctype = last_arc(&set->elements[1]);
    for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
        if (algorithms[i].enctype == found.enctype)
            found = algorithms[i];
    }
    release_key(&set);
    info->KeySize = found.bits;
    info->SignatureAlgorithm = (uint32_t)found.checksum;
    info->EncryptAlgorithm = (uint32_t)found.enctype;
    info->sSignatureAlgorithmName = gss_text_hand_out(found.sign, strlen(found.sign));
    info->sEncryptAlgorithmName = gss_text_hand_out(found.encrypt, strlen(found.encrypt));
    if (info->sSignatureAlgorithmName != NULL && info->sEncryptAlgorithmName != NULL)
        return SEC_E_OK;
    if (info->sSignatureAlgorithmName != NULL)
        gss_host->free(info->sSignatureAlgorithmName);
    if (info->sEncryptAlgorithmName != NULL)
        gss_host->free(info->sEncryptAlgorithmName);
    return SEC_E_INSUFFICIENT_MEMORY;
}

/* Who vouches for the initiator: its realm. */
static SECURITY_STATUS query_authority(gss_context *context,
                                       SecPkgContext_AuthorityA *authority,
                                       sspia_report *report)
{
    char *name = NULL;
    char *cut;
    SECURITY_STATUS status = name_of(context, false, &name, report);

    if (status != SEC_E_OK)
        return status;
    cut = strrchr(name, '@');
    cut = cut != NULL ? cut + 1 : name + strlen(name);
    authority->sAuthorityName = gss_text_hand_out(cut, strlen(cut));
    gss_host->free(name);
    return authority->sAuthorityName == NULL ? SEC_E_INSUFFICIENT_MEMORY : SEC_E_OK;
}

/* Without the realm, which an initiator hardly ever writes. */
static SECURITY_STATUS query_target(gss_context *context,
                                    SecPkgContext_ClientSpecifiedTarget *target,
                                    sspia_report *report)
{
    char *name = NULL;
    const char *text = context->target_text;
    char *at;
    size_t units;
    SECURITY_STATUS status = SEC_E_OK;

    if (!context->initiator) {
        status = name_of(context, true, &name, report);
        at = name != NULL ? strrchr(name, '@') : NULL;
        if (at != NULL)
            *at = '\0';
        text = name;
    }
    if (status == SEC_E_OK && text == NULL)
        status = gss_status_report(report, SEC_E_UNSUPPORTED_FUNCTION, "target",
                                   "no target was named");
    if (status == SEC_E_OK) {
        units = gss_text_to_utf16(text, NULL, 0);
        if (units == (size_t)-1)
            status =
                gss_status_report(report, SEC_E_INVALID_TOKEN, "target", "it is not UTF-8");
        else if ((target->sTargetName = gss_host->allocate((units + 1) * sizeof(WCHAR))) ==
                 NULL)
            status = SEC_E_INSUFFICIENT_MEMORY;
        else
            gss_text_to_utf16(text, target->sTargetName, units + 1);
    }
    if (name != NULL)
        gss_host->free(name);
    return status;
}

SECURITY_STATUS gss_attribute_query(void *object, uint32_t attribute, void *buffer,
                                    sspia_report *report)
{
    gss_context *context = object;
    SECURITY_STATUS status = gss_context_ready(context, report);

    if (status != SEC_E_OK)
        return status;
    switch (attribute) {
    case SECPKG_ATTR_SIZES:
        return gss_sizes_query(context, buffer, report);
    case SECPKG_ATTR_NAMES:
        return name_of(context, false, &((SecPkgContext_NamesA *)buffer)->sUserName, report);
    case SECPKG_ATTR_NATIVE_NAMES:
        return query_native_names(context, buffer, report);
    case SECPKG_ATTR_LIFESPAN:
        ((SecPkgContext_Lifespan *)buffer)->tsStart = timestamp_from_unix(context->started);
        ((SecPkgContext_Lifespan *)buffer)->tsExpiry = timestamp_from_unix(context->expiry);
        return SEC_E_OK;
    case SECPKG_ATTR_FLAGS:
        ((SecPkgContext_Flags *)buffer)->Flags = context->attributes;
        return SEC_E_OK;
    case SECPKG_ATTR_SESSION_KEY:
        return query_session_key(context, buffer, report);
    case SECPKG_ATTR_KEY_INFO:
        return query_key_info(context, buffer, report);
    case SECPKG_ATTR_AUTHORITY:
        return query_authority(context, buffer, report);
    case SECPKG_ATTR_CLIENT_SPECIFIED_TARGET:
        return query_target(context, buffer, report);
    case SSPIA_ATTR_DELEGATED_CREDENTIAL:
        return gss_delegation_query(context, buffer, report);
    case SSPIA_ATTR_MESSAGE_LIMIT:
        return gss_sizes_limit(context, buffer, report);
    default:
        return gss_status_report(report, SEC_E_UNSUPPORTED_FUNCTION, "attribute", NULL);
    }
}
