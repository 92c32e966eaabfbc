/* SPDX-License-Identifier: MIT */
/* A credential: asked for its name, shared, released. */
#include "credential.h"
#include "owner.h"
#include "status.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

gss_credential *gss_credential_create(uint32_t use)
{
    gss_credential *credential = calloc(1, sizeof *credential);

    if (credential == NULL)
        return NULL;
    atomic_init(&credential->references, 1);
    credential->use = use;
    gss_source_init(&credential->outbound);
    gss_source_init(&credential->inbound);
    return credential;
}

gss_credential *gss_credential_keep(gss_credential *credential)
{
    atomic_fetch_add_explicit(&credential->references, 1, memory_order_relaxed);
    return credential;
}

void gss_credential_release(void *object)
{
    gss_credential *credential = object;

    /* acq_rel: the last one frees after everyone else's use. */
    if (credential == NULL ||
        atomic_fetch_sub_explicit(&credential->references, 1, memory_order_acq_rel) != 1)
        return;
    gss_source_clear(&credential->outbound);
    gss_source_clear(&credential->inbound);
    gss_packed_keytab_close(credential->packed);
    free(credential->principal);
    free(credential);
}

SECURITY_STATUS gss_credential_query(void *object, uint32_t attribute, void *buffer,
                                     sspia_report *report)
{
    gss_credential *credential = object;
    SecPkgCredentials_NamesA *names = buffer;
    char *name = NULL;
    SECURITY_STATUS status = SEC_E_OK;

    if (attribute != SECPKG_CRED_ATTR_NAMES)
        return gss_status_report(report, SEC_E_UNSUPPORTED_FUNCTION, "attribute", NULL);
    if (credential->use & SECPKG_CRED_OUTBOUND)
        status = gss_owner_name(&credential->outbound, &name, report);
    else if (credential->principal == NULL)
        status = gss_status_report(report, SEC_E_UNSUPPORTED_FUNCTION, "name",
                                   "the credential stands for every key of a keytab");
    else if (!gss_text_copy(credential->principal, &name))
        status = SEC_E_INSUFFICIENT_MEMORY;
    if (status == SEC_E_OK) {
        names->sUserName = gss_text_hand_out(name, strlen(name));
        status = names->sUserName == NULL ? SEC_E_INSUFFICIENT_MEMORY : SEC_E_OK;
    }
    free(name);
    return status;
}
