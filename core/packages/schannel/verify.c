/* SPDX-License-Identifier: MIT */
#include "verify.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "certificate.h"
#include "status.h"

static const struct {
    int error;
    SECURITY_STATUS status;
} statuses[] = {
    {X509_V_OK, SEC_E_OK},
    {X509_V_ERR_CERT_HAS_EXPIRED, SEC_E_CERT_EXPIRED},
    {X509_V_ERR_CERT_NOT_YET_VALID, SEC_E_CERT_EXPIRED},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, SEC_E_UNTRUSTED_ROOT},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, SEC_E_UNTRUSTED_ROOT},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, SEC_E_UNTRUSTED_ROOT},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, SEC_E_UNTRUSTED_ROOT},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, SEC_E_UNTRUSTED_ROOT},
    {X509_V_ERR_CERT_UNTRUSTED, SEC_E_UNTRUSTED_ROOT},
    {X509_V_ERR_HOSTNAME_MISMATCH, SEC_E_WRONG_PRINCIPAL},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, SEC_E_WRONG_PRINCIPAL},
    {X509_V_ERR_INVALID_PURPOSE, SEC_E_CERT_WRONG_USAGE},
    {X509_V_ERR_CERT_REVOKED, CRYPT_E_REVOKED},
    {X509_V_ERR_UNABLE_TO_GET_CRL, CRYPT_E_NO_REVOCATION_CHECK},
    {X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, CRYPT_E_NO_REVOCATION_CHECK},
    {X509_V_ERR_CRL_HAS_EXPIRED, CRYPT_E_REVOCATION_OFFLINE},
    {X509_V_ERR_CRL_NOT_YET_VALID, CRYPT_E_REVOCATION_OFFLINE},
    {X509_V_ERR_OUT_OF_MEM, SEC_E_INSUFFICIENT_MEMORY},
};

static SECURITY_STATUS status_of(long error)
{
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (statuses[i].error == error)
            return statuses[i].status;
    }
    return SEC_E_CERT_UNKNOWN;
}

static bool is_forgiven(const struct context *context, SECURITY_STATUS status)
{
    const uint32_t flags = context->credential->profile->flags;

    return (status == CRYPT_E_NO_REVOCATION_CHECK &&
            (flags & SCH_CRED_IGNORE_NO_REVOCATION_CHECK) != 0) ||
           (status == CRYPT_E_REVOCATION_OFFLINE &&
            (flags & SCH_CRED_IGNORE_REVOCATION_OFFLINE) != 0);
}

static void note(struct context *context, X509_STORE_CTX *store, int error,
                 SECURITY_STATUS status)
{
    X509 *certificate = X509_STORE_CTX_get_current_cert(store);
    char subject[160] = "(none)";
    char issuer[112] = "";

    if (context->verify_error != X509_V_OK)
        return; /* the first is what the others follow from */
    if (certificate != NULL) {
        certificate_name_text(X509_get_subject_name(certificate), subject, sizeof(subject));
        certificate_name_text(X509_get_issuer_name(certificate), issuer, sizeof(issuer));
    }
    context->verify_error = error;
    context->verify_status = status;
    if (status == SEC_E_WRONG_PRINCIPAL)
        snprintf(context->verify_text, sizeof(context->verify_text),
                 "the certificate of %s (depth 0) is not issued for %.200s", subject,
                 context->target.name);
    else
        snprintf(context->verify_text, sizeof(context->verify_text),
                 "the certificate of %s (depth %d, issued by %s): %s", subject,
                 X509_STORE_CTX_get_error_depth(store), issuer,
                 X509_verify_cert_error_string(error));
}

static int on_verify(int good, X509_STORE_CTX *store)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct context *context = SSL_get_app_data(ssl);
    int error = X509_STORE_CTX_get_error(store);
    SECURITY_STATUS status;

    if (good == 1)
        return 1;
    status = status_of(error);
    if (is_forgiven(context, status)) {
        X509_STORE_CTX_set_error(store, X509_V_OK);
        return 1;
    }
    note(context, store, error, status);
    return context->validation == VALIDATION_STRICT ? 0 : 1;
}

static int on_verify_nothing(int good, X509_STORE_CTX *store)
{
    (void)good;
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
}

static SECURITY_STATUS prepare_name(struct context *context, sspia_report *report)
{
    X509_VERIFY_PARAM *parameters = SSL_get0_param(context->ssl);
    const char *name = context->target.name;

    if ((context->credential->profile->flags & SCH_CRED_NO_SERVERNAME_CHECK) != 0)
        return SEC_E_OK;
    if (name[0] == '\0') {
        report_line(report, "there is no target name to check the server's certificate with "
                            "(and no SCH_CRED_NO_SERVERNAME_CHECK)");
        return SEC_E_TARGET_UNKNOWN;
    }
    /* RFC 9525 6.3: "f*.example.org" is not to be matched. */
    X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if ((context->target.is_address ? X509_VERIFY_PARAM_set1_ip_asc(parameters, name)
                                    : X509_VERIFY_PARAM_set1_host(parameters, name, 0)) != 1)
        return SEC_E_INSUFFICIENT_MEMORY;
    return SEC_E_OK;
}

SECURITY_STATUS verify_prepare(struct context *context, sspia_report *report)
{
    const bool manual = context->validation == VALIDATION_MANUAL;

    if (context->server) {
        int mode = SSL_VERIFY_NONE;

        X509_VERIFY_PARAM_set_flags(
            SSL_get0_param(context->ssl),
            atomic_load_explicit(&context->credential->policy, memory_order_relaxed));
        if ((context->requested & ASC_REQ_MUTUAL_AUTH) != 0)
            mode = SSL_VERIFY_PEER | (manual ? 0 : SSL_VERIFY_FAIL_IF_NO_PEER_CERT);
        SSL_set_verify(context->ssl, mode, manual ? on_verify_nothing : on_verify);
        return SEC_E_OK;
    }
    SSL_set_verify(context->ssl, manual ? SSL_VERIFY_NONE : SSL_VERIFY_PEER,
                   manual ? on_verify_nothing : on_verify);
    return manual ? SEC_E_OK : prepare_name(context, report);
}

SECURITY_STATUS verify_result(const struct context *context, long *error)
{
    *error = context->verify_error;
    if (context->verify_error != X509_V_OK)
        return context->verify_status;
    /* Of a resumed session the result came with it. */
    *error = SSL_get_verify_result(context->ssl);
    return status_of(*error);
}

bool verify_is_proven(const struct context *context)
{
    long error;

    return context->validation != VALIDATION_MANUAL &&
           SSL_get0_peer_certificate(context->ssl) != NULL &&
           verify_result(context, &error) == SEC_E_OK;
}
