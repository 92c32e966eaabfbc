/* SPDX-License-Identifier: MIT */
/* Attributes of the hub: a number, a text or bytes at a time. */
#include "hub.h"

#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "attribute.h"
#include "message.h"
#include "schannel.h"
#include "timestamp.h"

static const char operation[] = "QueryContextAttributes";

/* Any answer that is read here; zero before the query. */
union answer {
    SecPkgContext_Sizes sizes;
    SecPkgContext_StreamSizes stream;
    SecPkgContext_Flags flags;
    SecPkgContext_KeyInfoA key;
    SecPkgContext_Lifespan lifespan;
    SecPkgContext_NegotiationInfoA negotiation;
    SecPkgContext_PackageInfoA package;
    SecPkgContext_NativeNamesA names; /* and every other that begins with its strings */
    SecPkgContext_ClientSpecifiedTarget target;
    SecPkgContext_SessionKey session_key;
    SecPkgContext_Bindings bindings;
    SecPkgContext_ApplicationProtocol protocol;
    SecPkgContext_ConnectionInfo connection;
    SecPkgContext_SessionInfo session;
    PCCERT_CONTEXT certificate;
};

static void let_go(uint32_t attribute, const union answer *answer)
{
    switch (attribute) {
    case SECPKG_ATTR_KEY_INFO:
    case SECPKG_ATTR_NATIVE_NAMES:
        sspia_FreeContextBuffer(answer->names.sServerName);
        sspia_FreeContextBuffer(answer->names.sClientName);
        break;
    case SECPKG_ATTR_NAMES:
    case SECPKG_ATTR_AUTHORITY:
    case SECPKG_ATTR_PACKAGE_INFO:
    case SECPKG_ATTR_NEGOTIATION_INFO:
    case SECPKG_ATTR_CLIENT_SPECIFIED_TARGET:
        sspia_FreeContextBuffer(answer->names.sClientName);
        break;
    case SECPKG_ATTR_SESSION_KEY:
        sspia_FreeContextBuffer(answer->session_key.SessionKey);
        break;
    case SECPKG_ATTR_UNIQUE_BINDINGS:
    case SECPKG_ATTR_ENDPOINT_BINDINGS:
    case SSPIA_ATTR_EXPORTER_BINDINGS:
        sspia_FreeContextBuffer(answer->bindings.Bindings);
        break;
    case SECPKG_ATTR_REMOTE_CERT_CONTEXT:
    case SECPKG_ATTR_LOCAL_CERT_CONTEXT:
        sspia_certificate_free(answer->certificate);
        break;
    default:
        break;
    }
}

/* expiry: what the core knows better than a local time can say. */
static SECURITY_STATUS query(uint64_t number, uint32_t attribute, union answer *answer,
                             int64_t *expiry)
{
    const SecHandle words = hub_words(HANDLE_CONTEXT, number);
    sspia_report report = {.text = ""};
    struct security_context *context;
    SECURITY_STATUS status = api_enter_context(operation, &words, &context);

    memset(answer, 0, sizeof(*answer));
    if (status != SEC_E_OK)
        return status;
    status =
        attribute_query(context->package, context->state, attribute, answer, false, &report);
    *expiry = context->expiry;
    return api_leave_context(operation, context, status, &report);
}

static SECURITY_STATUS no_such_member(void)
{
    return message_fail(operation, SEC_E_INVALID_PARAMETER,
                        "the attribute has no such member of this type");
}

static SECURITY_STATUS pick(const int64_t *members, size_t count, uint32_t member,
                            int64_t *number)
{
    if (member >= count)
        return SEC_E_INVALID_PARAMETER;
    *number = members[member];
    return SEC_E_OK;
}

#define PICK(member, number, ...)                                                              \
    pick((const int64_t[]){__VA_ARGS__},                                                       \
         sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (member), (number))

