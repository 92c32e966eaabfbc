/* SPDX-License-Identifier: MIT */
#ifndef GSS_LOCATOR_H
#define GSS_LOCATOR_H

#include "query.h"

#include <profile.h>

/*
 * Locator plug-ins of libkrb5 (<krb5/locate_plugin.h>; sssd and winbind bring one each), which
 * know the KDCs of a realm before krb5.conf and the DNS are asked.
 */

/* Whether there may be one. Looks into the folders and loads nothing. */
bool gss_locator_exists(profile_t profile);

/* Asks them, in libkrb5's order and on a thread that may block. answer: GSS_FOUND with the
 * addresses, of which there may be none; GSS_FOUND_NONE if none of them handles the realm;
 * GSS_FOUND_REFUSED with the code of one that failed. */
void gss_locator_ask(gss_query query, const char *realm, gss_answer *answer);

#endif
