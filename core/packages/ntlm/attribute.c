/* SPDX-License-Identifier: MIT */
/* What can be asked of an established context. */
#include "attribute.h"
#include "context.h"
#include "host.h"
#include "protect.h"
#include "status.h"
#include "text.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "timestamp.h"

#define MESSAGE_MAX (64u << 20) /* as the core has it: no buffers are larger together */

static SECURITY_STATUS given(const void *memory)
{
    return memory != NULL ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

/* The initiator says whom it meant; an acceptor that was not told is this host. */
static char *server_name(const ntlm_context *context)
{
    char host[256] = "host/";

    if (context->target != NULL)
        return ntlm_text_hand_out(context->target, strlen(context->target));
    if (context->initiator)
        return ntlm_text_hand_out("", 0);
    gethostname(host + 5, sizeof host - 6);
    return ntlm_text_hand_out(host, strlen(host));
}

static SECURITY_STATUS query_native_names(const ntlm_context *context,
                                          SecPkgContext_NativeNamesA *names)
{
    names->sClientName = ntlm_account_show(context->user, context->domain);
    names->sServerName = server_name(context);
    if (names->sClientName != NULL && names->sServerName != NULL)
        return SEC_E_OK;
    if (names->sClientName != NULL)
        ntlm_host->free(names->sClientName);
    if (names->sServerName != NULL)
        ntlm_host->free(names->sServerName);
    return SEC_E_INSUFFICIENT_MEMORY;
}

static SECURITY_STATUS query_session_key(const ntlm_context *context,
                                         SecPkgContext_SessionKey *key)
{
    key->SessionKey = ntlm_host->allocate(NTLM_KEY_SIZE);
    if (key->SessionKey == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    memcpy(key->SessionKey, context->session.key, NTLM_KEY_SIZE);
    key->SessionKeyLength = NTLM_KEY_SIZE;
    return SEC_E_OK;
}

/* As Windows describes NTLM: the cipher by its number in wincrypt.h, CALG_RC4, and the
 * signature of extended session security as KERB_CHECKSUM_HMAC_MD5 (-138). */
static SECURITY_STATUS query_key_info(SecPkgContext_KeyInfoA *info)
{
    static const char encrypt[] = "RSADSI RC4";
    static const char sign[] = "HMAC-MD5";

    info->KeySize = 8 * NTLM_KEY_SIZE;
    info->EncryptAlgorithm = 0x6801;
    info->SignatureAlgorithm = (uint32_t)-138;
    info->sEncryptAlgorithmName = ntlm_text_hand_out(encrypt, strlen(encrypt));
    info->sSignatureAlgorithmName = ntlm_text_hand_out(sign, strlen(sign));
    if (info->sEncryptAlgorithmName != NULL && info->sSignatureAlgorithmName != NULL)
        return SEC_E_OK;
    if (info->sEncryptAlgorithmName != NULL)
        ntlm_host->free(info->sEncryptAlgorithmName);
    if (info->sSignatureAlgorithmName != NULL)
        ntlm_host->free(info->sSignatureAlgorithmName);
    return SEC_E_INSUFFICIENT_MEMORY;
}

static SECURITY_STATUS query_target(const ntlm_context *context,
                                    SecPkgContext_ClientSpecifiedTarget *target,
                                    sspia_report *report)
{
    size_t capacity;
    size_t size;

    if (context->target == NULL)
        return ntlm_report(report, SEC_E_UNSUPPORTED_FUNCTION, "target",
                           context->initiator ? "no target was named"
                                              : "the client named no target");
    capacity = 2 * strlen(context->target);
    target->sTargetName = ntlm_host->allocate(capacity + sizeof(WCHAR));
    if (target->sTargetName == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    size = ntlm_text_to_wire(context->target, (unsigned char *)target->sTargetName, capacity);
    if (size == NTLM_TEXT_BAD) {
        ntlm_host->free(target->sTargetName);
        target->sTargetName = NULL;
        return ntlm_report(report, SEC_E_INVALID_TOKEN, "target", "it is not UTF-8");
    }
    /* What is written for the wire is little-endian. */
    for (size_t i = 0; i < size / sizeof(WCHAR); i++) {
        const unsigned char *unit = (unsigned char *)target->sTargetName + 2 * i;

        target->sTargetName[i] = (WCHAR)(unit[0] | unit[1] << 8);
    }
    target->sTargetName[size / sizeof(WCHAR)] = 0;
    return SEC_E_OK;
}

static SECURITY_STATUS query_limit(const ntlm_context *context, sspia_message_limit *limit,
                                   sspia_report *report)
{
    uint32_t packet = limit->packet < MESSAGE_MAX ? limit->packet : MESSAGE_MAX;
    SECURITY_STATUS status = ntlm_may_encrypt(context, limit->qop, report);

    limit->plaintext =
        status == SEC_E_OK && packet > NTLM_SIGNATURE_SIZE ? packet - NTLM_SIGNATURE_SIZE : 0;
    return status;
}

SECURITY_STATUS ntlm_attribute_query(void *object, uint32_t attribute, void *buffer,
                                     sspia_report *report)
{
    const ntlm_context *context = object;
    SecPkgContext_NamesA *names = buffer;
    SecPkgContext_Lifespan *lifespan = buffer;
    SecPkgContext_AuthorityA *authority = buffer;
    SECURITY_STATUS status = ntlm_context_ready(context, report);

    if (status != SEC_E_OK)
        return status;
    switch (attribute) {
    case SECPKG_ATTR_SIZES:
        *(SecPkgContext_Sizes *)buffer = (SecPkgContext_Sizes){
            .cbMaxToken = NTLM_MAX_TOKEN,
            .cbMaxSignature = NTLM_SIGNATURE_SIZE,
            .cbBlockSize = 0, /* a stream cipher: Windows says so with 0 */
            .cbSecurityTrailer = NTLM_SIGNATURE_SIZE,
        };
        return SEC_E_OK;
    case SECPKG_ATTR_NAMES:
        names->sUserName = ntlm_account_show(context->user, context->domain);
        return given(names->sUserName);
    case SECPKG_ATTR_NATIVE_NAMES:
        return query_native_names(context, buffer);
    case SECPKG_ATTR_LIFESPAN:
        lifespan->tsStart = timestamp_from_unix(context->started);
        lifespan->tsExpiry = timestamp_from_unix(INT64_MAX);
        return SEC_E_OK;
    case SECPKG_ATTR_FLAGS:
        ((SecPkgContext_Flags *)buffer)->Flags = context->attributes;
        return SEC_E_OK;
    case SECPKG_ATTR_SESSION_KEY:
        return query_session_key(context, buffer);
    case SECPKG_ATTR_KEY_INFO:
        return query_key_info(buffer);
    case SECPKG_ATTR_AUTHORITY:
        authority->sAuthorityName =
            ntlm_text_hand_out(context->domain, strlen(context->domain));
        return given(authority->sAuthorityName);
    case SECPKG_ATTR_CLIENT_SPECIFIED_TARGET:
        return query_target(context, buffer, report);
    case SSPIA_ATTR_LIST_SIGNED:
        *(uint32_t *)buffer = context->has_mic;
        return SEC_E_OK;
    case SSPIA_ATTR_MESSAGE_LIMIT:
        return query_limit(context, buffer, report);
    default:
        return ntlm_report(report, SEC_E_UNSUPPORTED_FUNCTION, "attribute", NULL);
    }
}

/* Each side has signed the list of Negotiate's mechanisms at most, with number 0: the ciphers
 * begin anew, the numbers go on (MS-SPNG 3.3.5.1). */
SECURITY_STATUS ntlm_attribute_set(void *object, uint32_t attribute, const void *buffer,
                                   size_t size, sspia_report *report)
{
    ntlm_context *context = object;
    SECURITY_STATUS status = ntlm_context_ready(context, report);

    (void)buffer;
    (void)size;
    if (status != SEC_E_OK)
        return status;
    if (attribute != SSPIA_ATTR_LIST_SIGNED)
        return ntlm_report(report, SEC_E_UNSUPPORTED_FUNCTION, "attribute", NULL);
    if (ntlm_session_is_used(&context->session))
        return ntlm_report(report, SEC_E_OUT_OF_SEQUENCE, "context",
                           "messages have already been protected with it");
    return ntlm_session_restart(&context->session) ? SEC_E_OK : ntlm_report_crypto(report);
}