static SECURITY_STATUS number_of(uint32_t attribute, const union answer *answer, int64_t expiry,
                                 uint32_t member, int64_t *number)
{
    switch (attribute) {
    case SECPKG_ATTR_SIZES:
        return PICK(member, number, answer->sizes.cbMaxToken, answer->sizes.cbMaxSignature,
                    answer->sizes.cbBlockSize, answer->sizes.cbSecurityTrailer);
    case SECPKG_ATTR_STREAM_SIZES:
        return PICK(member, number, answer->stream.cbHeader, answer->stream.cbTrailer,
                    answer->stream.cbMaximumMessage, answer->stream.cBuffers,
                    answer->stream.cbBlockSize);
    case SECPKG_ATTR_FLAGS:
        return PICK(member, number, answer->flags.Flags);
    case SECPKG_ATTR_KEY_INFO:
        return PICK(member, number, answer->key.KeySize, answer->key.SignatureAlgorithm,
                    answer->key.EncryptAlgorithm);
    case SECPKG_ATTR_LIFESPAN:
        return PICK(member, number, hub_time(timestamp_to_unix(answer->lifespan.tsStart, 0)),
                    hub_time(timestamp_to_unix(answer->lifespan.tsExpiry, expiry)));
    case SECPKG_ATTR_NEGOTIATION_INFO:
        return PICK(member, number, answer->negotiation.NegotiationState);
    case SECPKG_ATTR_CONNECTION_INFO:
        return PICK(member, number, answer->connection.dwProtocol, answer->connection.aiCipher,
                    answer->connection.dwCipherStrength, answer->connection.aiHash,
                    answer->connection.dwHashStrength, answer->connection.aiExch,
                    answer->connection.dwExchStrength);
    case SECPKG_ATTR_SESSION_INFO:
        return PICK(member, number, answer->session.dwFlags);
    default:
        return hub_package_number(answer->package.PackageInfo, member, number);
    }
}

int32_t sspia_hub_delegated_credential(uint64_t context, uint64_t *credential, int64_t *expiry)
{
    const SecHandle words = hub_words(HANDLE_CONTEXT, context);
    CredHandle made;
    SECURITY_STATUS status = api_query_delegated(&words, &made, expiry);

    if (status == SEC_E_OK)
        *expiry = hub_time(*expiry);
    *credential = status == SEC_E_OK ? hub_number(HANDLE_CREDENTIAL, &made) : 0;
    return status;
}

int32_t sspia_hub_query_number(uint64_t context, uint32_t attribute, uint32_t member,
                               int64_t *number)
{
    union answer answer;
    int64_t expiry;
    SECURITY_STATUS status;

    switch (attribute) {
    case SECPKG_ATTR_SIZES:
    case SECPKG_ATTR_STREAM_SIZES:
    case SECPKG_ATTR_FLAGS:
    case SECPKG_ATTR_KEY_INFO:
    case SECPKG_ATTR_LIFESPAN:
    case SECPKG_ATTR_NEGOTIATION_INFO:
    case SECPKG_ATTR_PACKAGE_INFO:
    case SECPKG_ATTR_CONNECTION_INFO:
    case SECPKG_ATTR_SESSION_INFO:
        break;
    default:
        return no_such_member();
    }
    status = query(context, attribute, &answer, &expiry);
    if (status != SEC_E_OK)
        return status;
    status = number_of(attribute, &answer, expiry, member, number);
    let_go(attribute, &answer);
    return status == SEC_E_OK ? status : no_such_member();
}

static SECURITY_STATUS wide_text(const WCHAR *wide, sspia_hub_bytes *text)
{
    char *narrow = NULL;
    SECURITY_STATUS status = text_from_utf16(wide, text_utf16_length(wide), &narrow);

    if (status == SEC_E_OK)
        status = hub_text(narrow, text);
    free(narrow);
    return status;
}

