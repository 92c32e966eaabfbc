/* SPDX-License-Identifier: MIT */
/* The package Kerberos: Kerberos V5 (RFC 4120, RFC 4121). */
#include "kerberos.h"
#include "acquisition.h"
#include "attribute.h"
#include "protect.h"
#include "sizes.h"
#include "status.h"
#include "step.h"
#include "transfer.h"

static SECURITY_STATUS initialize(void **context, const sspia_step *step,
                                  sspia_step_result *result, sspia_report *report)
{
    SECURITY_STATUS status;

    gss_status_take_hints();
    status = gss_step_initialize(context, step, result, report);
    if (status < 0)
        result->hints = gss_status_take_hints();
    return status;
}

const sspia_package gss_kerberos_package = {
    .abi = SSPIA_PACKAGE_ABI,
    .size = sizeof(sspia_package),
    .name = "Kerberos",
    .comment = "Kerberos V5, through the system's GSSAPI",
    .capabilities = SECPKG_FLAG_INTEGRITY | SECPKG_FLAG_PRIVACY | SECPKG_FLAG_TOKEN_ONLY |
                    SECPKG_FLAG_CONNECTION | SECPKG_FLAG_MULTI_REQUIRED |
                    SECPKG_FLAG_EXTENDED_ERROR | SECPKG_FLAG_IMPERSONATION |
                    SECPKG_FLAG_ACCEPT_WIN32_NAME | SECPKG_FLAG_NEGOTIABLE |
                    SECPKG_FLAG_GSS_COMPATIBLE | SECPKG_FLAG_LOGON | SECPKG_FLAG_MUTUAL_AUTH |
                    SECPKG_FLAG_DELEGATION | SECPKG_FLAG_READONLY_WITH_CHECKSUM,
    .version = 1,
    .rpc_id = 16,
    .max_token = GSS_KERBEROS_MAX_TOKEN,
    .may_block = SSPIA_OP_ACCEPT,
    .acquire = gss_acquire,
    .release = gss_credential_release,
    .query_credential = gss_credential_query,
    .initialize = initialize,
    .accept = gss_step_accept,
    .delete_context = gss_context_delete,
    .query_context = gss_attribute_query,
    .make_signature = gss_protect_sign,
    .verify_signature = gss_protect_verify,
    .encrypt = gss_protect_encrypt,
    .decrypt = gss_protect_decrypt,
    .export_context = gss_transfer_export,
    .import_context = gss_transfer_import,
    .oid = "1.2.840.113554.1.2.2", /* RFC 4121 */
};
