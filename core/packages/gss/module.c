/* SPDX-License-Identifier: MIT */
/*
 * The module's entry, and the order of things at exit.
 *
 * Order at exit. libgssapi_krb5 destroys its mutexes in an ELF destructor, OpenSSL its
 * tables in an atexit handler (OPENSSL_cleanup); a thread that is inside either then aborts
 * or crashes the process. So the core must be quiet before both:
 *   - exit() runs atexit handlers newest first. OPENSSL_init_crypto registers
 *     OPENSSL_cleanup; gss_openssl_start calls it before we register host->quiesce, so that
 *     quiesce runs earlier. (With some option: asked for nothing, OpenSSL 3.0 returns at once
 *     and registers nothing.)
 *   - ELF destructors run after all atexit handlers (the loader's handler is the oldest),
 *     so quiesce precedes those of libgssapi_krb5 and libkrb5 whatever the load order. A
 *     destructor of our own would add nothing.
 * gss_mech_probe makes the mechanism glue load its plug-ins now, on one thread, so that
 * whatever they register at load comes before quiesce too.
 */
#include "host.h"
#include "kerberos.h"
#include "mech.h"
#include "openssl.h"

#include <stdlib.h>

SSPI_ASYNC_API const sspia_package *const *sspia_module_entry(const sspia_host *host,
                                                              sspia_report *report);

const sspia_package *const *sspia_module_entry(const sspia_host *host, sspia_report *report)
{
    static const sspia_package *const packages[] = {&gss_kerberos_package, NULL};
    bool found;

    if (host == NULL || host->abi != SSPIA_PACKAGE_ABI || host->size < sizeof *host) {
        if (host != NULL && report != NULL)
            host->report(report, "gss", "made for another version of sspi-async");
        return NULL;
    }
    gss_host = host;
    gss_openssl_start();
    found = gss_mech_probe();
    if (atexit(host->quiesce) != 0) {
        host->report(report, "gss", "no room is left for an exit handler");
        return NULL;
    }
    if (found)
        return packages;
    host->report(report, "gss", "the system's GSSAPI has no Kerberos");
    return NULL;
}
