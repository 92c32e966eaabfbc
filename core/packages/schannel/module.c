/* SPDX-License-Identifier: MIT */
/*
 * The Schannel package: TLS by OpenSSL on memory BIOs.
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
#include "module.h"

#include <openssl/ssl.h>
#include <stdlib.h>

#include "attribute.h"
#include "control.h"
#include "credential.h"
#include "handshake.h"
#include "message.h"
#include "settings.h"
#include "status.h"

static const sspia_host *host;

const sspia_host *module_host(void)
{
    return host;
}

static const sspia_package schannel = {
    .abi = SSPIA_PACKAGE_ABI,
    .size = sizeof(schannel),
    .name = SCHANNEL_NAME_A,
    .alias = UNISP_NAME_A,
    .comment = "TLS 1.2 and 1.3 by OpenSSL",
    .capabilities = SECPKG_FLAG_INTEGRITY | SECPKG_FLAG_PRIVACY | SECPKG_FLAG_CONNECTION |
                    SECPKG_FLAG_MULTI_REQUIRED | SECPKG_FLAG_EXTENDED_ERROR |
                    SECPKG_FLAG_STREAM | SECPKG_FLAG_MUTUAL_AUTH,
    .version = 1,
    .rpc_id = 14,
    .max_token = 0x6000,
    .may_block = 0,
    .copy_auth_data = settings_copy,
    .free_auth_data = settings_free,
    .acquire = credential_acquire,
    .release = credential_free,
    .query_credential = credential_query,
    .initialize = handshake_initialize,
    .accept = handshake_accept,
    .delete_context = context_delete,
    .query_context = attribute_query,
    .set_context = attribute_set,
    .encrypt = message_encrypt,
    .decrypt = message_decrypt,
    .control = control_apply,
};

__attribute__((visibility("default"))) const sspia_package *const *sspia_module_entry(
    const sspia_host *given, sspia_report *report);

const sspia_package *const *sspia_module_entry(const sspia_host *given, sspia_report *report)
{
    static const sspia_package *const packages[] = {&schannel, NULL};
    struct error_scope scope;
    int ready;

    host = given;
    if (OPENSSL_init_ssl(0, NULL) != 1) {
        report_line(report, "OpenSSL cannot be initialised");
        return NULL;
    }
    scope = error_scope_open();
    ready = atexit(host->quiesce);
    error_scope_close(scope);
    if (ready != 0) {
        report_line(report, "no place is left for a handler of atexit");
        return NULL;
    }
    return packages;
}
