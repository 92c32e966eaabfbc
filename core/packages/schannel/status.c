/* SPDX-License-Identifier: MIT */
/*
 * The error queue belongs to the thread, so to the host program too, and OpenSSL's handshake
 * empties it whenever it runs (a mark does not help). So what is there is taken out, and put
 * back with all that can be seen of it.
 */
#include "status.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdarg.h>
#include <stdio.h>

#include "alert.h"
#include "schannel.h"

static char *keep(const char *text)
{
    return text != NULL && text[0] != '\0' ? OPENSSL_strdup(text) : NULL;
}

void error_scope_open(struct error_scope *scope)
{
    const char *file, *function, *data;
    unsigned long code;
    int line, flags;

    scope->count = 0;
    while (scope->count < ERROR_SCOPE_MAX &&
           (code = ERR_get_error_all(&file, &line, &function, &data, &flags)) != 0) {
        scope->errors[scope->count].code = code;
        scope->errors[scope->count].line = line;
        scope->errors[scope->count].file = keep(file);
        scope->errors[scope->count].function = keep(function);
        scope->errors[scope->count].data = (flags & ERR_TXT_STRING) != 0 ? keep(data) : NULL;
        scope->count++;
    }
}

void error_scope_close(struct error_scope *scope)
{
    ERR_clear_error();
    for (size_t i = 0; i < scope->count; i++) {
        ERR_new();
        ERR_set_debug(scope->errors[i].file, scope->errors[i].line, scope->errors[i].function);
        if (scope->errors[i].data != NULL)
            ERR_set_error(ERR_GET_LIB(scope->errors[i].code),
                          ERR_GET_REASON(scope->errors[i].code), "%s", scope->errors[i].data);
        else
            ERR_set_error(ERR_GET_LIB(scope->errors[i].code),
                          ERR_GET_REASON(scope->errors[i].code), NULL);
        OPENSSL_free(scope->errors[i].file);
        OPENSSL_free(scope->errors[i].function);
        OPENSSL_free(scope->errors[i].data);
    }
}

unsigned long error_newest(void)
{
    return ERR_peek_last_error();
}

static const struct {
    int reason;
    SECURITY_STATUS status;
} ssl_reasons[] = {
    {SSL_R_NO_SHARED_CIPHER, SEC_E_ALGORITHM_MISMATCH},
    {SSL_R_NO_SUITABLE_KEY_SHARE, SEC_E_ALGORITHM_MISMATCH},
    {SSL_R_NO_SUITABLE_GROUPS, SEC_E_ALGORITHM_MISMATCH},
    {SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, SEC_E_ALGORITHM_MISMATCH},
    {SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, SEC_E_ALGORITHM_MISMATCH},
    {SSL_R_UNSUPPORTED_PROTOCOL, SEC_E_ALGORITHM_MISMATCH},
    {SSL_R_VERSION_TOO_LOW, SEC_E_ALGORITHM_MISMATCH},
    {SSL_R_VERSION_TOO_HIGH, SEC_E_ALGORITHM_MISMATCH},
    {SSL_R_UNKNOWN_PROTOCOL, SEC_E_ALGORITHM_MISMATCH},
    {SSL_R_WRONG_SSL_VERSION, SEC_E_ALGORITHM_MISMATCH},
    {SSL_R_WRONG_CIPHER_RETURNED, SEC_E_ALGORITHM_MISMATCH},
    {SSL_R_UNKNOWN_CIPHER_RETURNED, SEC_E_ALGORITHM_MISMATCH},
    {SSL_R_NO_APPLICATION_PROTOCOL, SEC_E_APPLICATION_PROTOCOL_MISMATCH},
    {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, SEC_E_INCOMPLETE_CREDENTIALS},
    {SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, SEC_E_MESSAGE_ALTERED},
    {SSL_R_DECRYPTION_FAILED, SEC_E_MESSAGE_ALTERED},
    {SSL_R_DIGEST_CHECK_FAILED, SEC_E_MESSAGE_ALTERED},
    {SSL_R_BAD_SIGNATURE, SEC_E_MESSAGE_ALTERED},
    {SSL_R_INAPPROPRIATE_FALLBACK, SEC_E_DOWNGRADE_DETECTED},
    {SSL_R_CERTIFICATE_VERIFY_FAILED, SEC_E_CERT_UNKNOWN},
};

SECURITY_STATUS status_from_error(unsigned long error)
{
    int reason = ERR_GET_REASON(error);

    if (error == 0)
        return SEC_E_INTERNAL_ERROR;
    if (reason == ERR_R_MALLOC_FAILURE)
        return SEC_E_INSUFFICIENT_MEMORY;
    if (ERR_GET_LIB(error) != ERR_LIB_SSL)
        return SEC_E_INTERNAL_ERROR;
    if (reason == ERR_R_INTERNAL_ERROR)
        return SEC_E_INTERNAL_ERROR;
    /* ssl.h: an alert received is the reason 1000 + its description. */
    if (reason >= SSL_AD_REASON_OFFSET && reason <= SSL_AD_REASON_OFFSET + 255)
        return status_from_alert((uint8_t)(reason - SSL_AD_REASON_OFFSET));
    for (size_t i = 0; i < sizeof(ssl_reasons) / sizeof(ssl_reasons[0]); i++) {
        if (ssl_reasons[i].reason == reason)
            return ssl_reasons[i].status;
    }
    return SEC_E_INVALID_TOKEN;
}

