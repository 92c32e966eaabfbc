/* SPDX-License-Identifier: MIT */
#ifndef NTLM_USERS_H
#define NTLM_USERS_H

#include "account.h"

/*
 * Accounts with their NT hashes: those of a user file, or one alone. Constant once made, and
 * reference-counted. The forms of a file's lines:
 *     DOMAIN:user:password
 *     user:uid:LM:NT:...           (smbpasswd; the user may be DOMAIN\user)
 * An empty domain, or none, matches any. Lines that are neither are passed over.
 */
typedef struct ntlm_users ntlm_users;

/* SEC_E_NO_CREDENTIALS if it cannot be read. */
SECURITY_STATUS ntlm_users_load(const char *path, ntlm_users **users, sspia_report *report);
/* domain may be NULL or "". */
SECURITY_STATUS ntlm_users_of_account(const char *user, const char *domain,
                                      const unsigned char hash[NTLM_HASH_SIZE],
                                      ntlm_users **users, sspia_report *report);
ntlm_users *ntlm_users_keep(ntlm_users *users);
void ntlm_users_drop(ntlm_users *users);

/* False once the file has changed. */
bool ntlm_users_fresh(const ntlm_users *users, const char *path);

/* The hash of an account, both names upper-cased UTF-16LE, an empty domain matching any; the
 * first wins. Without such an account false, and a hash that belongs to nobody: going on with
 * it takes as long as with a real one. */
bool ntlm_users_find(const ntlm_users *users, ntlm_bytes user, ntlm_bytes domain,
                     unsigned char hash[NTLM_HASH_SIZE]);

/* The first account of this name (NULL: of all), as the file spells it; *domain is "" if the
 * line has none. The strings live as long as users. False if there is none. */
bool ntlm_users_name(const ntlm_users *users, const char *wanted, const char *wanted_domain,
                     const char **user, const char **domain,
                     unsigned char hash[NTLM_HASH_SIZE]);

#endif
