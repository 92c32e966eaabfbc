/* SPDX-License-Identifier: MIT */
#ifndef GSS_NAME_H
#define GSS_NAME_H

#include "host.h"

#include <gssapi/gssapi.h>
#include <stdbool.h>

/*
 * The name of the peer, for initiators. *usable is mechs, less those that cannot use such a
 * name. Accepted:
 *   HTTP/host, HTTP@host      a service on a host; the realm follows from krb5.conf
 *   HTTP/host@REALM           a principal (Kerberos); HTTP on host (NTLM alone)
 *   a/b/c                     a principal with three parts (Kerberos)
 *   alice@REALM, DOM\server$  a user or machine account (Kerberos)
 *   server                    an account of the default realm (Kerberos)
 * "x@Y" is an account if Y is the default realm or all capitals with a dot, else a service.
 * NTLM does not ask who the peer is: it takes every target, and none (NULL), which leaves
 * nothing for Kerberos to do. Release *name with gss_release_name.
 */
SECURITY_STATUS gss_name_target(const char *target, unsigned mechs, gss_name_t *name,
                                unsigned *usable, sspia_report *report);

/* The service on a host that Kerberos takes a target for, "HTTP@host"; NULL if it takes it for
 * a principal or an account. Freed with free. False if memory ran out. */
bool gss_name_service_of(const char *target, char **service);

/* Whose keys an acceptor uses: the same forms; "HTTP" is HTTP on any host. *name is
 * GSS_C_NO_NAME for a NULL principal with Kerberos (any key), and the local host's for NTLM,
 * which accepts with a user file under a host's name alone. One mechanism at a time. */
SECURITY_STATUS gss_name_service(const char *principal, unsigned mech, gss_name_t *name,
                                 sspia_report *report);

/*
 * Who an initiator is, from an identity's user and domain, as text that gss_name_user and
 * krb5_parse_name read. The user may be "DOM\user" or "user@REALM" if there is no domain.
 * Realms are told apart by case, Windows domains are not, and are mostly written small: a
 * realm is taken as it stands if krb5.conf knows it, else in capitals. *domain is the NTLM
 * domain, or NULL if the text alone says it. Both are freed with free.
 */
SECURITY_STATUS gss_name_account(const char *user, const char *domain, char **text,
                                 char **ntlm_domain, sspia_report *report);
SECURITY_STATUS gss_name_user(const char *text, gss_name_t *name, sspia_report *report);

#endif
