/* SPDX-License-Identifier: MIT */
/*
 * The Schannel package: TLS and DTLS by OpenSSL on memory BIOs.
 *
 * OpenSSL is the host program's library too: the default library context is used as the
 * system has configured it (providers, FIPS, minimum versions), and nothing global is
 * changed.
 *
 * Exit (platform.md rule 4): OPENSSL_cleanup frees what running calls use. Handlers of atexit
 * run in reverse order; OpenSSL registers its own when it is initialised, so doing that first
 * and registering quiesce second makes quiesce run first: no call is inside OpenSSL when
 * it is taken down, and none enters it afterwards.
 */
#include <openssl/ssl.h>
#include <stdlib.h>

#include "attribute.h"
#include "callback.h"
#include "control.h"
#include "credential.h"
#include "handshake.h"
#include "host.h"
#include "message.h"
#include "settings.h"
#include "status.h"

/* ---- The table: every function within an error scope ---- */

static SECURITY_STATUS acquire(const char *principal, uint32_t use, const void *auth_data,
                               void **credential, int64_t *expiry, sspia_report *report)
{
    struct error_scope scope;
    SECURITY_STATUS status;

    (void)principal; /* MS-docs AcquireCredentialsHandle (Schannel): not used */
    error_scope_open(&scope);
    status = credential_acquire(use, auth_data, callback_install, credential, expiry, report);
    error_scope_close(&scope);
    return status;
}

static void release(void *credential)
{
    struct error_scope scope;

    error_scope_open(&scope);
    credential_release(credential);
    error_scope_close(&scope);
}

static SECURITY_STATUS query_credential(void *credential, uint32_t attribute, void *buffer,
                                        sspia_report *report)
{
    struct error_scope scope;
    SECURITY_STATUS status;

    error_scope_open(&scope);
    status = credential_query(credential, attribute, buffer, report);
    error_scope_close(&scope);
    return status;
}

static SECURITY_STATUS set_credential(void *credential, uint32_t attribute, const void *buffer,
                                      size_t size, sspia_report *report)
{
    struct error_scope scope;
    SECURITY_STATUS status;

    error_scope_open(&scope);
    status = credential_set(credential, attribute, buffer, size, report);
    error_scope_close(&scope);
    return status;
}

static SECURITY_STATUS leg(void **context, const sspia_step *step, sspia_step_result *result,
                           sspia_report *report)
{
    struct error_scope scope;
    SECURITY_STATUS status;

    error_scope_open(&scope);
    status = handshake_leg(context, step, result, report);
    error_scope_close(&scope);
    return status;
}

static void delete_context(void *context)
{
    struct error_scope scope;

    error_scope_open(&scope);
    context_delete(context);
    error_scope_close(&scope);
}

static SECURITY_STATUS query_context(void *context, uint32_t attribute, void *buffer,
                                     sspia_report *report)
{
    struct error_scope scope;
    SECURITY_STATUS status;

    error_scope_open(&scope);
    status = attribute_query(context, attribute, buffer, report);
    error_scope_close(&scope);
    return status;
}

static SECURITY_STATUS encrypt(void *context, uint32_t qop, SecBufferDesc *message,
                               sspia_report *report)
{
    struct error_scope scope;
    SECURITY_STATUS status;

    error_scope_open(&scope);
    status = message_encrypt(context, qop, message, report);
    error_scope_close(&scope);
    return status;
}

static SECURITY_STATUS decrypt(void *context, SecBufferDesc *message, uint32_t *qop,
                               sspia_report *report)
{
    struct error_scope scope;
    SECURITY_STATUS status;

    error_scope_open(&scope);
    status = message_decrypt(context, message, qop, report);
    error_scope_close(&scope);
    return status;
}

static const sspia_package schannel = {
    .abi = SSPIA_PACKAGE_ABI,
    .size = sizeof(schannel),
    .name = SCHANNEL_NAME_A,
    .alias = UNISP_NAME_A,
    .comment = "TLS 1.2 and 1.3, and DTLS 1.2, by OpenSSL",
    .capabilities = SECPKG_FLAG_INTEGRITY | SECPKG_FLAG_PRIVACY | SECPKG_FLAG_CONNECTION |
                    SECPKG_FLAG_MULTI_REQUIRED | SECPKG_FLAG_EXTENDED_ERROR |
                    SECPKG_FLAG_STREAM | SECPKG_FLAG_DATAGRAM | SECPKG_FLAG_MUTUAL_AUTH,
    .version = 1,
    .rpc_id = 14,
    .max_token = 0x6000,
    .may_block = 0,
    .copy_auth_data = settings_copy,
    .free_auth_data = settings_free,
    .acquire = acquire,
    .release = release,
    .query_credential = query_credential,
    .set_credential = set_credential,
    .initialize = leg,
    .accept = leg,
    .delete_context = delete_context,
    .query_context = query_context,
    .set_context = attribute_set,
    .encrypt = encrypt,
    .decrypt = decrypt,
    .control = control_apply,
};

__attribute__((visibility("default"))) const sspia_package *const *sspia_module_entry(
    const sspia_host *given, sspia_report *report);

const sspia_package *const *sspia_module_entry(const sspia_host *given, sspia_report *report)
{
    static const sspia_package *const packages[] = {&schannel, NULL};
    struct error_scope scope;
    bool ready;

    host = given;
    error_scope_open(&scope);
    ready = OPENSSL_init_ssl(0, NULL) == 1;
    error_scope_close(&scope);
    if (!ready) {
        report_line(report, "OpenSSL cannot be initialised");
        return NULL;
    }
    if (atexit(host->quiesce) != 0) {
        report_line(report, "no room is left for an exit handler");
        return NULL;
    }
    return packages;
}