static SECURITY_STATUS text_of(uint32_t attribute, const union answer *answer, uint32_t member,
                               sspia_hub_bytes *text)
{
    const SEC_CHAR *string = answer->names.sClientName;

    switch (attribute) {
    case SECPKG_ATTR_CLIENT_SPECIFIED_TARGET:
        return member == 0 ? wide_text(answer->target.sTargetName, text)
                           : SEC_E_INVALID_PARAMETER;
    case SECPKG_ATTR_PACKAGE_INFO:
    case SECPKG_ATTR_NEGOTIATION_INFO:
        return hub_package_text(answer->package.PackageInfo, member, text);
    case SECPKG_ATTR_NATIVE_NAMES:
    case SECPKG_ATTR_KEY_INFO:
        if (member == 1)
            string = answer->names.sServerName;
        return member <= 1 ? hub_text(string, text) : SEC_E_INVALID_PARAMETER;
    default:
        return member == 0 ? hub_text(string, text) : SEC_E_INVALID_PARAMETER;
    }
}

int32_t sspia_hub_query_text(uint64_t context, uint32_t attribute, uint32_t member,
                             sspia_hub_bytes *text)
{
    union answer answer;
    int64_t expiry;
    SECURITY_STATUS status;

    switch (attribute) {
    case SECPKG_ATTR_NAMES:
    case SECPKG_ATTR_NATIVE_NAMES:
    case SECPKG_ATTR_AUTHORITY:
    case SECPKG_ATTR_KEY_INFO:
    case SECPKG_ATTR_PACKAGE_INFO:
    case SECPKG_ATTR_NEGOTIATION_INFO:
    case SECPKG_ATTR_CLIENT_SPECIFIED_TARGET:
        break;
    default:
        return no_such_member();
    }
    status = query(context, attribute, &answer, &expiry);
    if (status != SEC_E_OK)
        return status;
    status = text_of(attribute, &answer, member, text);
    let_go(attribute, &answer);
    return status == SEC_E_INVALID_PARAMETER ? no_such_member()
                                             : message_fail(operation, status, NULL);
}

static SECURITY_STATUS bytes_of(uint32_t attribute, const union answer *answer,
                                sspia_hub_bytes *bytes)
{
    switch (attribute) {
    case SECPKG_ATTR_SESSION_KEY:
        return hub_copy(answer->session_key.SessionKey, answer->session_key.SessionKeyLength,
                        bytes);
    case SECPKG_ATTR_APPLICATION_PROTOCOL:
        return hub_copy(answer->protocol.ProtocolId, answer->protocol.ProtocolIdSize, bytes);
    case SECPKG_ATTR_SESSION_INFO:
        return hub_copy(answer->session.rgbSessionId, answer->session.cbSessionId, bytes);
    case SECPKG_ATTR_REMOTE_CERT_CONTEXT:
    case SECPKG_ATTR_LOCAL_CERT_CONTEXT:
        return hub_copy(answer->certificate->pbCertEncoded, answer->certificate->cbCertEncoded,
                        bytes);
    default:
        return hub_copy((const unsigned char *)answer->bindings.Bindings +
                            answer->bindings.Bindings->dwApplicationDataOffset,
                        answer->bindings.Bindings->cbApplicationDataLength, bytes);
    }
}

int32_t sspia_hub_query_bytes(uint64_t context, uint32_t attribute, sspia_hub_bytes *bytes)
{
    union answer answer;
    int64_t expiry;
    SECURITY_STATUS status;

    switch (attribute) {
    case SECPKG_ATTR_SESSION_KEY:
    case SECPKG_ATTR_UNIQUE_BINDINGS:
    case SECPKG_ATTR_ENDPOINT_BINDINGS:
    case SECPKG_ATTR_APPLICATION_PROTOCOL:
    case SECPKG_ATTR_SESSION_INFO:
    case SECPKG_ATTR_REMOTE_CERT_CONTEXT:
    case SECPKG_ATTR_LOCAL_CERT_CONTEXT:
    case SSPIA_ATTR_EXPORTER_BINDINGS:
        break;
    default:
        return no_such_member();
    }
    status = query(context, attribute, &answer, &expiry);
    if (status != SEC_E_OK)
        return status;
    status = bytes_of(attribute, &answer, bytes);
    let_go(attribute, &answer);
    return message_fail(operation, status, NULL);
}
