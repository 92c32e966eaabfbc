/* SPDX-License-Identifier: MIT */
#ifndef GSS_OPENSSL_H
#define GSS_OPENSSL_H

/* Has every OpenSSL of the system register its exit handler now. */
void gss_openssl_start(void);

#endif
