/* SPDX-License-Identifier: MIT */
/*
 * The module's entry, and the package Negotiate: SPNEGO (RFC 4178, MS-SPNG) over the packages
 * of its mechanisms, which the core finds for it.
 *
 * It links no library and has no threads, so there is nothing here that must be over at exit.
 */
#include "context.h"
#include "host.h"
#include "protect.h"
#include "transfer.h"

static const sspia_package negotiate = {
    .abi = SSPIA_PACKAGE_ABI,
    .size = sizeof(sspia_package),
    .name = "Negotiate",
    .comment = "Kerberos or NTLM, negotiated by SPNEGO",
    .capabilities = SECPKG_FLAG_INTEGRITY | SECPKG_FLAG_PRIVACY | SECPKG_FLAG_CONNECTION |
                    SECPKG_FLAG_MULTI_REQUIRED | SECPKG_FLAG_EXTENDED_ERROR |
                    SECPKG_FLAG_IMPERSONATION | SECPKG_FLAG_ACCEPT_WIN32_NAME |
                    SECPKG_FLAG_NEGOTIABLE | SECPKG_FLAG_GSS_COMPATIBLE | SECPKG_FLAG_LOGON,
    .version = 1,
    .rpc_id = 9,
    .max_token = 48000,
    .may_block = SSPIA_OP_INITIALIZE | SSPIA_OP_ACCEPT,
    .acquire = neg_credential_acquire,
    .release = neg_credential_release,
    .query_credential = neg_credential_query,
    .initialize = neg_initialize,
    .accept = neg_accept,
    .delete_context = neg_context_delete,
    .query_context = neg_query,
    .set_context = neg_set,
    .make_signature = neg_make_signature,
    .verify_signature = neg_verify_signature,
    .encrypt = neg_encrypt,
    .decrypt = neg_decrypt,
    .control = neg_control,
    .export_context = neg_export,
    .import_context = neg_import,
    .negotiated = neg_context_negotiated,
    .credential_may_block = neg_credential_may_block,
    .oid = "1.3.6.1.5.5.2", /* RFC 4178 */
    .acquire_waiting = neg_credential_acquire_waiting,
};

SSPI_ASYNC_API const sspia_package *const *sspia_module_entry(const sspia_host *host,
                                                              sspia_report *report);

const sspia_package *const *sspia_module_entry(const sspia_host *host, sspia_report *report)
{
    static const sspia_package *const packages[] = {&negotiate, NULL};

    if (host == NULL || host->abi != SSPIA_PACKAGE_ABI || host->size < sizeof *host) {
        if (host != NULL && report != NULL)
            host->report(report, "Negotiate", "made for another version of sspi-async");
        return NULL;
    }
    neg_host = host;
    return packages;
}
