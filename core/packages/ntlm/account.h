/* SPDX-License-Identifier: MIT */
#ifndef NTLM_ACCOUNT_H
#define NTLM_ACCOUNT_H

#include "response.h"

#include <stdbool.h>

#define NTLM_NAME_MAX 256u /* units of UTF-16, Windows' limit */

/* An account of an initiator, in the forms that its messages need. */
typedef struct ntlm_account {
    bool anonymous;
    char *user;   /* UTF-8; "" if anonymous */
    char *domain; /* "" if none was named */
    unsigned char wire_user[2 * NTLM_NAME_MAX];
    size_t user_size;
    unsigned char wire_domain[2 * NTLM_NAME_MAX];
    size_t domain_size;
    unsigned char key[NTLM_KEY_SIZE]; /* NTOWFv2 */
} ntlm_account;

/* Splits "DOMAIN\user" and "user@domain" where no domain is given apart; both are freed with
 * free. SEC_E_INVALID_PARAMETER without a user. */
SECURITY_STATUS ntlm_account_split(const char *user, const char *domain, char **bare_user,
                                   char **bare_domain, sspia_report *report);

/* Upper-cases a name for comparisons, and for NTOWFv2. SEC_E_INVALID_PARAMETER if it is not
 * UTF-8 or too long. */
SECURITY_STATUS ntlm_account_fold(const char *name, unsigned char folded[2 * NTLM_NAME_MAX],
                                  size_t *size, sspia_report *report);

/* NULL for user: anonymous. The account is released with ntlm_account_free. */
SECURITY_STATUS ntlm_account_make(const char *user, const char *domain,
                                  const unsigned char hash[NTLM_HASH_SIZE],
                                  ntlm_account **account, sspia_report *report);
void ntlm_account_free(ntlm_account *account);

/* A name of "DOMAIN\user", or "user" without a domain, from host->allocate. NULL if there is no
 * memory. */
char *ntlm_account_show(const char *user, const char *domain);

/* The name of the process's user, whom a password without a user belongs to; freed with free.
 * NULL if the system does not know it. */
char *ntlm_account_own(void);

#endif
