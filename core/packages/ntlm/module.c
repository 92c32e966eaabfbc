/* SPDX-License-Identifier: MIT */
/*
 * The module's entry, and the package NTLM (MS-NLMP).
 *
 * A process can be made to do without NTLM: with SSPI_ASYNC_NTLM=off in its environment there
 * is no such package. A set-uid process does not look there: its caller made the environment.
 *
 * Order at exit: exit() runs atexit handlers newest first. OPENSSL_init_crypto registers the
 * one that takes OpenSSL's tables down, so that host->quiesce, registered after it, runs
 * before. (With some option: asked for nothing, OpenSSL 3.0 returns at once and registers
 * nothing.)
 */
#include "module.h"
#include "attribute.h"
#include "context.h"
#include "host.h"
#include "protect.h"
#include "transfer.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <strings.h>

const sspia_package ntlm_package = {
    .abi = SSPIA_PACKAGE_ABI,
    .size = sizeof(sspia_package),
    .name = "NTLM",
    .comment = "NTLMv2 (MS-NLMP)",
    .capabilities = SECPKG_FLAG_INTEGRITY | SECPKG_FLAG_PRIVACY | SECPKG_FLAG_TOKEN_ONLY |
                    SECPKG_FLAG_CONNECTION | SECPKG_FLAG_MULTI_REQUIRED |
                    SECPKG_FLAG_IMPERSONATION | SECPKG_FLAG_ACCEPT_WIN32_NAME |
                    SECPKG_FLAG_NEGOTIABLE | SECPKG_FLAG_LOGON |
                    SECPKG_FLAG_READONLY_WITH_CHECKSUM,
    .version = 1,
    .rpc_id = 10,
    .max_token = NTLM_MAX_TOKEN,
    .may_block = SSPIA_OP_ACCEPT, /* where others than files know the accounts */
    .acquire = ntlm_credential_acquire,
    .release = ntlm_credential_release,
    .query_credential = ntlm_credential_query,
    .initialize = ntlm_initialize,
    .accept = ntlm_accept,
    .delete_context = ntlm_context_delete,
    .query_context = ntlm_attribute_query,
    .set_context = ntlm_attribute_set,
    .make_signature = ntlm_make_signature,
    .verify_signature = ntlm_verify_signature,
    .encrypt = ntlm_encrypt,
    .decrypt = ntlm_decrypt,
    .export_context = ntlm_export,
    .import_context = ntlm_import,
    .credential_may_block = ntlm_credential_may_block,
    .oid = "1.3.6.1.4.1.311.2.2.10", /* MS-NLMP 1.9 */
};

SSPI_ASYNC_API const sspia_package *const *sspia_module_entry(const sspia_host *host,
                                                              sspia_report *report);

const sspia_package *const *sspia_module_entry(const sspia_host *host, sspia_report *report)
{
    static const sspia_package *const packages[] = {&ntlm_package, NULL};
    const char *turned = secure_getenv("SSPI_ASYNC_NTLM");

    if (host == NULL || host->abi != SSPIA_PACKAGE_ABI || host->size < sizeof *host) {
        if (host != NULL && report != NULL)
            host->report(report, "NTLM", "made for another version of sspi-async");
        return NULL;
    }
    if (turned != NULL && strcasecmp(turned, "off") == 0) {
        host->report(report, "NTLM", "it is turned off by SSPI_ASYNC_NTLM; use Kerberos");
        return NULL;
    }
    ntlm_host = host;
    OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CRYPTO_STRINGS, NULL);
    if (atexit(host->quiesce) != 0) {
        host->report(report, "NTLM", "no room is left for an exit handler");
        return NULL;
    }
    return packages;
}