static const struct {
    uint8_t description;
    SECURITY_STATUS status;
} alerts[] = {
    {SSL_AD_CLOSE_NOTIFY, SEC_E_CONTEXT_EXPIRED},
    {SSL_AD_UNEXPECTED_MESSAGE, SEC_E_ILLEGAL_MESSAGE},
    {SSL_AD_BAD_RECORD_MAC, SEC_E_MESSAGE_ALTERED},
    {SSL_AD_RECORD_OVERFLOW, SEC_E_ILLEGAL_MESSAGE},
    {SSL_AD_HANDSHAKE_FAILURE, SEC_E_ILLEGAL_MESSAGE},
    {SSL_AD_BAD_CERTIFICATE, SEC_E_CERT_UNKNOWN},
    {SSL_AD_UNSUPPORTED_CERTIFICATE, SEC_E_CERT_UNKNOWN},
    {SSL_AD_CERTIFICATE_REVOKED, CRYPT_E_REVOKED},
    {SSL_AD_CERTIFICATE_EXPIRED, SEC_E_CERT_EXPIRED},
    {SSL_AD_CERTIFICATE_UNKNOWN, SEC_E_CERT_UNKNOWN},
    {SSL_AD_ILLEGAL_PARAMETER, SEC_E_ILLEGAL_MESSAGE},
    {SSL_AD_UNKNOWN_CA, SEC_E_UNTRUSTED_ROOT},
    {SSL_AD_ACCESS_DENIED, SEC_E_LOGON_DENIED},
    {SSL_AD_DECODE_ERROR, SEC_E_ILLEGAL_MESSAGE},
    {SSL_AD_DECRYPT_ERROR, SEC_E_DECRYPT_FAILURE},
    {SSL_AD_PROTOCOL_VERSION, SEC_E_UNSUPPORTED_FUNCTION},
    {SSL_AD_INSUFFICIENT_SECURITY, SEC_E_ALGORITHM_MISMATCH},
    {SSL_AD_INTERNAL_ERROR, SEC_E_INTERNAL_ERROR},
    {SSL_AD_INAPPROPRIATE_FALLBACK, SEC_E_DOWNGRADE_DETECTED},
    {SSL_AD_CERTIFICATE_REQUIRED, SEC_E_INCOMPLETE_CREDENTIALS},
    {SSL_AD_NO_APPLICATION_PROTOCOL, SEC_E_APPLICATION_PROTOCOL_MISMATCH},
};

SECURITY_STATUS status_from_alert(uint8_t description)
{
    for (size_t i = 0; i < sizeof(alerts) / sizeof(alerts[0]); i++) {
        if (alerts[i].description == description)
            return alerts[i].status;
    }
    return SEC_E_ILLEGAL_MESSAGE;
}

void report_line(sspia_report *report, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(report->text, sizeof(report->text), format, arguments);
    va_end(arguments);
}

/* OpenSSL 3.2 and later: the record layer's reason comes first, and then this. */
#ifndef SSL_R_RECORD_LAYER_FAILURE
#define SSL_R_RECORD_LAYER_FAILURE 313
#endif

/* Takes the errors out of the queue. The newest says most, save for the one that only says
 * that another layer failed. */
static unsigned long take_cause(const char **data)
{
    unsigned long cause = 0, error;
    const char *text;
    int flags;

    *data = "";
    while ((error = ERR_get_error_all(NULL, NULL, NULL, &text, &flags)) != 0) {
        if (cause != 0 && ERR_GET_LIB(error) == ERR_LIB_SSL &&
            ERR_GET_REASON(error) == SSL_R_RECORD_LAYER_FAILURE)
            continue;
        cause = error;
        *data = text != NULL && (flags & ERR_TXT_STRING) != 0 ? text : "";
    }
    return cause;
}

SECURITY_STATUS report_openssl(sspia_report *report, const char *what)
{
    const char *data;
    unsigned long error = take_cause(&data);
    int reason = ERR_GET_REASON(error);
    const char *text = ERR_reason_error_string(error);

    if (ERR_GET_LIB(error) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET &&
        reason <= SSL_AD_REASON_OFFSET + 255)
        report_line(report, "%s: the peer sent the alert %s", what,
                    alert_name((uint8_t)(reason - SSL_AD_REASON_OFFSET)));
    else
        report_line(report, "%s: %s%s%s", what, text != NULL ? text : "no reason given",
                    data[0] != '\0' ? ": " : "", data);
    return status_from_error(error);
}
