/* SPDX-License-Identifier: MIT */
/* Certificates with their keys in one pack, as Windows exports them. */
#ifndef SCHANNEL_PKCS12_H
#define SCHANNEL_PKCS12_H

#include "identity.h"
#include "settings.h"

/* Reads the content of a source into an empty identity, whose chain is there. What it holds
 * after a failure is for the caller to free. */
SECURITY_STATUS pkcs12_parse(const struct source *source, struct identity *identity,
                             sspia_report *report);

#endif
