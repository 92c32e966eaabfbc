/* SPDX-License-Identifier: MIT */
#ifndef GSS_NAME_H
#define GSS_NAME_H

#include "host.h"

#include <gssapi/gssapi.h>
#include <stdbool.h>

/*
 * The name of the peer, for initiators. Accepted:
 *   HTTP/host, HTTP@host      a service on a host; the realm follows from krb5.conf
 *   HTTP/host@REALM           a principal
 *   a/b/c                     a principal with three parts
 *   alice@REALM, DOM\server$  a user or machine account
 *   server                    an account of the default realm
 * "x@Y" is an account if Y is the default realm or all capitals with a dot, else a service.
 * Release *name with gss_release_name.
 */
SECURITY_STATUS gss_name_target(const char *target, gss_name_t *name, sspia_report *report);

/* The service on a host that Kerberos takes a target for, "HTTP@host"; NULL if it takes it for
 * a principal or an account. Freed with free. False if memory ran out. */
bool gss_name_service_of(const char *target, char **service);

/* Whose keys an acceptor uses: the same forms; "HTTP" is HTTP on any host. *name is
 * GSS_C_NO_NAME for a NULL principal (any key). */
SECURITY_STATUS gss_name_service(const char *principal, gss_name_t *name, sspia_report *report);

/*
 * Who an initiator is, from an identity's user and domain, as text that gss_name_user and
 * krb5_parse_name read. The user may be "DOM\user" or "user@REALM" if there is no domain.
 * Realms are told apart by case, Windows domains are not, and are mostly written small: a
 * realm is taken as it stands if krb5.conf knows it, else in capitals. Freed with free.
 */
SECURITY_STATUS gss_name_account(const char *user, const char *domain, char **text,
                                 sspia_report *report);
SECURITY_STATUS gss_name_user(const char *text, gss_name_t *name, sspia_report *report);

#endif
