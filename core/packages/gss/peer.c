/* SPDX-License-Identifier: MIT */
/* Whom a ticket is for. GSSAPI's own import says it, so that the ticket is the one that it will
 * look for. */
#include "peer.h"
#include "mech.h"
#include "name.h"
#include "status.h"

#include <string.h>

SECURITY_STATUS gss_peer_principal(const char *target, char **principal, sspia_report *report)
{
    gss_name_t imported = GSS_C_NO_NAME;
    gss_name_t canonical = GSS_C_NO_NAME;
    gss_buffer_desc text = {0, NULL};
    OM_uint32 major;
    OM_uint32 minor;
    SECURITY_STATUS status = gss_name_target(target, &imported, report);

    *principal = NULL;
    if (status != SEC_E_OK)
        return status;
    major = gss_canonicalize_name(&minor, imported, &gss_oid_kerberos, &canonical);
    if (!GSS_ERROR(major))
        major = gss_display_name(&minor, canonical, &text, NULL);
    status = gss_status(major, minor, GSS_AT_INITIATE, report);
    if (status == SEC_E_OK) {
        *principal = strndup(text.value, text.length);
        if (*principal == NULL)
            status = SEC_E_INSUFFICIENT_MEMORY;
    }
    gss_release_buffer(&minor, &text);
    gss_release_name(&minor, &canonical);
    gss_release_name(&minor, &imported);
    return status;
}
