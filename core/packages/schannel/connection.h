/* SPDX-License-Identifier: MIT */
/* What was negotiated: CONNECTION_INFO, CIPHER_INFO, KEY_INFO. */
#ifndef SCHANNEL_CONNECTION_H
#define SCHANNEL_CONNECTION_H

#include "context.h"

void connection_info(const struct context *context, SecPkgContext_ConnectionInfo *info);
void connection_cipher(const struct context *context, SecPkgContext_CipherInfo *info);
SECURITY_STATUS connection_key(const struct context *context, SecPkgContext_KeyInfoA *info);

#endif
