/* SPDX-License-Identifier: MIT */
#ifndef GSS_OWNER_H
#define GSS_OWNER_H

#include "source.h"

/* Whose an initiator's credential is, without asking a KDC: the account it was made for, or
 * what its ticket cache or keytab says. Freed with free. */
SECURITY_STATUS gss_owner_name(gss_source *source, char **name, sspia_report *report);

/* Whether Kerberos can make anything of these texts, each of which may be NULL: an account or
 * principal, and the names of a ticket cache and a keytab, which need not exist. */
SECURITY_STATUS gss_owner_check(const char *account, const char *ccache, const char *keytab,
                                sspia_report *report);

#endif
