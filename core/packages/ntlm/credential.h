/* SPDX-License-Identifier: MIT */
#ifndef NTLM_CREDENTIAL_H
#define NTLM_CREDENTIAL_H

#include "machine.h"
#include "verifier.h"

#include <stdatomic.h>

/* A credential. Constant after ntlm_credential_acquire, but for the account of a default user
 * file, which is set once, and for what the verifier guards itself. Contexts keep it. */
typedef struct ntlm_credential {
    atomic_uint references;
    uint32_t use;
    ntlm_machine_names host;

    /* Outbound. */
    _Atomic(ntlm_account *) account; /* NULL: not read yet */
    char *user_file;                 /* the default one, where the account will come from */
    char *wanted_user;               /* in it; NULL: the first */
    char *wanted_domain;

    /* Inbound. */
    char *principal; /* as the caller gave it, or NULL */
    ntlm_verifier verifier;
} ntlm_credential;

SECURITY_STATUS ntlm_credential_acquire(const char *principal, uint32_t use,
                                        const void *auth_data, void **credential,
                                        int64_t *expiry, sspia_report *report);
void ntlm_credential_release(void *credential);
SECURITY_STATUS ntlm_credential_query(void *credential, uint32_t attribute, void *buffer,
                                      sspia_report *report);

/* SSPIA_OP_*, of legs with it. */
uint32_t ntlm_credential_may_block(void *credential);

ntlm_credential *ntlm_credential_keep(ntlm_credential *credential);

/* Whom an outbound credential stands for; the account lives as long as it.
 * SEC_E_NO_CREDENTIALS if the process has no default account. */
SECURITY_STATUS ntlm_credential_account(ntlm_credential *credential,
                                        const ntlm_account **account, sspia_report *report);

#endif
