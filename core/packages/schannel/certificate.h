/* SPDX-License-Identifier: MIT */
/* Certificates: read from what a caller loaded, and handed out as CERT_CONTEXT. */
#ifndef SCHANNEL_CERTIFICATE_H
#define SCHANNEL_CERTIFICATE_H

#include "identity.h"
#include "settings.h"

/* Parses a source and checks that key and certificate belong together. A root at the end of
 * the chain is left out unless send_root. */
SECURITY_STATUS certificate_parse(const struct source *source, bool send_root,
                                  struct identity *identity, sspia_report *report);

/* A CERT_CONTEXT in one block for FreeContextBuffer, or NULL without memory. */
PCCERT_CONTEXT certificate_export(X509 *certificate);

/* Seconds since 1970, INT64_MAX if the date cannot be read. */
int64_t certificate_not_after(const X509 *certificate);

/* A name in one line, RFC 2253, control characters escaped; cut to size. */
void certificate_name_text(const X509_NAME *name, char *text, size_t size);

/* The only way in which this package ever answers OpenSSL when it asks for a password:
 * without it OpenSSL would ask on the terminal. data: a string, or NULL. */
int certificate_password(char *buffer, int size, int writing, void *data);

#endif
