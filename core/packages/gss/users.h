/* SPDX-License-Identifier: MIT */
#ifndef GSS_USERS_H
#define GSS_USERS_H

#include "host.h"
#include "nthash.h"

#include <stdbool.h>

/* One line of an NTLM user file. */
typedef struct gss_user {
    char *name;
    char *domain; /* or NULL */
    char hash[GSS_NTHASH_HEX];
} gss_user;

/* Looks a user up, without regard to case; NULL matches any, the first line wins. The forms
 * of lines are gss-ntlmssp's: DOMAIN:user:password, and smbpasswd's user:uid:LM:NT:...
 * Release with gss_user_wipe. SEC_E_NO_CREDENTIALS if there is no such line or file. */
SECURITY_STATUS gss_user_find(const char *path, const char *name, const char *domain,
                              gss_user *user, sspia_report *report);
void gss_user_wipe(gss_user *user);

/* The same users for acceptors, with hashes in place of passwords, in a file that has no
 * name outside this process. Reference-counted. */
typedef struct gss_users gss_users;

SECURITY_STATUS gss_users_load(const char *path, gss_users **users, sspia_report *report);
/* The one account of an acceptor that was given a password; domain may be NULL, which any
 * matches. SEC_E_INVALID_PARAMETER if a name cannot stand in a user file. */
SECURITY_STATUS gss_users_of_account(const char *domain, const char *name,
                                     const char hash[GSS_NTHASH_HEX], gss_users **users,
                                     sspia_report *report);
gss_users *gss_users_keep(gss_users *users); /* NULL is fine */
void gss_users_drop(gss_users *users);

/* The path to give to gss-ntlmssp; good while users is. */
const char *gss_users_path(const gss_users *users);

/* False once the file it was made from has changed. */
bool gss_users_fresh(const gss_users *users, const char *path);

#endif
